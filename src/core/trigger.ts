import type { ItemSample } from "./input.ts";
import type { MonitorItemPolicy, Trigger } from "./policy.ts";
import type { Verdict } from "./state.ts";

/** Time within which a server owes a monitor item its first value, at least, in ms. */
export const firstValueWithinMs = 5000;

/**
 * Whether a data change puts an item in error (seed: Trigger Condition).
 *
 * - A server that still waits for its first value says nothing: the verdict stays.
 * - badQuality: bad = error, good = passed; uncertain clears no error but is none.
 * - specificValue: compares the value's text whatever its quality; a sample without value clears no error.
 *   Array data cannot be compared: the item keeps its verdict, and is no error where it has none yet.
 * - noChange: every data change is a sign of life; its error comes from the watchdog timer.
 */
export function judge(trigger: Trigger, sample: ItemSample, before: Verdict): Verdict {
  if (sample.quality === "waiting") return before;
  const unlessInError: Verdict = before === "error" ? "error" : "passed";
  switch (trigger.on) {
    case "badQuality":
      if (sample.quality === "bad") return "error";
      return sample.quality === "good" ? "passed" : unlessInError;
    case "specificValue":
      if (sample.isArray || sample.value === null) return unlessInError;
      return sample.value === trigger.value ? "error" : "passed";
    case "noChange":
      return "passed";
  }
}

/** The verdict on an item that delivered nothing in time: only `specificValue` cannot be hurt by silence. */
export function judgeSilence(trigger: Trigger): Verdict {
  return trigger.on === "specificValue" ? "passed" : "error";
}

/** Longest silence an item is allowed: the watchdog period, or the wait for its first value. */
export function allowedSilenceMs(item: MonitorItemPolicy): number {
  if (item.trigger.on === "noChange") return watchdogPeriodMs(item, item.trigger.withinMs);
  return Math.max(firstValueWithinMs, 2 * item.updateRateMs);
}

/** A watchdog shorter than two updates would bite a healthy server (seed: No item data changes). */
export function watchdogPeriodMs(item: MonitorItemPolicy, withinMs: number): number {
  return Math.max(withinMs, 2 * item.updateRateMs);
}
