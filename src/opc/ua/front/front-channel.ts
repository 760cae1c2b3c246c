import type { Socket } from "node:net";
import {
  type EndpointDescription,
  MessageSecurityMode,
  SecurityPolicy,
  ServiceFault,
  type StatusCode,
} from "node-opcua";
import {
  type Message,
  type Response,
  ServerSecureChannelLayer,
  type ServerSecureChannelParent,
} from "node-opcua-secure-channel";
import type { ApplicationIdentity } from "../pki/application-identity.ts";
import type { ServiceResponse } from "../upstream/upstream-session.ts";
import { requestFactory } from "../wire/raw-factory.ts";

/** What the channel needs of Hello and Acknowledge (OPC 10000-6, 7.1.2.3). */
interface Limits {
  readonly receiveBufferSize: number;
  readonly sendBufferSize: number;
  readonly maxMessageSize: number;
  readonly maxChunkCount: number;
}

const smallestBufferBytes = 8192;
const defaultBufferBytes = 64 * 1024;
const largestBufferBytes = 1024 * 1024;
/** Largest message taken from or sent to a client that names no limit. */
const largestMessageBytes = 128 * 1024 * 1024;
const mostChunks = 16_384;

/** Fewer, larger chunks cost less CPU; both directions use the smaller of the client's two buffers. */
function agreeLimits(hello: Limits): Limits {
  const asked = Math.min(
    hello.receiveBufferSize || defaultBufferBytes,
    hello.sendBufferSize || defaultBufferBytes,
  );
  const bufferBytes = Math.max(smallestBufferBytes, Math.min(asked, largestBufferBytes));
  return {
    receiveBufferSize: bufferBytes,
    sendBufferSize: bufferBytes,
    maxMessageSize: Math.min(hello.maxMessageSize || largestMessageBytes, largestMessageBytes),
    maxChunkCount: Math.min(hello.maxChunkCount || mostChunks, mostChunks),
  };
}

export interface FrontChannelOptions {
  readonly identity: ApplicationIdentity;
  readonly trustAllClientCertificates: boolean;
  /** The endpoint for a security mode and policy under the URL of the Hello message; null = refused. */
  endpointFor(mode: MessageSecurityMode, policy: SecurityPolicy, url: string): EndpointDescription | null;
  onMessage(channel: FrontChannel, message: Message): void;
  onClosed(channel: FrontChannel): void;
}

/** Time a client has for Hello and OpenSecureChannel, in ms. */
const openTimeoutMs = 30_000;

/** A client's secure channel. All that touches node-opcua's server channel class is in this file. */
export class FrontChannel {
  /** The endpoint URL of the Hello message; empty before it came. */
  endpointUrl = "";
  readonly remoteAddress: string;
  readonly #layer: ServerSecureChannelLayer;
  #closed = false;

  constructor(socket: Socket, options: FrontChannelOptions) {
    this.remoteAddress = `${socket.remoteAddress ?? ""}:${socket.remotePort ?? 0}`;
    const { identity } = options;
    const parent: ServerSecureChannelParent = {
      certificateManager: identity.trustList.checker(options.trustAllClientCertificates),
      getCertificate: () => identity.getCertificate(),
      getCertificateChain: () => identity.getCertificateChain(),
      getKeyOperations: () => identity.getKeyOperations(),
      getEndpointDescription: (mode, policy, url) =>
        options.endpointFor(mode, policy, url ?? this.endpointUrl),
    };
    this.#layer = new ServerSecureChannelLayer({
      parent,
      timeout: openTimeoutMs,
      objectFactory: requestFactory,
      adjustTransportLimits: (hello) => {
        // node-opcua hands the whole Hello message over as its limits
        this.endpointUrl = (hello as { endpointUrl?: string | null }).endpointUrl ?? "";
        return agreeLimits(hello);
      },
    });
    this.#layer.on("message", (message: Message) => options.onMessage(this, message));
    this.#layer.once("abort", () => {
      this.#closed = true;
      options.onClosed(this);
    });
    this.#layer.init(socket as Parameters<ServerSecureChannelLayer["init"]>[0], (error) => {
      if (error) this.#layer.close();
    });
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get isSecured(): boolean {
    return this.#layer.securityMode !== MessageSecurityMode.None;
  }

  get securityPolicy(): SecurityPolicy {
    return this.#layer.securityPolicy;
  }

  get securityMode(): MessageSecurityMode {
    return this.#layer.securityMode;
  }

  get clientCertificate(): Buffer | null {
    return this.#layer.clientCertificate;
  }

  /** Largest response the client takes, in bytes. */
  get maxMessageBytes(): number {
    return this.#layer.getTransportSettings().maxMessageSize || largestMessageBytes;
  }

  respond(message: Message, response: ServiceResponse): void {
    if (!this.#closed) this.#layer.send_response("MSG", response as unknown as Response, message);
  }

  fault(message: Message, statusCode: StatusCode): void {
    this.respond(message, new ServiceFault({ responseHeader: { serviceResult: statusCode } }));
  }

  close(): void {
    this.#layer.close();
  }
}

/** True for the mode and policy of an unsecured channel, which discovery always may use. */
export function isUnsecured(mode: MessageSecurityMode, policy: SecurityPolicy): boolean {
  return mode === MessageSecurityMode.None && policy === SecurityPolicy.None;
}
