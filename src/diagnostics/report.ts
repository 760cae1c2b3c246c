import type { Role } from "../core/role.ts";
import { severityOf } from "./catalogue.ts";
import { CauseChains } from "./cause-chain.ts";
import type { Clock } from "./clock.ts";
import type { DiagnosticEvent, DiagnosticRecord, ReportEvent } from "./event.ts";
import type { Journal } from "./journal.ts";
import { messageOf } from "./message.ts";

/** Takes each event after the journal: the log, later e-mail and the console. */
export type EventSink = (event: DiagnosticEvent) => void;

/**
 * Makes the function hosts report to: stamps time, id, severity and message, then hands the event to the
 * journal and to every sink. A sink that throws harms neither the caller nor the other sinks.
 */
export function createReporter(options: {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly sinks: readonly EventSink[];
}): ReportEvent {
  const { clock, journal, sinks } = options;
  const chains = new CauseChains();
  return (record, context) => {
    const now = { nowMs: clock.nowMs(), wallMs: clock.wallMs() };
    const event = journal.append({
      time: new Date(now.wallMs).toISOString(),
      severity: severityOf(record),
      code: record.kind,
      pair: context.pair,
      member: memberOf(record),
      machine: context.machine,
      client: context.client,
      message: messageOf(record, context, now.nowMs),
      record,
      causes: chains.of(record, context.pair, now),
    });
    for (const sink of sinks) {
      try {
        sink(event);
      } catch {
        // The event is in the journal; a broken sink reports its own trouble.
      }
    }
  };
}

/** The member an event is about: the one it names, or the one a switchover leads to. */
export function memberOf(record: DiagnosticRecord): Role | null {
  if ("member" in record) return record.member;
  if ("to" in record && (record.to === "primary" || record.to === "secondary")) return record.to;
  return record.kind === "nothingActive" ? record.from : null;
}
