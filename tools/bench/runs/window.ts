import { setTimeout as delay } from "node:timers/promises";
import { tickAt, tickTimeMs } from "../../simulator/clock.ts";
import type { Meter } from "../client/meter.ts";

/** Time for every item to have been reported before the window begins, in ms. */
const leadMs = 600;
/** Time the last values of a window have to arrive. */
const graceMs = 1000;
const lookIntervalMs = 10;

/** A window of whole ticks that lies ahead. */
export interface Window {
  readonly ticks: number;
  readonly durationMs: number;
  /** Resolves `offsetMs` after the window has begun; at once where that has passed. */
  reach(offsetMs: number): Promise<void>;
}

/** Tells the meter what to expect and times the silence within the window. */
export function planWindow(meter: Meter, items: number, periodMs: number, durationMs: number): Window {
  const ticks = Math.max(1, Math.round(durationMs / periodMs));
  const first = tickAt(Date.now() + leadMs, periodMs) + 1;
  meter.expect(items, first, first + ticks - 1);
  const startMs = tickTimeMs(first, periodMs);
  return {
    ticks,
    durationMs: ticks * periodMs,
    reach: (offsetMs) => delay(Math.max(0, startMs + offsetMs - Date.now())),
  };
}

/** Waits until all values of the window are here, at most for the time of grace. */
export async function awaitRest(meter: Meter): Promise<void> {
  const deadlineMs = performance.now() + graceMs;
  while (!meter.isComplete && performance.now() < deadlineMs) await delay(lookIntervalMs);
}
