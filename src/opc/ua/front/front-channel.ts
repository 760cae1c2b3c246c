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
import { RawResponse } from "../wire/raw-message.ts";

/** What the channel needs of Hello and Acknowledge (OPC 10000-6, 7.1.2.3). */
interface Limits {
  readonly receiveBufferSize: number;
  readonly sendBufferSize: number;
  readonly maxMessageSize: number;
  readonly maxChunkCount: number;
}

const smallestBufferBytes = 8192;
/** Larger chunks save nothing more, and each one is allocated in full. */
const largestBufferBytes = 64 * 1024;
/** Ample for chunk, security, sequence and response header, signature and padding. */
const headerBytes = 1024;
/** Largest message taken from or sent to a client that names no limit. */
const largestMessageBytes = 128 * 1024 * 1024;
const mostChunks = 16_384;

/** Both directions use the smaller of the client's two buffers. */
function agreeLimits(hello: Limits): Limits {
  const asked = Math.min(
    hello.receiveBufferSize || largestBufferBytes,
    hello.sendBufferSize || largestBufferBytes,
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

/** The part of node-opcua's server transport that says how large the chunks of a response are. */
interface ChunkedTransport {
  receiveBufferSize: number;
}

/** node-opcua hands the whole Hello message over as its limits, and the transport as `this`. */
function adjustLimitsOf(channel: FrontChannel): (this: unknown, hello: Limits) => Limits {
  return function (this: unknown, hello: Limits): Limits {
    const limits = agreeLimits(hello);
    const { endpointUrl } = hello as Limits & { readonly endpointUrl?: string | null };
    channel.greet(endpointUrl ?? "", this as ChunkedTransport, limits.receiveBufferSize);
    return limits;
  };
}

/** Time a client has for Hello and OpenSecureChannel, in ms. */
const openTimeoutMs = 30_000;

/** A client's secure channel. All that touches node-opcua's server channel class is in this file. */
export class FrontChannel {
  /** The endpoint URL of the Hello message; empty before it came. */
  endpointUrl = "";
  readonly remoteAddress: string;
  readonly #layer: ServerSecureChannelLayer;
  #transport: ChunkedTransport | null = null;
  #chunkBytes = smallestBufferBytes;
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
      adjustTransportLimits: adjustLimitsOf(this),
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

  /** To be called by the transport when the Hello message has come. */
  greet(endpointUrl: string, transport: ChunkedTransport, chunkBytes: number): void {
    this.endpointUrl = endpointUrl;
    this.#transport = transport;
    this.#chunkBytes = chunkBytes;
  }

  respond(message: Message, response: ServiceResponse): void {
    if (this.#closed) return;
    // a whole chunk is allocated for each response, which for a small one would cost more than all else
    const bytes = response instanceof RawResponse ? response.length + headerBytes : this.#chunkBytes;
    if (this.#transport)
      this.#transport.receiveBufferSize = Math.min(this.#chunkBytes, Math.max(bytes, smallestBufferBytes));
    this.#layer.send_response("MSG", response as unknown as Response, message);
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
