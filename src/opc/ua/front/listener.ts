import { createServer, type Server, type Socket } from "node:net";
import { EndpointDescription, SecurityPolicy } from "node-opcua";
import { UnderstudyError } from "../../../core/error.ts";
import type { OpcUaFrontSettings } from "../../../project/project.ts";
import type { Clock } from "../../clock.ts";
import type { ApplicationIdentity } from "../pki/application-identity.ts";
import { Dispatcher } from "./dispatch.ts";
import { pathOf, securityModeOf } from "./endpoints.ts";
import { FrontChannel, isUnsecured } from "./front-channel.ts";
import type { PairFront } from "./pair-front.ts";
import type { SessionTable } from "./session-services.ts";

export interface ListenerOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly identity: ApplicationIdentity;
  readonly sessions: SessionTable;
  readonly clock: Clock;
  /** Settings in force; read anew for each channel. */
  front(): OpcUaFrontSettings;
  onInternalError(error: unknown, request: string): void;
  /** The pairs offered on this port, in the order of the project. */
  pairs(): readonly PairFront[];
}

const mostConnections = 4000;

/** A port on which clients reach one or more pairs; the Hello message names which. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #channels = new Set<FrontChannel>();
  readonly #dispatcher: Dispatcher;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#dispatcher = new Dispatcher({
      sessions: options.sessions,
      identity: options.identity,
      clock: options.clock,
      pairs: () => options.pairs(),
      onInternalError: (error, request) => options.onInternalError(error, request),
      pairAt: (channel, url) => this.#pairAt(url) ?? this.#pairAt(channel.endpointUrl),
    });
    // sessions are limited as well; this keeps connections that never say anything from using all there is
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = mostConnections;
  }

  /** Starts listening. Throws LISTEN_FAILED where the address cannot be used. */
  listen(): Promise<void> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      const failed = (cause: NodeJS.ErrnoException): void =>
        reject(
          new UnderstudyError(
            "LISTEN_FAILED",
            `cannot listen on ${host}:${port} (${cause.code ?? cause.message}); is another program using the port?`,
            { cause },
          ),
        );
      this.#server.once("error", failed);
      this.#server.listen(port, host, () => {
        this.#server.off("error", failed);
        // what a single connection does wrong must not end the listener
        this.#server.on("error", () => undefined);
        resolve();
      });
    });
  }

  /** The port asked for. */
  get askedPort(): number {
    return this.#options.port;
  }

  /** The port in use; 0 before `listen`. */
  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === "object" ? address.port : 0;
  }

  /** Closes the channels that were opened for a pair. */
  closeChannels(front: PairFront): void {
    for (const channel of this.#channels) if (this.#pairAt(channel.endpointUrl) === front) channel.close();
  }

  /** Stops listening and closes all channels. */
  close(): Promise<void> {
    for (const channel of this.#channels) channel.close();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(socket: Socket): void {
    const { identity, front } = this.#options;
    socket.on("error", () => undefined);
    const channel = new FrontChannel(socket, {
      identity,
      trustAllClientCertificates: front().trustAllClientCertificates,
      endpointFor: (mode, policy, url) => this.#endpointFor(mode, policy, url),
      onMessage: (from, message) => this.#dispatcher.dispatch(from, message),
      onClosed: (closed) => this.#channels.delete(closed),
    });
    this.#channels.add(channel);
  }

  /** Exact first, then without regard to case; a URL without a path means the only pair there is. */
  #pairAt(url: string): PairFront | null {
    const pairs = this.#options.pairs();
    const name = pathOf(url);
    if (name === "") return pairs.length === 1 ? (pairs[0] ?? null) : null;
    const lower = name.toLowerCase();
    return (
      pairs.find((pair) => pair.name === name) ??
      pairs.find((pair) => pair.name.toLowerCase() === lower) ??
      null
    );
  }

  #endpointFor(
    mode: Parameters<typeof isUnsecured>[0],
    policy: SecurityPolicy,
    url: string,
  ): EndpointDescription | null {
    // discovery is always possible; CreateSession checks whether more is
    if (isUnsecured(mode, policy)) return new EndpointDescription({ endpointUrl: url, securityMode: mode });
    const offered = this.#options
      .front()
      .securityPolicies.some((name) => SecurityPolicy[name] === policy && securityModeOf(name) === mode);
    return offered
      ? new EndpointDescription({ endpointUrl: url, securityMode: mode, securityPolicyUri: policy })
      : null;
  }
}
