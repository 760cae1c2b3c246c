const ticksPerMs = 10_000n;
/** 1970-01-01 in 100 ns ticks since 1601-01-01 (OPC 10000-6, 5.2.2.5). */
const unixEpochTicks = 116_444_736_000_000_000n;

/** The DateTime of a wall clock in ms since 1970. */
export function dateTimeOf(wallClockMs: number): bigint {
  return BigInt(Math.trunc(wallClockMs)) * ticksPerMs + unixEpochTicks;
}
