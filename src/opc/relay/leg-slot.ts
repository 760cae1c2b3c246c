import { UnderstudyError } from "../../core/error.ts";
import type { Role } from "../../core/role.ts";

/** A client's connection to one member. */
export interface RelayLeg {
  readonly isOpen: boolean;
  /** Ends it at once, without waiting for the member; tells nobody. */
  abort(): void;
  /** Ends it and tells the member, best effort. */
  close(): Promise<void>;
}

/** Whose leg it is: what a slot asks of and tells its client. */
export interface LegOwner<L extends RelayLeg> {
  /** Opens a connection of the client to the member. */
  open(role: Role, signal: AbortSignal): Promise<L>;
  /** A leg to this member is worth having: it is active, or linked. */
  isWanted(role: Role): boolean;
  /** The member is linked, so that a leg lost or refused is worth another try. */
  isUp(role: Role): boolean;
  /** Requests can be sent; the client's subscriptions or groups are not there yet. */
  connected(leg: L): void;
  /** Brings the client's subscriptions or groups onto the leg. */
  prepare(leg: L): Promise<void>;
  /** Nothing more comes from the leg. */
  gone(leg: L): void;
  failed(role: Role, error: Error): void;
}

/** First and longest wait before a lost leg to a member that is well is opened again, in ms. */
const firstRetryMs = 100;
const longestRetryMs = 5000;

/** The place for a client's leg to one member: empty, being opened, or filled. */
export class LegSlot<L extends RelayLeg> {
  readonly role: Role;
  readonly #owner: LegOwner<L>;
  #leg: L | null = null;
  #opening: { readonly abort: AbortController; readonly done: Promise<void> } | null = null;
  #retry: NodeJS.Timeout | null = null;
  #retryMs = firstRetryMs;
  #isClosed = false;

  constructor(role: Role, owner: LegOwner<L>) {
    this.role = role;
    this.#owner = owner;
  }

  get leg(): L | null {
    return this.#leg;
  }

  /** Opens the leg unless it is there or under way; one that fails is reported and tried again. */
  fill(): void {
    if (this.#isClosed || this.#leg || this.#opening) return;
    this.open().catch(() => undefined);
  }

  /** Opens the leg. Rejects with what the member said. */
  open(): Promise<void> {
    this.#clearRetry();
    const abort = new AbortController();
    const done = this.#connect(abort.signal)
      .then(() => {
        this.#retryMs = firstRetryMs;
      })
      .catch((error: unknown) => {
        // one that was given up is none of this slot's business any more
        if (!abort.signal.aborted) this.#retryLater(error);
        throw error;
      })
      .finally(() => {
        if (this.#opening?.abort === abort) this.#opening = null;
      });
    this.#opening = { abort, done };
    return done;
  }

  /** The leg, once an opening that is under way has ended; null where there is none. */
  async settled(): Promise<L | null> {
    if (!this.#leg) await this.#opening?.done.catch(() => undefined);
    return this.#leg;
  }

  /** The member is gone: ends the leg at once, and an opening that a hung member would never end. */
  empty(): void {
    this.#clearRetry();
    this.#retryMs = firstRetryMs;
    this.#opening?.abort.abort();
    this.#opening = null;
    this.#end();
  }

  /** The leg is of no more use; whether the member as a whole is lost is not ours to say. */
  lose(leg: L): void {
    if (this.#leg !== leg) return;
    this.#end();
    this.#retryLater(null);
  }

  /** Ends the leg for good; the member is told, best effort. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#clearRetry();
    this.#opening?.abort.abort();
    const leg = this.#leg;
    this.#leg = null;
    await leg?.close();
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const leg = await this.#owner.open(this.role, signal);
    if (signal.aborted || this.#isClosed || !this.#owner.isWanted(this.role)) {
      leg.abort();
      throw new UnderstudyError("LEG_NOT_WANTED", `the ${this.role} member went away while connecting`);
    }
    this.#leg = leg;
    this.#owner.connected(leg);
    try {
      await this.#owner.prepare(leg);
    } catch (error) {
      if (this.#leg === leg) this.#end();
      throw error;
    }
  }

  #end(): void {
    const leg = this.#leg;
    if (!leg) return;
    this.#leg = null;
    leg.abort();
    this.#owner.gone(leg);
  }

  #retryLater(error: unknown): void {
    if (this.#isClosed || this.#retry || !this.#owner.isUp(this.role)) return;
    if (error instanceof Error) this.#owner.failed(this.role, error);
    this.#retry = setTimeout(() => {
      this.#retry = null;
      if (this.#owner.isUp(this.role)) this.fill();
    }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }

  #clearRetry(): void {
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
  }
}
