import type { Cause } from "../../core/cause.ts";
import type { CoreRecord } from "../../core/record.ts";
import type { DiagnosticRecord } from "../../diagnostics/event.ts";
import { describeCause, describeRefusal } from "../../diagnostics/message.ts";

export interface RecordSurroundings {
  /** What the last round of probes said. */
  readonly lastDetail: string;
  readonly missed: number;
  /** Other server whose stand-in this machine is, in the way of this one; null = none. */
  readonly blockedBy: string | null;
  readonly nowMs: number;
}

/**
 * What the core's records mean for a protected server. null = nothing that people have to know: takeover and
 * failback report themselves, and of the stand-in's link there is nothing to say.
 */
export function serverRecord(record: CoreRecord, around: RecordSurroundings): DiagnosticRecord | null {
  switch (record.kind) {
    case "healthChanged":
      if (record.member === "secondary") return null;
      if (record.to === "suspect")
        return { kind: "serverSuspect", missed: around.missed, detail: around.lastDetail };
      return record.to === "ok" ? { kind: "serverWell" } : null;
    case "statusQueryFailed":
      if (record.member === "secondary") return null;
      return { kind: "serverFailed", missed: record.missed, detail: around.lastDetail };
    case "nothingActive":
      if (around.blockedBy === null || record.from === "secondary") return null;
      return { kind: "secondServerFailed", standingInFor: around.blockedBy };
    case "approvalNeeded": {
      const what = record.to === "primary" ? "giving it its role back: " : "";
      return { kind: "takeoverNeedsApproval", detail: `${what}${whyOf(record.cause, around.nowMs)}` };
    }
    case "approvalWithdrawn":
      return { kind: "takeoverApprovalWithdrawn" };
    case "lockedByFailure":
    case "switchLocked":
      return { kind: "takeoverLocked" };
    case "switchUnlocked":
      return { kind: "takeoverUnlocked", reason: record.reason };
    case "switchRefused":
      return {
        kind: "takeoverRefused",
        detail: describeRefusal(record.why, record.to),
        reason: record.reason,
      };
    case "settingsApplied":
      return record;
    case "connected":
    case "disconnected":
    case "connectFailed":
    case "connectionLost":
    case "shutdownReceived":
    case "monitorItemAddFailed":
    case "monitorItemArrayData":
    case "monitorTestInError":
    case "monitorTestPassed":
    case "watchdogPeriodRaised":
    case "promoted":
    case "promotionFailed":
    case "switchHeldDown":
    case "suspended":
    case "resumed":
    case "enabled":
    case "disabled":
      return null;
  }
}

/** Why the role changes hands, in the words of protected servers. */
export function whyOf(cause: Cause, nowMs: number): string {
  switch (cause.kind) {
    case "operator":
      return cause.reason;
    case "statusQuery":
      return `the live server missed ${cause.missed} rounds of probes in a row`;
    case "preferPrimary":
      return "the live server has been well again for long enough";
    case "onlyAvailable":
      return "nobody played the role";
    case "startup":
      return "the watch began";
    default:
      return describeCause(cause, nowMs);
  }
}
