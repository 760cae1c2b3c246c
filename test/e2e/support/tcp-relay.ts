import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A wire between a client and a server that can be cut. */
export class TcpRelay {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  #accepts = true;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(targetPort: number): Promise<TcpRelay> {
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      if (!relay.#accepts) {
        client.destroy();
        return;
      }
      const target = connect(targetPort, "127.0.0.1");
      for (const [from, to] of [
        [client, target],
        [target, client],
      ] as const) {
        sockets.add(from);
        from.setNoDelay(true);
        from.on("data", (data) => to.write(data));
        from.on("error", () => undefined);
        from.on("close", () => {
          sockets.delete(from);
          to.destroy();
        });
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const relay = new TcpRelay(server, sockets);
    return relay;
  }

  /** Ends all connections at once and refuses new ones until `mend`. */
  cut(): void {
    this.#accepts = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#accepts = true;
  }

  async stop(): Promise<void> {
    this.cut();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }
}
