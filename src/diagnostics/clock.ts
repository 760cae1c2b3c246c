/** The two times an event needs; injected so that tests can replay them. */
export interface Clock {
  /** Monotonic time in ms: the time base of the failover core. */
  nowMs(): number;
  /** Wall clock in ms since 1970-01-01 UTC, for time stamps. May jump when the machine's clock is set. */
  wallMs(): number;
}
