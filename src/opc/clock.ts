import type { Clock } from "../diagnostics/clock.ts";

export type { Clock };

export const systemClock: Clock = Object.freeze({
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
});
