import { UnderstudyError } from "../../core/error.ts";
import type { PlanProgress, PlanResult, RunOptions, StepOutcome } from "../seams.ts";
import { type Deed, nextAction, percentOf, whatStands } from "./decide.ts";
import type { Journal } from "./journal.ts";
import { inForceOf, type PlanRun, type StepMark, type StepStatus } from "./plan-state.ts";
import type { Known, Memo, Step, StepIo } from "./step.ts";
import { inTime } from "./time-limit.ts";

export interface ExecuteOptions extends Omit<RunOptions, "reason"> {
  readonly onStepFailure: "stop" | "rollBack";
}

/**
 * Carries the plan that is under way in the journal to its end. Does nothing by itself: `nextAction` decides,
 * every decision is journaled before it is acted upon, and so this may be called again after a kill at any point.
 * Never rejects: what fails is the result.
 */
export async function execute(
  steps: readonly Step[],
  journal: Journal,
  options: ExecuteOptions,
): Promise<PlanResult> {
  try {
    for (;;) {
      const cancelled = options.signal.aborted;
      const action = nextAction(journal.state, { onStepFailure: options.onStepFailure, cancelled });
      if (action.kind === "nothing") return resultOf(runOf(journal));
      await carryOut(action, steps, journal, options);
    }
  } catch (error) {
    // The journal itself cannot be written. Nothing more is begun.
    const run = runOf(journal);
    const { detail } = failureOf(error);
    const said = `${detail}; ${whatStands(journal.state, run)}`;
    return { ...resultOf(run), outcome: "stopped", detail: said };
  }
}

async function carryOut(
  action: Deed,
  steps: readonly Step[],
  journal: Journal,
  options: ExecuteOptions,
): Promise<void> {
  switch (action.kind) {
    case "do":
    case "undo": {
      const step = stepAt(steps, action.step, runOf(journal).steps[action.step]);
      const worker = new StepWorker(step, action.step, journal, options);
      return action.kind === "do" ? worker.do() : worker.undo();
    }
    case "turnBack":
      return journal.append({ event: "turnedBack", detail: action.detail });
    case "end":
      return journal.append({ event: "planEnded", outcome: action.outcome, detail: action.detail });
  }
}

class StepWorker {
  readonly #step: Step;
  readonly #index: number;
  readonly #journal: Journal;
  readonly #options: ExecuteOptions;

  constructor(step: Step, index: number, journal: Journal, options: ExecuteOptions) {
    this.#step = step;
    this.#index = index;
    this.#journal = journal;
    this.#options = options;
  }

