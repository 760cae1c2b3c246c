import { timingSafeEqual } from "node:crypto";
import { createServer, type Server } from "node:net";
import { UnderstudyError } from "../../../core/error.ts";
import { ProxyConnection, type ProxyHost } from "./proxy-connection.ts";

/** Where proxies connect: a named pipe on Windows, else loopback TCP guarded by a token. */
export type GatewayEndpoint =
  | { readonly kind: "pipe"; readonly name: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/** `pipe:NAME` or `tcp:ADDRESS:PORT` (native/wire/PROTOCOL.md); port 0 = any. Throws DA_ENDPOINT_INVALID. */
export function parseGatewayEndpoint(text: string): GatewayEndpoint {
  const pipe = /^pipe:([^\\/]+)$/.exec(text);
  if (pipe?.[1]) return { kind: "pipe", name: pipe[1] };
  const tcp = /^tcp:(.+):(\d{1,5})$/.exec(text);
  const host = tcp?.[1]?.replace(/^\[|\]$/g, "");
  const port = Number(tcp?.[2]);
  if (host && port <= 65535) {
    if (isLoopback(host)) return { kind: "tcp", host, port };
    throw new UnderstudyError(
      "DA_ENDPOINT_INVALID",
      `${text} is no loopback address; proxies connect on this machine only, e.g. tcp:127.0.0.1:48401`,
    );
  }
  throw new UnderstudyError(
    "DA_ENDPOINT_INVALID",
    `${text} is no endpoint for OPC DA proxies; expected pipe:NAME or tcp:127.0.0.1:PORT`,
  );
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

export function gatewayEndpointText(endpoint: GatewayEndpoint): string {
  return endpoint.kind === "pipe" ? `pipe:${endpoint.name}` : `tcp:${endpoint.host}:${endpoint.port}`;
}

/** Compares in a time that does not tell how much was right. */
export function isToken(given: string | null, expected: string): boolean {
  const one = Buffer.from(given ?? "", "utf8");
  const other = Buffer.from(expected, "utf8");
  return one.length === other.length && timingSafeEqual(one, other);
}

/** More than one machine's clients ever need; a stray program must not take all of the broker's memory. */
const maxConnections = 1000;

/** Takes the connections of OPC DA proxies. */
export class Gateway {
  readonly #host: ProxyHost;
  readonly #server: Server;
  readonly #connections = new Set<ProxyConnection>();

  constructor(host: ProxyHost) {
    this.#host = host;
    this.#server = createServer((socket) => {
      const connection = new ProxyConnection(socket, this.#host, () => this.#connections.delete(connection));
      this.#connections.add(connection);
    });
    this.#server.maxConnections = maxConnections;
  }

  /** Resolves with where it listens, with the port that was found. Throws LISTEN_FAILED. */
  listen(endpoint: GatewayEndpoint): Promise<GatewayEndpoint> {
    return new Promise((resolve, reject) => {
      const refused = (error: Error): void => {
        const where = gatewayEndpointText(endpoint);
        const advice = "is another broker running, or another program on that port?";
        const message = `cannot listen on ${where} for OPC DA proxies: ${error.message}; ${advice}`;
        reject(new UnderstudyError("LISTEN_FAILED", message, { cause: error }));
      };
      this.#server.once("error", refused);
      const listening = (): void => {
        this.#server.removeListener("error", refused);
        const address = this.#server.address();
        const port = typeof address === "object" && address ? address.port : 0;
        resolve(endpoint.kind === "tcp" ? { ...endpoint, port } : endpoint);
      };
      if (endpoint.kind === "pipe") this.#server.listen(`\\\\.\\pipe\\${endpoint.name}`, listening);
      else this.#server.listen({ host: endpoint.host, port: endpoint.port }, listening);
    });
  }

  /** Ends the connections of proxies that asked for this name. */
  closeClients(target: (name: string) => boolean, detail: string): void {
    for (const connection of [...this.#connections]) {
      if (connection.target !== null && target(connection.target)) connection.close(detail);
    }
  }

  /** Stops listening; clients are told that their server ends. */
  async close(detail: string): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of [...this.#connections]) connection.shutDown(detail);
    if (this.#server.listening) await closed;
  }
}
