import { coerceStatusCode, MessageSecurityMode, type StatusCode, StatusCodes } from "node-opcua";
import {
  ClientSecureChannelLayer,
  type ClientSecureChannelParent,
  type Request,
  requestHandleNotSetValue,
  SecurityPolicy,
  type ServiceFaultAnnotatedError,
} from "node-opcua-secure-channel";
import { detailOf } from "../../../diagnostics/detail-of.ts";
import type { SecurityPolicyName } from "../../../project/project.ts";
import { RawRequest } from "../wire/raw-message.ts";
import { keepRawBodies } from "./raw-bodies.ts";
import { noTimeoutMs, transportSettings, UpstreamTransport } from "./transport.ts";
import {
  type ResponseCallback,
  ServiceError,
  type ServiceRequest,
  type ServiceResponse,
} from "./upstream-session.ts";

export interface ChannelSettings {
  readonly endpointUrl: string;
  readonly securityPolicy: SecurityPolicyName;
  /** DER; needed unless the policy is None. */
  readonly serverCertificate: Buffer | null;
  readonly parent: ClientSecureChannelParent;
  /** Limit for TCP, Hello and OpenSecureChannel, in ms. */
  readonly openTimeoutMs: number;
  /** Lifetime asked for the security token, in ms; it is renewed at three quarters of what is granted. */
  readonly tokenLifetimeMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const defaultTokenLifetimeMs = 3_600_000;
/** The server need not answer CloseSecureChannel. */
const closeTimeoutMs = 500;
/** First byte of an Error message ("ERR"). */
const errorMessageMark = 0x45;

interface Pending {
  readonly callback: ResponseCallback;
  readonly request: string;
  timer: NodeJS.Timeout | null;
  answered: boolean;
}

/**
 * A secure channel to a server: no reconnection, no request kept for later, every request answered
 * exactly once. All that depends on the inside of node-opcua's client channel is in this file, in
 * raw-bodies.ts and in transport.ts.
 */
export class UpstreamChannel {
  /** Called once when the connection is lost, after all outstanding requests were answered. */
  onLost: ((detail: string) => void) | null = null;
  readonly #layer: ClientSecureChannelLayer;
  readonly #transport: UpstreamTransport;
  readonly #pending = new Set<Pending>();
  #open = true;
  /** What the server said in an Error message; tells more than the close that follows it. */
  #serverError: { readonly statusCode: StatusCode; readonly detail: string } | null = null;
  #hintMs = 0;
  #tokenRenewals = 0;

  private constructor(layer: ClientSecureChannelLayer, transport: UpstreamTransport) {
    this.#layer = layer;
    this.#transport = transport;
  }

