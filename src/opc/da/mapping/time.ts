/**
 * Times of OPC DA and OPC UA. A FILETIME and the DateTime of OPC UA count the same: 100 ns since
 * 1601-01-01 UTC. They differ in their range: a DateTime is signed, and its ends mean "no time" and "for ever".
 */

const ticksPerMs = 10_000n;
const ticksPerDay = 864_000_000_000n;
/** 1601-01-01 to 1970-01-01, in ms. */
const unixEpochMs = 11_644_473_600_000n;
/** 1601-01-01 to 1899-12-30, the day 0 of VT_DATE, in days. */
const dateEpochDays = 109_205n;
const largestDateTime = 0x7fff_ffff_ffff_ffffn;
/** 9999-12-31T23:59:59 UTC: from there on a DateTime is "for ever" (OPC 10000-6, 5.2.2.5). */
export const endOfDateTime = 2_650_467_743_990_000_000n;
/** Days of VT_DATE: 0100-01-01 and 9999-12-31 with its last moment. */
const firstDate = -657_434;
const lastDate = 2_958_466;

/** The UA DateTime (Int64) for a FILETIME. */
export function dateTimeOfFiletime(filetime: bigint): bigint {
  return filetime >= endOfDateTime ? largestDateTime : filetime;
}

/** The FILETIME for a UA DateTime; what lies before 1601 is 0. */
export function filetimeOfDateTime(dateTime: bigint): bigint {
  return dateTime < 0n ? 0n : dateTime;
}

/** Milliseconds since 1970 for a FILETIME, rounded down. */
export function unixMsOfFiletime(filetime: bigint): number {
  return Number(filetime / ticksPerMs - unixEpochMs);
}

/** The FILETIME of a time in ms since 1970; what lies before 1601 is 0. */
export function filetimeOfUnixMs(unixMs: number): bigint {
  const ticks = (BigInt(Math.floor(unixMs)) + unixEpochMs) * ticksPerMs;
  return ticks < 0n ? 0n : ticks;
}

/**
 * 100 ns since 1601 (may be negative) for a VT_DATE. Before 1899-12-30 its whole part counts days backwards
 * and its fraction still forwards. Null for what is no date.
 */
export function ticksOfDate(date: number): bigint | null {
  if (!Number.isFinite(date) || date <= firstDate - 1 || date >= lastDate) return null;
  const days = Math.trunc(date);
  const ticks = BigInt(Math.round(Math.abs(date - days) * Number(ticksPerDay)));
  return (BigInt(days) + dateEpochDays) * ticksPerDay + ticks;
}

/** The VT_DATE for 100 ns since 1601; clamped to the range of VT_DATE. */
export function dateOfTicks(ticks: bigint): number {
  let days = ticks / ticksPerDay;
  let rest = ticks % ticksPerDay;
  if (rest < 0n) {
    days -= 1n;
    rest += ticksPerDay;
  }
  const whole = Number(days - dateEpochDays);
  const fraction = Number(rest) / Number(ticksPerDay);
  const date = whole < 0 ? whole - fraction : whole + fraction;
  return Math.min(Math.max(date, firstDate - 1 + 1e-9), lastDate - 1e-9);
}

/** The JavaScript time for 100 ns since 1601, rounded down to ms. */
export function jsDateOfTicks(ticks: bigint): Date {
  const ms = ticks < 0n ? -((-ticks + ticksPerMs - 1n) / ticksPerMs) : ticks / ticksPerMs;
  return new Date(Number(ms - unixEpochMs));
}

export function ticksOfJsDate(date: Date): bigint {
  return (BigInt(date.getTime()) + unixEpochMs) * ticksPerMs;
}
