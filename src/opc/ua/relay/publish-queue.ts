import type { StatusCode } from "node-opcua";
import type { ServiceResponse } from "../upstream/upstream-session.ts";

/** A client's PublishRequest waiting for something to say. */
export interface PublishTicket {
  /** Status codes of the acknowledgements it carried. */
  readonly results: readonly number[];
  /** Time after which it is answered BadTimeout (its timeoutHint); Infinity = never. */
  readonly expiresAtMs: number;
  /** Largest response body the client's channel takes, in bytes. */
  readonly maxBodyBytes: number;
  /** False once the connection it came by is closed: nobody would get the answer. */
  isOpen(): boolean;
  respond(response: ServiceResponse): void;
  fault(statusCode: StatusCode): void;
}

/** A server must bound what it queues (OPC 10000-4, 5.14.5.1); the oldest is refused first. */
export const maxQueuedPublishRequests = 1000;

/** The PublishRequests of one client session, oldest first. */
export class PublishQueue {
  readonly #tickets: PublishTicket[] = [];
  /** Time of the latest request; subscriptions live as long as requests come. */
  lastAddedMs: number;

  constructor(nowMs: number) {
    this.lastAddedMs = nowMs;
  }

  get length(): number {
    this.#forgetClosed();
    return this.#tickets.length;
  }

  /** Adds a request and returns the one that has to make room for it. */
  add(ticket: PublishTicket, nowMs: number): PublishTicket | null {
    this.lastAddedMs = nowMs;
    this.#tickets.push(ticket);
    return this.#tickets.length > maxQueuedPublishRequests ? (this.#tickets.shift() ?? null) : null;
  }

  take(): PublishTicket | null {
    this.#forgetClosed();
    return this.#tickets.shift() ?? null;
  }

  peek(): PublishTicket | null {
    this.#forgetClosed();
    return this.#tickets[0] ?? null;
  }

  /** Removes and returns the requests that have waited longer than their client does. */
  takeExpired(nowMs: number): PublishTicket[] {
    const expired: PublishTicket[] = [];
    for (let index = this.#tickets.length - 1; index >= 0; index--) {
      const ticket = this.#tickets[index];
      if (ticket && ticket.expiresAtMs <= nowMs) {
        expired.unshift(ticket);
        this.#tickets.splice(index, 1);
      }
    }
    return expired;
  }

  takeAll(): PublishTicket[] {
    return this.#tickets.splice(0);
  }

  /** A session that moves to another connection leaves requests behind, older than those it sends there. */
  #forgetClosed(): void {
    while (this.#tickets[0]?.isOpen() === false) this.#tickets.shift();
  }
}
