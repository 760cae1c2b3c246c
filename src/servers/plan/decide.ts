import type { PlanOutcome } from "../seams.ts";
import { inForceOf, type PlanRun, type PlanState, type StepMark } from "./plan-state.ts";

export interface Circumstances {
  readonly onStepFailure: "stop" | "rollBack";
  /** The caller wants no further step. */
  readonly cancelled: boolean;
}

/** No plan is under way. */
interface Nothing {
  readonly kind: "nothing";
}

/** What there is to do. */
export type Deed =
  | { readonly kind: "do"; readonly step: number }
  | { readonly kind: "turnBack"; readonly detail: string }
  | { readonly kind: "undo"; readonly step: number }
  | { readonly kind: "end"; readonly outcome: PlanOutcome; readonly detail: string };

export type Action = Nothing | Deed;

/** What comes next, by the journal alone: after a kill it is the same as it would have been. Pure. */
export function nextAction(state: PlanState, circumstances: Circumstances): Action {
  const { run } = state;
  if (run === null || run.outcome !== null) return { kind: "nothing" };
  if (run.turnedBack) return nextUndo(state, run, circumstances);
  if (run.failure !== null) {
    const rollBack = run.kind === "test" || circumstances.onStepFailure === "rollBack";
    return rollBack
      ? { kind: "turnBack", detail: run.failure }
      : { kind: "end", outcome: "stopped", detail: stoppedText(state, run) };
  }
  const step = run.steps.findIndex(({ status }) => status === "pending" || status === "begun");
  if (step >= 0 && circumstances.cancelled) {
    return run.kind === "test"
      ? { kind: "turnBack", detail: "cancelled" }
      : { kind: "end", outcome: "cancelled", detail: cancelledText(state, run) };
  }
  if (step >= 0) return { kind: "do", step };
  if (run.kind === "test") return { kind: "turnBack", detail: "the test is over" };
  return { kind: "end", outcome: "done", detail: doneText(run) };
}

/** The last step that is in force is undone first; one whose undo failed keeps no other from being undone. */
function nextUndo(state: PlanState, run: PlanRun, circumstances: Circumstances): Action {
  const step = run.steps.findLastIndex((mark) => isToUndo(state, mark));
  if (step >= 0) return { kind: "undo", step };
  const stuck = run.steps.filter(({ status }) => status === "undoFailed");
  if (stuck.length > 0) return { kind: "end", outcome: "stopped", detail: stoppedText(state, run) };
  if (run.failure !== null) {
    return { kind: "end", outcome: "rolledBack", detail: `${run.failure}; everything done was undone` };
  }
  const wasCut = run.steps.some(({ status }) => status === "pending");
  if (circumstances.cancelled || wasCut) {
    return { kind: "end", outcome: "cancelled", detail: "cancelled; everything done was undone" };
  }
  return { kind: "end", outcome: "done", detail: doneText(run) };
}

function isToUndo(state: PlanState, { status, name, reverses }: StepMark): boolean {
  // Of a failback only what takes back a step of the takeover can be undone, by doing that step again.
  if (reverses !== null) return ["begun", "done", "failed", "undoing"].includes(status);
  // A skipped step may have been begun by an earlier plan that stopped.
  return status !== "undoFailed" && inForceOf(state, name) !== null;
}

function doneText(run: PlanRun): string {
  const tolerated = run.steps.filter(({ status }) => status === "tolerated");
  const but = tolerated
    .map(({ name, detail }) => `; ${name} failed, which is no obstacle: ${detail}`)
    .join("");
  return `all ${run.steps.length} steps are done${but}`;
}

function cancelledText(state: PlanState, run: PlanRun): string {
  return `cancelled; ${whatStands(state, run)}`;
}

function stoppedText(state: PlanState, run: PlanRun): string {
  return `${run.failure ?? "stopped"}; ${whatStands(state, run)}`;
}

/** Says exactly what was done, what was undone and what was not. */
export function whatStands(state: PlanState, run: PlanRun): string {
  const named = (text: string, statuses: readonly StepMark["status"][]): string[] => {
    const names = run.steps.filter(({ status }) => statuses.includes(status)).map(({ name }) => name);
    return names.length === 0 ? [] : [`${text}: ${names.join(", ")}`];
  };
  const parts = [
    ...named("done", ["done"]),
    ...named("done before", ["skipped"]),
    ...named("perhaps done in part", ["begun", "failed", "undoing", "undoFailed"]),
    ...named("undone", ["undone"]),
    ...named("not done", ["pending"]),
  ];
  const stands = state.inForce.map(({ name }) => name);
  return [...parts, stands.length === 0 ? "nothing is in force" : `in force: ${stands.join(", ")}`].join(
    "; ",
  );
}

/** Percent of the plan that is done now: goes up, and down again while it is undone. */
export function percentOf(run: PlanRun, current: number, fraction: number): number {
  const whole = run.steps.reduce((sum, { weight }) => sum + weight, 0);
  const done = run.steps.reduce((sum, { weight, status }, index) => {
    if (index === current && (status === "begun" || status === "undoing")) {
      return sum + weight * (status === "begun" ? fraction : 1 - fraction);
    }
    return sum + (["done", "skipped", "tolerated", "undoFailed"].includes(status) ? weight : 0);
  }, 0);
  return whole === 0 ? 100 : Math.round((1000 * done) / whole) / 10;
}