  /** @throws ServiceError CONNECT_FAILED, CONNECT_TIMEOUT or CONNECT_ABORTED. */
  static async open(settings: ChannelSettings): Promise<UpstreamChannel> {
    const secure = settings.securityPolicy !== "None";
    const transport = new UpstreamTransport(transportSettings);
    const layer = new ClientSecureChannelLayer({
      securityMode: secure ? MessageSecurityMode.SignAndEncrypt : MessageSecurityMode.None,
      securityPolicy: secure ? SecurityPolicy.Basic256Sha256 : SecurityPolicy.None,
      ...(settings.serverCertificate ? { serverCertificate: settings.serverCertificate } : {}),
      parent: settings.parent,
      connectionStrategy: { maxRetry: 0 },
      defaultSecureTokenLifetime: settings.tokenLifetimeMs ?? defaultTokenLifetimeMs,
      transportTimeout: 4 * settings.openTimeoutMs,
      transportFactory: { create: () => transport },
    });
    const channel = new UpstreamChannel(layer, transport);
    layer.on("receive_chunk", (chunk) => {
      if (chunk[0] === errorMessageMark) channel.#noteServerError(chunk);
    });
    try {
      await connect(layer, settings);
    } catch (error) {
      layer.dispose();
      throw channel.#connectError(settings.endpointUrl, error);
    }
    channel.#install();
    return channel;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** How often the security token was renewed. */
  get tokenRenewals(): number {
    return this.#tokenRenewals;
  }

  /** Largest request the server takes, in bytes; 0 = no limit. */
  get maxRequestMessageSize(): number {
    return this.#transport.maxMessageSize;
  }

  /** See UpstreamSession.send; the caller has filled in the authentication token. */
  send(request: ServiceRequest, timeoutMs: number, callback: ResponseCallback): void {
    const pending: Pending = { callback, request: request.schema.name, timer: null, answered: false };
    if (!this.#open) {
      // Never from within send: a caller that sends again on an error would never return.
      queueMicrotask(() => this.#answer(pending, this.#lostError(), null));
      return;
    }
    this.#pending.add(pending);
    if (timeoutMs > 0) pending.timer = setTimeout(() => this.#timedOut(pending, timeoutMs), timeoutMs);
    const header = request.requestHeader;
    header.requestHandle = requestHandleNotSetValue;
    header.timeoutHint = noTimeoutMs;
    this.#hintMs = timeoutMs;
    this.#transport.fitChunks(request instanceof RawRequest ? request.body.length : null);
    try {
      this.#layer.performMessageTransaction(request as unknown as Request, (error, response) =>
        this.#received(pending, error, response as unknown as ServiceResponse | undefined),
      );
    } catch (cause) {
      const error = new ServiceError(
        "REQUEST_NOT_SENT",
        StatusCodes.BadEncodingError,
        `${pending.request} could not be encoded: ${detailOf(cause)}`,
        { cause },
      );
      queueMicrotask(() => this.#answer(pending, error, null));
    }
  }

  call<R extends ServiceResponse>(request: ServiceRequest, timeoutMs: number): Promise<R> {
    return new Promise((resolve, reject) => {
      this.send(request, timeoutMs, (error, response) => {
        if (error) reject(error);
        else resolve(response as R);
      });
    });
  }

  /** CloseSecureChannel, best effort, at most half a second; outstanding requests are answered first. */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#shut(null);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, closeTimeoutMs);
      function done(): void {
        clearTimeout(timer);
        resolve();
      }
      this.#layer.close(done);
    });
    this.#layer.dispose();
  }

  /** Drops the connection at once; `onLost` is not called. */
  abort(): void {
    if (!this.#open) return;
    this.#shut(null);
    this.#layer.dispose();
  }

  #install(): void {
    const builder = this.#layer._getMessageBuilder();
    if (!builder) throw new Error("node-opcua's channel is open but has no message builder");
    // node-opcua makes the builder once per connection; a renewed token only adds keys to it.
    keepRawBodies(builder, (detail) => this.#lose(detail));
    builder.on("error", (error, statusCode) => this.#lose(`${statusCode.name}: ${error.message}`));
    this.#layer.on("close", (error) => this.#lose(error?.message ?? "the server closed the connection"));
    // node-opcua raises a timeout hint to five seconds; this is the last moment to put the real one.
    this.#layer.on("send_request", (request, msgType) => {
      if (msgType === "MSG") request.requestHeader.timeoutHint = this.#hintMs;
    });
    this.#layer.on("security_token_renewed", () => {
      this.#tokenRenewals += 1;
    });
    if (!this.#layer.isOpened()) queueMicrotask(() => this.#lose("the server closed the connection"));
  }

  #received(pending: Pending, error: Error | null, response: ServiceResponse | undefined): void {
    if (pending.answered) return;
    if (response && !error) {
      const status = response.responseHeader.serviceResult;
      // A response of the proper type with a Bad result is as good as a ServiceFault.
      if (!isBad(status)) this.#answer(pending, null, response);
      else this.#answer(pending, faultError(pending.request, status), null);
      return;
    }
    const fault = (error as ServiceFaultAnnotatedError | null)?.response?.responseHeader.serviceResult;
    if (fault) this.#answer(pending, faultError(pending.request, fault), null);
    // What else goes wrong is the connection; `close` may come after the answers to the requests.
    else if (this.#open) this.#lose(error?.message ?? "the connection was closed");
  }