  async do(): Promise<void> {
    const { reverses } = this.#step;
    const step = this.#index;
    try {
      const known = inForceOf(this.#journal.state, reverses ?? this.#step.name);
      if (reverses !== null && known === null) {
        return await this.#end("skipped", { event: "stepSkipped", step, detail: "not in force" });
      }
      const isBegun = runOf(this.#journal).steps[step]?.status === "begun";
      if (!isBegun && (await this.#isDone(known))) {
        return await this.#end("skipped", { event: "stepSkipped", step, detail: "done already" });
      }
      const memo = known?.memo ?? (await this.#limited("look", (io) => this.#step.prepare(io)));
      if (!isBegun) await this.#journal.append({ event: "stepBegun", step, memo });
      this.#tell("running", this.#step.describe());
      const detail = await this.#limited("do", (io) => this.#step.do(io, memo));
      await this.#end("done", { event: "stepDone", step, detail });
    } catch (error) {
      await this.#failed(error);
    }
  }

  async #isDone(known: Known | null): Promise<boolean> {
    return this.#limited("look", (io) => this.#step.check(io, known));
  }

  async #failed(error: unknown): Promise<void> {
    if (isOfJournal(error)) throw error;
    // Broken off by the caller, not failed: it stays as far as it came.
    if (this.#options.signal.aborted && this.#step.interruptible) return;
    const tolerated = this.#step.mayFail;
    const { code, detail } = failureOf(error);
    await this.#end("failed", { event: "stepFailed", step: this.#index, code, detail, tolerated });
  }

  async undo(): Promise<void> {
    const step = this.#index;
    const memo = this.#memoForUndo();
    try {
      const isBegun = runOf(this.#journal).steps[step]?.status === "undoing";
      if (!isBegun) await this.#journal.append({ event: "undoBegun", step });
      this.#tell("running", `undo: ${this.#step.describe()}`);
      const detail = await this.#limited("undo", (io) => this.#step.undo(io, memo));
      await this.#end("undone", { event: "undoDone", step, detail });
    } catch (error) {
      if (isOfJournal(error)) throw error;
      await this.#end("undoFailed", { event: "undoFailed", step, ...failureOf(error) });
    }
  }

  #memoForUndo(): Memo {
    const known = this.#step.reverses === null ? inForceOf(this.#journal.state, this.#step.name) : null;
    return known?.memo ?? runOf(this.#journal).steps[this.#index]?.memo ?? null;
  }

  async #end(outcome: StepOutcome, record: Parameters<Journal["append"]>[0] & { readonly detail: string }) {
    await this.#journal.append(record);
    this.#tell(outcome, record.detail);
  }

  #tell(outcome: StepOutcome, detail: string, fraction = 0): void {
    const run = runOf(this.#journal);
    const progress: PlanProgress = {
      kind: run.kind,
      step: this.#index + 1,
      steps: run.steps.length,
      name: this.#step.name,
      outcome,
      percent: percentOf(run, this.#index, fraction),
      detail,
    };
    this.#options.onProgress(Object.freeze(progress));
  }

  #limited<T>(phase: "look" | "do" | "undo", work: (io: StepIo) => Promise<T>): Promise<T> {
    // What is undone is undone to its end, cancelled or not.
    const isCancellable = phase !== "undo" && this.#step.interruptible;
    const outer = isCancellable ? this.#options.signal : null;
    return inTime(this.#step.name, this.#step.timeoutMs, outer, (signal) =>
      work({
        signal,
        attempt: `${runOf(this.#journal).id}-${this.#index + 1}-${phase}`,
        progress: (fraction, detail) => this.#tell("running", detail, Math.min(1, Math.max(0, fraction))),
      }),
    );
  }
}

function runOf(journal: Journal): PlanRun {
  const { run } = journal.state;
  if (run === null)
    throw new UnderstudyError("TAKEOVER_JOURNAL_UNUSABLE", "No plan was begun in the journal.");
  return run;
}

/** The step of the plan at hand must be the one that the journal names: a plan is made from its own settings. */
function stepAt(steps: readonly Step[], index: number, mark: StepMark | undefined): Step {
  const step = steps[index];
  if (step !== undefined && mark !== undefined && step.name === mark.name) return step;
  throw new UnderstudyError(
    "TAKEOVER_JOURNAL_DAMAGED",
    `The journal names step ${index + 1} ${mark?.name ?? "nothing"}, the plan made from it ${step?.name ?? "nothing"}.`,
  );
}

function isOfJournal(error: unknown): boolean {
  return error instanceof UnderstudyError && error.code.startsWith("TAKEOVER_JOURNAL_");
}

function failureOf(error: unknown): { readonly code: string; readonly detail: string } {
  const detail = error instanceof Error ? error.message : String(error);
  return { code: error instanceof UnderstudyError ? error.code : "STEP_FAILED", detail };
}

const outcomes: Readonly<Record<StepStatus, StepOutcome | null>> = {
  pending: null,
  begun: "running",
  done: "done",
  skipped: "skipped",
  failed: "failed",
  tolerated: "failed",
  undoing: "running",
  undone: "undone",
  undoFailed: "undoFailed",
};

/** What came of a plan; steps that were not reached are left out. */
export function resultOf(run: PlanRun): PlanResult {
  const steps = run.steps.flatMap(({ name, status, detail }) => {
    const outcome = outcomes[status];
    return outcome === null ? [] : [{ name, outcome, detail }];
  });
  return { kind: run.kind, outcome: run.outcome ?? "stopped", steps, detail: run.detail };
}
