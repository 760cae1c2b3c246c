import type { PlanKind, PlanOutcome } from "../seams.ts";
import type { Memo } from "./step.ts";

/** A step as a plan's first record names it. */
export interface RecordedStep {
  readonly name: string;
  readonly reverses: string | null;
  readonly text: string;
  readonly weight: number;
}

export interface PlanBegun {
  readonly event: "planBegun";
  readonly plan: string;
  readonly kind: PlanKind;
  readonly reason: string;
  readonly steps: readonly RecordedStep[];
  /** The settings the steps were made from: undone is what was done, whatever the project says by then. */
  readonly snapshot: Memo;
}

/** What happened to the step of this index. */
export type StepRecord =
  /** Written before `do`, so that a kill between the two leaves a step that may be in force. */
  | { readonly event: "stepBegun"; readonly step: number; readonly memo: Memo }
  | { readonly event: "stepDone"; readonly step: number; readonly detail: string }
  | { readonly event: "stepSkipped"; readonly step: number; readonly detail: string }
  | {
      readonly event: "stepFailed";
      readonly step: number;
      readonly code: string;
      readonly detail: string;
      readonly tolerated: boolean;
    }
  | { readonly event: "undoBegun"; readonly step: number }
  | { readonly event: "undoDone"; readonly step: number; readonly detail: string }
  | { readonly event: "undoFailed"; readonly step: number; readonly code: string; readonly detail: string };

/** One line of a server's plan journal. */
export type PlanRecord =
  | PlanBegun
  | StepRecord
  /** From here on the plan is undone. */
  | { readonly event: "turnedBack"; readonly detail: string }
  | { readonly event: "planEnded"; readonly outcome: PlanOutcome; readonly detail: string };

/** A record with its time in ISO 8601, as it stands in the file. */
export type TimedRecord = PlanRecord & { readonly time: string };