  #timedOut(pending: Pending, timeoutMs: number): void {
    const message = `${pending.request} was not answered within ${timeoutMs} ms`;
    this.#answer(pending, new ServiceError("REQUEST_TIMEOUT", StatusCodes.BadTimeout, message), null);
  }

  #answer(pending: Pending, error: ServiceError | null, response: ServiceResponse | null): void {
    if (pending.answered) return;
    pending.answered = true;
    if (pending.timer) clearTimeout(pending.timer);
    this.#pending.delete(pending);
    pending.callback(error, response);
  }

  #lose(detail: string): void {
    if (!this.#open) return;
    const known = this.#serverError?.detail ?? plainly(detail);
    this.#shut(known);
    this.#layer.dispose();
    const { onLost } = this;
    this.onLost = null;
    onLost?.(known);
  }

  #shut(detail: string | null): void {
    this.#open = false;
    if (detail === null) this.onLost = null;
    const error = this.#lostError(detail);
    for (const pending of [...this.#pending]) this.#answer(pending, error, null);
  }

  #lostError(detail: string | null = null): ServiceError {
    const why = detail === null ? "the connection to the server is closed" : `connection lost: ${detail}`;
    return new ServiceError("CONNECTION_CLOSED", StatusCodes.BadConnectionClosed, why);
  }

  #noteServerError(chunk: Buffer): void {
    if (chunk.length < 12 || chunk.toString("latin1", 0, 3) !== "ERR") return;
    const statusCode = coerceStatusCode(chunk.readUInt32LE(8));
    const length = chunk.length >= 16 ? chunk.readInt32LE(12) : -1;
    const reason = length > 0 ? chunk.toString("utf8", 16, Math.min(16 + length, chunk.length)).trim() : "";
    this.#serverError = {
      statusCode,
      detail: reason === "" ? statusCode.name : `${statusCode.name}: ${reason}`,
    };
  }

  #connectError(endpointUrl: string, cause: unknown): ServiceError {
    if (cause instanceof ServiceError) return cause;
    const fault = (cause as ServiceFaultAnnotatedError).response?.responseHeader.serviceResult;
    const statusCode = this.#serverError?.statusCode ?? fault ?? StatusCodes.BadCommunicationError;
    const detail = this.#serverError?.detail ?? (fault ? fault.name : detailOf(cause));
    return new ServiceError("CONNECT_FAILED", statusCode, `Cannot connect to ${endpointUrl}: ${detail}`, {
      cause,
    });
  }
}

function connect(layer: ClientSecureChannelLayer, settings: ChannelSettings): Promise<void> {
  const { endpointUrl, openTimeoutMs, signal } = settings;
  return new Promise((resolve, reject) => {
    const settle = (error?: Error | null): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      if (error) reject(error);
      else resolve();
    };
    const onAbort = (): void => settle(abortedError(endpointUrl));
    const timer = setTimeout(() => settle(openTimeoutError(endpointUrl, openTimeoutMs)), openTimeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    else layer.create(endpointUrl, (error) => settle(error));
  });
}

export function openTimeoutError(endpointUrl: string, timeoutMs: number): ServiceError {
  const message = `${endpointUrl} did not answer within ${timeoutMs} ms`;
  return new ServiceError("CONNECT_TIMEOUT", StatusCodes.BadTimeout, message);
}

export function abortedError(endpointUrl: string): ServiceError {
  const message = `Connecting to ${endpointUrl} was given up`;
  return new ServiceError("CONNECT_ABORTED", StatusCodes.BadRequestCancelledByClient, message);
}

function faultError(request: string, statusCode: StatusCode): ServiceError {
  return new ServiceError("SERVICE_FAULT", statusCode, `${request} was answered with ${statusCode.name}`);
}

/** Severity bits of a status code; Uncertain responses carry a usable body. */
function isBad(statusCode: StatusCode): boolean {
  return statusCode.value >>> 30 === 2;
}

/** node-opcua's words for a connection that the other side ended, in those of our readers. */
function plainly(detail: string): string {
  return /disconnected by third party/.test(detail) ? "the server ended the connection" : detail;
}
