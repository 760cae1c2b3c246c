import { createServer, type Server, type Socket } from "node:net";
import { type EndpointDescription, type ISocketLike, ServiceFault, StatusCodes } from "node-opcua";
import { type Message, type Response, ServerSecureChannelLayer } from "node-opcua-secure-channel";
import type { ApplicationIdentity } from "../../../src/opc/ua/pki/application-identity.ts";
import { Faults } from "../faults.ts";
import type { AddressSpace } from "../model/address-space.ts";
import { addSimulatedItems } from "../model/simulated-items.ts";
import { StoredSource, scalar } from "../model/sources.ts";
import { standardNodes } from "../model/standard-nodes.ts";
import { addSystemItems } from "../model/system-items.ts";
import type { SimulatorOptions } from "../options.ts";
import { operationLimits } from "../services/read-write.ts";
import { ServiceFailure } from "../services/service-failure.ts";
import { Sampler } from "../subscription/sampler.ts";
import { MalformedMessage } from "../wire/reader.ts";
import { simulatorRequestFactory } from "../wire/request-factory.ts";
import { maxContinuationPoints } from "./browse-continuations.ts";
import { Dispatcher } from "./dispatcher.ts";
import { endpointDescriptions } from "./endpoints.ts";
import { channelParent, temporaryIdentity } from "./security.ts";

/** Silence after which a connection is given up; sessions have their own, shorter timeouts. */
const socketTimeoutMs = 600_000;
const tidyIntervalMs = 500;

/** The simulated OPC UA server: its listener, its channels, and what the faults do to them. */
export class SimulatorServer {
  readonly faults = new Faults();
  readonly applicationUri: string;
  readonly #options: SimulatorOptions;
  readonly #sockets = new Set<Socket>();
  /** What waits for the end of a hang: messages to handle, answers to send, connections to accept. */
  #held: (() => void)[] = [];
  #listener: Server | null = null;
  #space: AddressSpace | null = null;
  #endpoints: readonly EndpointDescription[] = [];
  #dispatcher: Dispatcher | null = null;
  #tidyTimer: NodeJS.Timeout | null = null;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    this.applicationUri = `urn:understudy:simulator:${options.name}`;
    this.faults.onChange((change) => {
      if (change === "hang" && !this.faults.isHanging) this.#release();
      if (change === "drop") this.#dropConnections();
    });
  }

  get connectionCount(): number {
    return this.#sockets.size;
  }

  get sessionCount(): number {
    return this.#dispatcher?.sessionCount ?? 0;
  }

  /** Resolves with the port once clients can connect. */
  async start(): Promise<number> {
    const { host, port, name, secure } = this.#options;
    const identity = secure ? await temporaryIdentity(name, this.applicationUri) : null;
    const listener = createServer({ noDelay: true }, (socket) => this.#accept(socket, identity));
    this.#listener = listener;
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen(port, host, resolve);
    });
    const address = listener.address();
    const actualPort = typeof address === "object" && address ? address.port : port;
    this.#dispatcher = this.#makeDispatcher(identity, `opc.tcp://${host}:${actualPort}`);
    this.#tidyTimer = setInterval(() => {
      if (!this.faults.isHanging) this.#dispatcher?.tidy(Date.now());
    }, tidyIntervalMs);
    return actualPort;
  }

  /** Sets a stored value from outside. */
  set(item: string, value: unknown, nowMs: number): void {
    const node = this.#space?.get(item);
    if (node?.kind !== "variable" || !(node.source instanceof StoredSource)) {
      throw new Error(`${item} is no item whose value can be set`);
    }
    node.source.set(scalar(node.source.value.dataType, value), nowMs);
  }

  /** Closes the listener and all connections. */
  stop(): void {
    if (this.#tidyTimer) clearInterval(this.#tidyTimer);
    this.#listener?.close();
    this.#dropConnections();
  }

  #makeDispatcher(identity: ApplicationIdentity | null, endpointUrl: string): Dispatcher {
    const { name, serviceLevel, items, sines, writables, periodMs, phaseMs, anonymous, users } =
      this.#options;
    const { faults, applicationUri } = this;
    const nowMs = Date.now();
    const limits = { ...operationLimits, maxBrowseContinuationPoints: maxContinuationPoints };
    const space = standardNodes({ applicationUri, serviceLevel, startTimeMs: nowMs }, limits, faults);
    addSimulatedItems(space, { ramps: items, sines, writables }, periodMs, nowMs);
    addSystemItems(space, faults, periodMs, nowMs);
    this.#space = space;
    const certificate = identity?.getCertificate() ?? null;
    const endpoint = { endpointUrl, applicationUri, name, certificate, anonymous, hasUsers: users.size > 0 };
    this.#endpoints = endpointDescriptions(endpoint);
    return new Dispatcher({
      space,
      faults,
      sampler: new Sampler(),
      rules: { identity, endpoints: this.#endpoints, anonymous, users },
      endpoint,
      periodMs,
      phaseMs,
      send: (channel, message, response) => this.#send(channel, message, response),
    });
  }

  #accept(socket: Socket, identity: ApplicationIdentity | null): void {
    if (this.faults.refuseConnections) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    this.#whenAnswering(() => {
      if (!socket.destroyed) this.#openChannel(socket, identity);
    });
  }

  #openChannel(socket: Socket, identity: ApplicationIdentity | null): void {
    const parent = channelParent(
      identity,
      (mode, policy) =>
        this.#endpoints.find((known) => known.securityMode === mode && known.securityPolicyUri === policy) ??
        null,
    );
    const channel = new ServerSecureChannelLayer({
      parent,
      timeout: socketTimeoutMs,
      objectFactory: simulatorRequestFactory,
    });
    channel.on("message", (message: Message) => this.#whenAnswering(() => this.#handle(channel, message)));
    channel.once("abort", () => this.#dispatcher?.channelClosed(channel));
    channel.init(socket as ISocketLike, (error) => {
      if (error) socket.destroy();
    });
  }

  #handle(channel: ServerSecureChannelLayer, message: Message): void {
    try {
      const response = this.#dispatcher?.handle(channel, message);
      if (response) this.#send(channel, message, response);
    } catch (error) {
      const serviceResult =
        error instanceof ServiceFailure
          ? error.status
          : error instanceof MalformedMessage
            ? StatusCodes.BadDecodingError
            : StatusCodes.BadInternalError;
      if (serviceResult === StatusCodes.BadInternalError) console.error(error);
      this.#send(channel, message, new ServiceFault({ responseHeader: { serviceResult } }));
    }
  }

  #send(channel: ServerSecureChannelLayer, message: Message, response: unknown): void {
    const answer = () =>
      this.#whenAnswering(() => channel.send_response("MSG", response as Response, message));
    if (this.faults.slowMs > 0) setTimeout(answer, this.faults.slowMs);
    else answer();
  }

  /** Runs an action now, or when the present hang is over. */
  #whenAnswering(action: () => void): void {
    if (this.faults.isHanging) this.#held.push(action);
    else action();
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    for (const action of held) action();
  }

  #dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
