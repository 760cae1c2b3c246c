import type { Role } from "../../core/role.ts";
import { ArrivalRing } from "./arrival-ring.ts";
import { handOver, type SampleFilter } from "./handover.ts";

export interface SwitchCount {
  readonly replayed: number;
  readonly suppressed: number;
}

export interface SwitchedStreamOptions<T, F extends SampleFilter<T>> {
  readonly active: Role | null;
  /**
   * What a standby member delivered within this time before a switchover is considered, in ms, and what it delivered
   * since the active member's last data: a failure may be noticed later than it should.
   */
  readonly considerForMs: number;
  bytesOf(data: T): number;
  createFilter(): F;
  /** Passes data on to the client and returns how many values they hold. */
  deliver(data: T): number;
}

/** What a ring keeps longer than is considered at a switchover, so that both rings overlap. */
export const ringMarginMs = 1000;
/** How long at most a standby's data are kept while the active member delivers none. */
export const longestHoldMs = 120_000;
/** How long after a switchover samples are still compared with what the old member had delivered. */
export const filterForMs = 3000;

/**
 * One stream of data for a client out of the streams of both members: passes on the active member's, keeps
 * the other's for a while, and at a switchover delivers what the client has not seen, once.
 */
export class SwitchedStream<T, F extends SampleFilter<T> = SampleFilter<T>> {
  readonly #options: SwitchedStreamOptions<T, F>;
  /** What the client was given lately, from whichever member. */
  readonly #delivered: ArrivalRing<T>;
  /** What a member that is not active has sent lately. */
  readonly #standby: Readonly<Record<Role, ArrivalRing<T>>>;
  #active: Role | null;
  #filter: F | null = null;
  #filterUntilMs = 0;

  constructor(options: SwitchedStreamOptions<T, F>) {
    const { considerForMs, bytesOf } = options;
    this.#options = options;
    this.#active = options.active;
    this.#delivered = new ArrivalRing(considerForMs + ringMarginMs, bytesOf);
    this.#standby = {
      primary: new ArrivalRing(considerForMs, bytesOf),
      secondary: new ArrivalRing(considerForMs, bytesOf),
    };
  }

  get active(): Role | null {
    return this.#active;
  }

  /** What still holds back samples after a switchover; null where nothing does. */
  get filter(): F | null {
    return this.#filter;
  }

  /** What the client was given lately, oldest first. */
  *recentlyDelivered(): Iterable<T> {
    for (const { data } of this.#delivered.entries()) yield data;
  }

  /** Data from a member: passed on if that member is the active one, else kept. */
  receive(role: Role, data: T, nowMs: number): void {
    if (role !== this.#active) {
      this.#standby[role].push(data, nowMs, this.#holdFromMs(nowMs));
      return;
    }
    this.#delivered.push(data, nowMs);
    const unseen = this.#filter ? this.#filter.pass(data, true) : data;
    if (this.#filter && nowMs > this.#filterUntilMs) this.#filter = null;
    if (unseen) this.#options.deliver(unseen);
  }

  /** A member's stream starts anew, with first values that the client may have seen. */
  restart(role: Role, nowMs: number): void {
    this.#standby[role].clear();
    if (role === this.#active) this.#takeOver(role, nowMs);
  }

  /** No data are passed on until the next `switchTo`. */
  pause(): void {
    this.#active = null;
  }

  /** Nothing is active, and all that comes later is news to the client. */
  forget(): void {
    this.#active = null;
    this.#delivered.clear();
  }

  /** From now on the data come from `role`; what it has sent and the client has not seen is delivered at once. */
  switchTo(role: Role, nowMs: number): SwitchCount {
    return this.#active === role ? { replayed: 0, suppressed: 0 } : this.#takeOver(role, nowMs);
  }

  /** Whether the active member is silent or has nothing to say is not known yet. */
  #holdFromMs(nowMs: number): number {
    const { lastArrivalMs } = this.#delivered;
    return lastArrivalMs === Number.NEGATIVE_INFINITY
      ? nowMs
      : Math.max(lastArrivalMs - ringMarginMs, nowMs - longestHoldMs);
  }

  #takeOver(role: Role, nowMs: number): SwitchCount {
    const { considerForMs, createFilter, deliver } = this.#options;
    const considerFromMs = Math.min(nowMs - considerForMs, this.#holdFromMs(nowMs));
    const to = this.#standby[role];
    const { replay, filter } = handOver(this.#delivered, to, considerFromMs, createFilter());
    this.#active = role;
    this.#standby[role].clear();
    this.#filter = filter;
    this.#filterUntilMs = nowMs + filterForMs;
    const { suppressed } = filter;
    let replayed = 0;
    for (const data of replay) {
      this.#delivered.push(data, nowMs);
      replayed += deliver(data);
    }
    return { replayed, suppressed };
  }
}
