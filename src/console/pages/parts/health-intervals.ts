import type { HistoryAnswer } from "../../contract.ts";

/** A span of time in which a member's health did not change. */
export interface HealthInterval {
  readonly health: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The health of one member from `fromMs` to `untilMs`, oldest first; what was before the first change is unknown. */
export function healthIntervals(
  changes: HistoryAnswer["health"],
  member: string,
  fromMs: number,
  untilMs: number,
): readonly HealthInterval[] {
  const intervals: HealthInterval[] = [];
  let current = "unknown";
  let sinceMs = fromMs;
  const end = (atMs: number): void => {
    if (atMs > sinceMs) intervals.push({ health: current, fromMs: sinceMs, untilMs: atMs });
    sinceMs = Math.max(sinceMs, atMs);
  };
  for (const change of changes) {
    if (change.member !== member || change.atMs > untilMs) continue;
    end(change.atMs);
    current = change.health;
  }
  end(untilMs);
  return intervals;
}
