import type { StatusCode } from "node-opcua";
import { UnderstudyError } from "../../../core/error.ts";

/** The user on whose behalf an upstream session is opened; a client's own, held for failover. */
export type UserIdentity =
  | { readonly kind: "anonymous" }
  | { readonly kind: "userName"; readonly userName: string; readonly password: Buffer };

/** A service answered with a Bad status, or not at all (`statusCode` then says why). */
export class ServiceError extends UnderstudyError {
  readonly statusCode: StatusCode;

  constructor(code: string, statusCode: StatusCode, message: string, options?: { readonly cause?: unknown }) {
    super(code, message, options);
    this.statusCode = statusCode;
  }
}

/** A request or response of node-opcua, or a raw one of ours. */
export interface ServiceRequest {
  readonly schema: { readonly name: string };
  requestHeader: { requestHandle: number; timeoutHint: number };
}

export interface ServiceResponse {
  readonly schema: { readonly name: string };
  responseHeader: { serviceResult: StatusCode };
}

export type ResponseCallback = (error: ServiceError | null, response: ServiceResponse | null) => void;

export interface UpstreamSessionOptions {
  readonly sessionName: string;
  readonly identity: UserIdentity;
  /** ms; the server may revise it. */
  readonly sessionTimeoutMs: number;
  readonly localeIds: readonly string[];
  /** Limit for channel + CreateSession + ActivateSession, in ms. */
  readonly openTimeoutMs: number;
  /** Gives up opening at once (ServiceError CONNECT_ABORTED); without effect on an open session. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A session of the broker on a member, on a secure channel of its own. It never reconnects; once lost
 * it stays lost, every outstanding request is answered with a ServiceError, and `onLost` is called once.
 */
export interface UpstreamSession {
  readonly isOpen: boolean;
  readonly revisedSessionTimeoutMs: number;
  /** Server limits for one request, in bytes; 0 = none. */
  readonly maxRequestMessageSize: number;
  /** ms since a request was last sent. */
  readonly idleMs: number;
  onLost: ((detail: string) => void) | null;
  /**
   * Sends a request in this session (its authentication token and a request handle are filled in).
   * Responses of the raw services (wire/raw-message.ts) come as RawResponse, all others decoded.
   * A ServiceFault is a ServiceError with its status code. `timeoutMs` 0 = none (Publish).
   */
  send(request: ServiceRequest, timeoutMs: number, callback: ResponseCallback): void;
  call<R extends ServiceResponse>(request: ServiceRequest, timeoutMs: number): Promise<R>;
  /** CloseSession (deleting subscriptions) and CloseSecureChannel, best effort, bounded; then as abort(). */
  close(): Promise<void>;
  /** Drops the connection at once. `onLost` is not called. */
  abort(): void;
}
