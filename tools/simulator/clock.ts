/**
 * Time as the simulators share it. Everything a simulated value depends on is a pure function of the
 * wall clock, so two processes that have never met give the same value and timestamp for the same tick.
 */

/** Origin of the tick numbers; any fixed instant would do, a recent one keeps the values short. */
export const epochMs = Date.UTC(2026, 0, 1);

/** Number of whole periods since {@link epochMs}. */
export function tickAt(nowMs: number, periodMs: number): number {
  return Math.floor((nowMs - epochMs) / periodMs);
}

/** When a tick begins; the SourceTimestamp of its values, in ms of the Unix epoch. */
export function tickTimeMs(tick: number, periodMs: number): number {
  return epochMs + tick * periodMs;
}

/** An OPC UA DateTime: 100 ns intervals since 1601-01-01 (Part 6, 5.2.2.5). */
export function dateTimeOf(unixMs: number): bigint {
  return BigInt(Math.round(unixMs)) * 10_000n + 116_444_736_000_000_000n;
}

/**
 * Which ticks an item sees that is sampled every `intervalMs` while its value changes every `periodMs`.
 * Samples are numbered without gaps, so a queue of samples is a range of numbers.
 */
export interface SampleSeries {
  /** Number of the newest sample that exists at this time. */
  latest(nowMs: number): number;
  /** The tick whose value the sample carries. */
  tickOf(sample: number): number;
  /** Number of the first sample at or after the tick. */
  sampleFrom(tick: number): number;
}

/** Sampling instants are the multiples of the interval since {@link epochMs}. */
export function sampleSeries(intervalMs: number, periodMs: number): SampleSeries {
  if (intervalMs <= periodMs) {
    // Every tick is seen once, at the first sampling instant within it.
    return {
      latest: (nowMs) => tickAt(epochMs + Math.floor((nowMs - epochMs) / intervalMs) * intervalMs, periodMs),
      tickOf: (sample) => sample,
      sampleFrom: (tick) => tick,
    };
  }
  return {
    latest: (nowMs) => Math.floor((nowMs - epochMs) / intervalMs),
    tickOf: (sample) => Math.floor((sample * intervalMs) / periodMs),
    sampleFrom: (tick) => Math.ceil((tick * periodMs) / intervalMs),
  };
}

/** The next instant of `epoch + k * intervalMs + phaseMs` that is later than `nowMs`. */
export function nextInstant(nowMs: number, intervalMs: number, phaseMs: number): number {
  const origin = epochMs + phaseMs;
  return origin + (Math.floor((nowMs - origin) / intervalMs) + 1) * intervalMs;
}
