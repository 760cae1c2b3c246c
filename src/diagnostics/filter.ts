import type { Role } from "../core/role.ts";
import type { DiagnosticEvent, Severity } from "./event.ts";

/** Which events are wanted; a missing field wants all. */
export interface EventFilter {
  /** Name of the pair; upper and lower case are the same. */
  readonly pair?: string | undefined;
  readonly member?: Role | undefined;
  /** This severity and worse. */
  readonly severity?: Severity | undefined;
  readonly client?: string | undefined;
  /** ISO 8601 in UTC with ms, as in the events; inclusive. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** Codes of the event catalogue; empty wants none. */
  readonly codes?: readonly string[] | undefined;
  /** Part of message, code, client or pair, whatever its case. */
  readonly text?: string | undefined;
  /** Only events with a greater id. */
  readonly afterId?: number | undefined;
}

const ranks: Readonly<Record<Severity, number>> = { information: 0, warning: 1, error: 2 };

export const severities: readonly Severity[] = Object.freeze(["information", "warning", "error"]);

export function matchesFilter(filter: EventFilter, event: DiagnosticEvent): boolean {
  return (
    (filter.pair === undefined || filter.pair.toLowerCase() === event.pair?.toLowerCase()) &&
    (filter.member === undefined || filter.member === event.member) &&
    (filter.severity === undefined || ranks[event.severity] >= ranks[filter.severity]) &&
    (filter.client === undefined || filter.client === event.client) &&
    (filter.since === undefined || event.time >= filter.since) &&
    (filter.until === undefined || event.time <= filter.until) &&
    (filter.codes === undefined || filter.codes.includes(event.code)) &&
    (filter.afterId === undefined || event.id > filter.afterId) &&
    (filter.text === undefined || hasText(event, filter.text.toLowerCase()))
  );
}

function hasText({ message, code, client, pair }: DiagnosticEvent, text: string): boolean {
  return [message, code, client ?? "", pair ?? ""].some((each) => each.toLowerCase().includes(text));
}
