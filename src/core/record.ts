import type { Cause } from "./cause.ts";
import type { Role } from "./role.ts";
import type { Health } from "./state.ts";

/**
 * The diagnostics events, emitted on transitions only. The first block is the seed's list
 * (Runtime Diagnostics), the second what Understudy adds. Severity and wording belong to
 * src/diagnostics; the core says only what happened.
 */
export type CoreRecord =
  | { readonly kind: "connected"; readonly member: Role }
  | { readonly kind: "disconnected"; readonly member: Role; readonly detail: string }
  | { readonly kind: "connectFailed"; readonly member: Role; readonly detail: string }
  | { readonly kind: "statusQueryFailed"; readonly member: Role; readonly missed: number }
  | { readonly kind: "shutdownReceived"; readonly member: Role; readonly detail: string }
  | {
      readonly kind: "monitorItemAddFailed";
      readonly member: Role;
      readonly item: string;
      readonly detail: string;
    }
  | { readonly kind: "monitorItemArrayData"; readonly member: Role; readonly item: string }
  | { readonly kind: "monitorTestInError"; readonly member: Role; readonly items: readonly string[] }
  | { readonly kind: "monitorTestPassed"; readonly member: Role }
  | {
      readonly kind: "promoted";
      readonly member: Role;
      readonly from: Role | null;
      readonly cause: Cause;
      readonly tookMs: number;
    }
  // added by Understudy
  | { readonly kind: "connectionLost"; readonly member: Role; readonly detail: string }
  | { readonly kind: "healthChanged"; readonly member: Role; readonly from: Health; readonly to: Health }
  | {
      readonly kind: "watchdogPeriodRaised";
      readonly item: string;
      readonly fromMs: number;
      readonly toMs: number;
    }
  | { readonly kind: "promotionFailed"; readonly member: Role; readonly detail: string }
  | { readonly kind: "nothingActive"; readonly from: Role; readonly cause: Cause }
  | { readonly kind: "switchRefused"; readonly to: Role; readonly why: RefusalKind; readonly reason: string }
  | { readonly kind: "switchHeldDown"; readonly to: Role; readonly cause: Cause; readonly forMs: number }
  | {
      readonly kind: "switchLocked";
      readonly to: Role;
      readonly cause: Cause;
      readonly switchovers: number;
      readonly windowMs: number;
    }
  | { readonly kind: "lockedByFailure"; readonly to: Role }
  | { readonly kind: "switchUnlocked"; readonly reason: string }
  | { readonly kind: "approvalNeeded"; readonly to: Role; readonly cause: Cause }
  | { readonly kind: "approvalWithdrawn"; readonly to: Role }
  | { readonly kind: "suspended"; readonly reason: string }
  | { readonly kind: "resumed"; readonly reason: string }
  | { readonly kind: "enabled"; readonly reason: string }
  | { readonly kind: "disabled"; readonly reason: string }
  | { readonly kind: "settingsApplied" };

/** Why an operator's switchover or approval was not carried out. */
export type RefusalKind =
  | "disabled"
  | "alreadyActive"
  | "notLinked"
  | "knownWorse"
  | "switchInProgress"
  | "nothingToApprove";

export type CoreRecordKind = CoreRecord["kind"];
