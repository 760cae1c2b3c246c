import type { TimerId } from "../core/timer.ts";
import type { HostClock, TimerHandle } from "./host-clock.ts";

/** The running timers of one pair, at most one of each id. */
export class HostTimers {
  readonly #clock: HostClock;
  readonly #fired: (timer: TimerId) => void;
  readonly #running = new Map<TimerId, TimerHandle>();

  constructor(clock: HostClock, fired: (timer: TimerId) => void) {
    this.#clock = clock;
    this.#fired = fired;
  }

  start(timer: TimerId, afterMs: number): void {
    this.stop(timer);
    const handle = this.#clock.setTimer(() => {
      this.#running.delete(timer);
      this.#fired(timer);
    }, afterMs);
    this.#running.set(timer, handle);
  }

  stop(timer: TimerId): void {
    const handle = this.#running.get(timer);
    if (handle === undefined) return;
    this.#running.delete(timer);
    this.#clock.clearTimer(handle);
  }

  stopAll(): void {
    for (const timer of [...this.#running.keys()]) this.stop(timer);
  }

  get count(): number {
    return this.#running.size;
  }
}
