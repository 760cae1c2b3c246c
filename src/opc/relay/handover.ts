import type { ArrivalRing } from "./arrival-ring.ts";

/**
 * Knows, for each item, the newest sample delivered from the old member, and lets pass what is newer.
 * Samples of equal servers are matched by their timestamps; where two samples have the same one, by their
 * value, since a sample too many harms less than one too few.
 */
export interface SampleFilter<T> {
  /** Samples held back so far. */
  readonly suppressed: number;
  /** Takes note of what the client was given. */
  rememberAll(data: T): void;
  /**
   * The data without what the client has seen already; null where nothing is left. `arrivedAfter`: they came
   * after the old member's last message, which decides where timestamps are missing.
   */
  pass(data: T, arrivedAfter: boolean): T | null;
}

export interface Handover<T, F extends SampleFilter<T>> {
  /** Data that the new member delivered and the client has not seen, oldest first. */
  readonly replay: readonly T[];
  /** Keeps holding back, for some seconds, what the old member had delivered. */
  readonly filter: F;
}

/**
 * Compares what the client was given from the old member with what the new member has sent already.
 * `considerFromMs`: arrivals at the new member before this time are taken as seen.
 */
export function handOver<T, F extends SampleFilter<T>>(
  from: ArrivalRing<T>,
  to: ArrivalRing<T>,
  considerFromMs: number,
  filter: F,
): Handover<T, F> {
  for (const { data } of from.entries()) filter.rememberAll(data);
  const replay: T[] = [];
  for (const { arrivedAtMs, data } of to.entries()) {
    if (arrivedAtMs < considerFromMs) continue;
    const unseen = filter.pass(data, arrivedAtMs > from.lastArrivalMs);
    if (unseen) replay.push(unseen);
  }
  return { replay, filter };
}
