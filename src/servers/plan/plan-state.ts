import type { PlanKind, PlanOutcome, Standing } from "../seams.ts";
import type { PlanBegun, PlanRecord, RecordedStep, StepRecord } from "./record.ts";
import type { Known, Memo } from "./step.ts";

export type StepStatus =
  | "pending"
  | "begun"
  | "done"
  | "skipped"
  | "failed"
  | "tolerated"
  | "undoing"
  | "undone"
  | "undoFailed";

export interface StepMark extends RecordedStep {
  readonly status: StepStatus;
  readonly memo: Memo;
  /** What a step of a failback takes back, as it was; null for other steps and until it is begun. */
  readonly taken: InForce | null;
  readonly detail: string;
}

/** A step of a takeover that was begun and not undone. */
export interface InForce extends Known {
  readonly name: string;
  readonly snapshot: Memo;
}

export interface PlanRun {
  readonly id: string;
  readonly kind: PlanKind;
  readonly reason: string;
  readonly snapshot: Memo;
  readonly steps: readonly StepMark[];
  readonly turnedBack: boolean;
  /** What failed first; null = nothing. */
  readonly failure: string | null;
  readonly outcome: PlanOutcome | null;
  readonly detail: string;
}

/** Everything that the journal of a server says. */
export interface PlanState {
  /** The last plan, ended or not. */
  readonly run: PlanRun | null;
  /** In the order in which they were begun. */
  readonly inForce: readonly InForce[];
  /** Between plans. */
  readonly stands: "none" | "standingIn" | "partly";
}

export const emptyPlanState: PlanState = Object.freeze({
  run: null,
  inForce: Object.freeze([]),
  stands: "none",
});

export function inForceOf(state: PlanState, name: string): InForce | null {
  return state.inForce.find((each) => each.name === name) ?? null;
}

/** The state after one more record. A record that does not fit changes nothing. */
export function withRecord(state: PlanState, record: PlanRecord): PlanState {
  if (record.event === "planBegun") return { ...state, run: newRun(record) };
  const { run } = state;
  if (run === null || run.outcome !== null) return state;
  if (record.event === "planEnded") return ended(state, run, record.outcome, record.detail);
  if (record.event === "turnedBack") return { ...state, run: { ...run, turnedBack: true } };
  const mark = run.steps[record.step];
  return mark === undefined ? state : withStepRecord(state, run, mark, record);
}

function withStepRecord(state: PlanState, run: PlanRun, mark: StepMark, record: StepRecord): PlanState {
  const marked = (change: Partial<StepMark>): PlanState => ({
    ...state,
    run: { ...run, steps: run.steps.with(record.step, { ...mark, ...change }) },
  });
  switch (record.event) {
    case "stepBegun":
      return begun(state, marked, run, mark, record.memo);
    case "stepDone":
      return completed(marked({ status: "done", detail: record.detail }), mark);
    case "stepSkipped":
      return marked({ status: "skipped", detail: record.detail });
    case "stepFailed": {
      const failed = marked({ status: record.tolerated ? "tolerated" : "failed", detail: record.detail });
      return record.tolerated
        ? completed(failed, mark)
        : withFailure(failed, `${mark.name}: ${record.detail}`);
    }
    case "undoBegun":
      return mark.reverses === null
        ? marked({ status: "undoing" })
        : takenBack(marked({ status: "undoing" }), mark.taken);
    case "undoDone":
      return undone(marked({ status: "undone", detail: record.detail }), mark);
    case "undoFailed": {
      const failed = marked({ status: "undoFailed", detail: record.detail });
      return withFailure(failed, `undo of ${mark.name}: ${record.detail}`);
    }
  }
}

function newRun(record: PlanBegun): PlanRun {
  const { plan, kind, reason, snapshot } = record;
  const steps = record.steps.map(
    (step): StepMark => ({ ...step, status: "pending", memo: null, taken: null, detail: "" }),
  );
  return {
    id: plan,
    kind,
    reason,
    snapshot,
    steps,
    turnedBack: false,
    failure: null,
    outcome: null,
    detail: "",
  };
}

function withFailure(state: PlanState, failure: string): PlanState {
  const { run } = state;
  return run === null ? state : { ...state, run: { ...run, failure: run.failure ?? failure } };
}

/** What is begun is in force until it is undone: nobody knows how far it came. */
function begun(
  state: PlanState,
  marked: (change: Partial<StepMark>) => PlanState,
  run: PlanRun,
  mark: StepMark,
  memo: Memo,
): PlanState {
  const taken = mark.reverses === null ? null : inForceOf(state, mark.reverses);
  const next = marked({ status: "begun", memo, taken });
  // The other steps of a failback leave nothing that would have to be undone.
  if (run.kind === "failback" || inForceOf(state, mark.name) !== null) return next;
  const entry: InForce = { name: mark.name, memo, complete: false, snapshot: run.snapshot };
  return { ...next, inForce: [...next.inForce, entry] };
}

/** A step of a failback is undone, that is, the takeover's step is done again: it is in force from now on. */
function takenBack(state: PlanState, taken: InForce | null): PlanState {
  if (taken === null) return state;
  return { ...state, inForce: [...without(state.inForce, taken.name), { ...taken, complete: false }] };
}

function completed(state: PlanState, mark: StepMark): PlanState {
  if (mark.reverses !== null) return { ...state, inForce: without(state.inForce, mark.reverses) };
  return { ...state, inForce: complete(state.inForce, mark.name) };
}

function undone(state: PlanState, mark: StepMark): PlanState {
  if (mark.reverses !== null) return { ...state, inForce: complete(state.inForce, mark.reverses) };
  return { ...state, inForce: without(state.inForce, mark.name) };
}

function complete(inForce: readonly InForce[], name: string): readonly InForce[] {
  return inForce.map((each) => (each.name === name ? { ...each, complete: true } : each));
}

function without(inForce: readonly InForce[], name: string): readonly InForce[] {
  return inForce.filter((each) => each.name !== name);
}

function ended(state: PlanState, run: PlanRun, outcome: PlanOutcome, detail: string): PlanState {
  const over = { ...state, run: { ...run, outcome, detail } };
  if (run.kind !== "takeover" && outcome === "done") return { ...over, inForce: [], stands: "none" };
  if (run.kind === "takeover" && outcome === "done") return { ...over, stands: "standingIn" };
  if (state.inForce.length === 0) return { ...over, stands: "none" };
  // A failback that was taken back whole, or that came to nothing, leaves what was before it.
  const untouched = run.steps.every(
    ({ status, reverses }) =>
      reverses === null || status === "pending" || status === "undone" || status === "skipped",
  );
  if (run.kind === "failback" && untouched) return over;
  return { ...over, stands: "partly" };
}

/** What the journal says to the host after a start. */
export function standingOf(state: PlanState): Standing {
  const { run, inForce, stands } = state;
  if (run !== null && run.outcome === null) return { kind: "underWay", plan: run.kind, reason: run.reason };
  if (stands !== "partly") return { kind: stands };
  const names = inForce.map(({ name }) => name).join(", ");
  return { kind: "partly", detail: `in force: ${names}; ${run?.detail ?? ""}` };
}
