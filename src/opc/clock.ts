/** Time as the broker's parts see it; the edge supplies the real one, tests their own. */
export interface Clock {
  /** Monotonic time in ms. */
  nowMs(): number;
  /** Wall clock in ms since 1970. */
  wallMs(): number;
}

export const systemClock: Clock = Object.freeze({
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
});
