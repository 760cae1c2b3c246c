/** Time and timers as a pair host needs them; tests supply their own. */
export interface HostClock {
  /** Monotonic time in ms; never goes back. */
  nowMs(): number;
  /** Calls `fire` once after `afterMs`; may be a little early or late. */
  setTimer(fire: () => void, afterMs: number): TimerHandle;
  clearTimer(handle: TimerHandle): void;
}

/** Whatever the clock wants back to clear a timer. */
export type TimerHandle = NodeJS.Timeout | number;

/** Longest delay of setTimeout, in ms (24.8 days); the core sets a timer that fires early again. */
const maxDelayMs = 0x7fffffff;

export const systemHostClock: HostClock = Object.freeze({
  nowMs: () => performance.now(),
  setTimer: (fire: () => void, afterMs: number) => setTimeout(fire, Math.min(afterMs, maxDelayMs)),
  clearTimer: (handle: TimerHandle) => clearTimeout(handle),
});
