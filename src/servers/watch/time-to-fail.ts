import type { PairState } from "../../core/state.ts";

/** How near the live server is to counting as failed. */
export interface Countdown {
  /** Rounds of probes missed in a row. */
  readonly missed: number;
  /** Rounds that make a failure now: more before the server has answered once. */
  readonly limit: number;
  /** Time until it has failed if it never answers again, in ms; null while it is not watched or has failed. */
  readonly timeToFailMs: number | null;
}

/** `pingTimeoutMs`: time a silent round takes. `now` is in the core's time. */
export function countdown(state: PairState, pingTimeoutMs: number, now: number): Countdown {
  const { counts, probe } = state.policy;
  const live = state.members.primary;
  const limit = live.everAnswered ? counts.failAfter : counts.failAfterStartup;
  const { missed } = live;
  if (!state.enabled || live.link !== "up") return { missed, limit, timeToFailMs: null };
  const sentMs = live.probe?.sentMs ?? state.timers["probe:primary"] ?? now;
  const failsMs = sentMs + (limit - missed - 1) * probe.intervalMs + pingTimeoutMs;
  return { missed, limit, timeToFailMs: Math.max(0, failsMs - now) };
}
