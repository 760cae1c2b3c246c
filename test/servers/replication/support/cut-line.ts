import { connect, createServer, type Server, type Socket } from "node:net";
import type { SshPlace } from "../../../../src/servers/replication/files/settings.ts";

/** A line to a server that can be cut: then nothing arrives any more, and nobody is told. */
export class CutLine {
  readonly place: SshPlace;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(place: SshPlace, server: Server, sockets: Set<Socket>) {
    this.place = place;
    this.#server = server;
    this.#sockets = sockets;
  }

  static async to(place: SshPlace, writeKnown: (port: number) => string): Promise<CutLine> {
    const sockets = new Set<Socket>();
    const server = createServer((here) => {
      const there = connect(place.port, place.host);
      for (const socket of [here, there]) {
        sockets.add(socket);
        socket.on("error", () => undefined).on("close", () => [here, there].map((each) => each.destroy()));
      }
      here.pipe(there);
      there.pipe(here);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    return new CutLine({ ...place, port, knownHostsFile: writeKnown(port) }, server, sockets);
  }

  cut(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
