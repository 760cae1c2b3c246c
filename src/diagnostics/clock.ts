/** The two times a process needs; injected so that tests can replay them. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC, for time stamps. May jump when the machine's clock is set. */
  wallMs(): number;
  /** Milliseconds since an arbitrary moment, never going back: the time base of the failover core. */
  monotonicMs(): number;
}

/** The clocks of this machine. */
export function systemClock(): Clock {
  return Object.freeze({ wallMs: () => Date.now(), monotonicMs: () => performance.now() });
}
