import type { Cause } from "../core/cause.ts";
import type { DiagnosticRecord } from "./event.ts";
import { describeCause } from "./message.ts";

/** One link of the chain that led to a switchover: what, since when. */
export interface CauseLink {
  readonly kind: Cause["kind"];
  /** Half a sentence for people, e.g. "3 status queries in a row were not answered by the primary". */
  readonly text: string;
  /** ISO 8601, UTC: the first sign; null where there is none (start, an operator). */
  readonly since: string | null;
}

/** Which core time is which time on the wall. */
export interface Instant {
  readonly nowMs: number;
  readonly wallMs: number;
}

/**
 * Puts causes together: the one a record names, and where that is only the end of something (the one member
 * left came back), what began it. Newest first.
 */
export class CauseChains {
  /** Per pair, why nothing is active. */
  readonly #idle = new Map<string, readonly CauseLink[]>();

  of(record: DiagnosticRecord, pair: string | null, now: Instant): readonly CauseLink[] {
    if (!("cause" in record)) return [];
    const own = linkOf(record.cause, now);
    const earlier = pair === null ? undefined : this.#idle.get(pair);
    const chain = record.cause.kind === "onlyAvailable" && earlier ? [own, ...earlier] : [own];
    if (pair !== null) {
      if (record.kind === "nothingActive") this.#idle.set(pair, chain);
      else if (record.kind === "promoted") this.#idle.delete(pair);
    }
    return chain;
  }
}

function linkOf(cause: Cause, { nowMs, wallMs }: Instant): CauseLink {
  const sinceMs = "sinceMs" in cause ? cause.sinceMs : null;
  return Object.freeze({
    kind: cause.kind,
    // the time of the first sign stands beside it
    text: describeCause(cause, Number.NEGATIVE_INFINITY),
    since: sinceMs === null ? null : new Date(wallMs - (nowMs - sinceMs)).toISOString(),
  });
}
