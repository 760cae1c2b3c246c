import type { Clock } from "../clock.ts";
import { longestWaitMs } from "./in-flight.ts";

interface Waiter<L> {
  readonly untilMs: number;
  resolve(leg: L): void;
  reject(error: Error): void;
}

/** Operations of a client that wait for the next active member. */
export class LegWaiters<L> {
  readonly #clock: Clock;
  readonly #nothingActive: () => Error;
  readonly #waiters = new Set<Waiter<L>>();

  constructor(clock: Clock, nothingActive: () => Error) {
    this.#clock = clock;
    this.#nothingActive = nothingActive;
  }

  /** Resolves with the next active leg; rejects where none comes within some seconds. */
  next(): Promise<L> {
    return new Promise((resolve, reject) => {
      const untilMs = this.#clock.nowMs() + longestWaitMs;
      this.#waiters.add({ untilMs, resolve, reject });
    });
  }

  /** Ends waiting: with the leg, or in vain. `endedBeforeMs`: only of those whose time is over. */
  end(leg: L | null, endedBeforeMs = Number.POSITIVE_INFINITY): void {
    for (const waiter of this.#waiters) {
      if (waiter.untilMs > endedBeforeMs) continue;
      this.#waiters.delete(waiter);
      if (leg) waiter.resolve(leg);
      else waiter.reject(this.#nothingActive());
    }
  }
}
