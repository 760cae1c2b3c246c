import type { WorkKind, WorkStatus } from "../../control/servers-api.ts";
import type { PlanProgress, PlanResult } from "../seams.ts";

/** Something that takes its time for a server: a plan or a copy. One at a time. */
export class Work {
  readonly abort = new AbortController();
  readonly #startedMs: number;
  readonly #nowMs: () => number;
  #status: WorkStatus;

  constructor(
    id: number,
    kind: WorkKind,
    reason: string,
    time: { readonly nowMs: () => number; readonly wallMs: number },
  ) {
    this.#nowMs = time.nowMs;
    this.#startedMs = time.nowMs();
    this.#status = Object.freeze({
      id,
      kind,
      reason,
      startedAt: new Date(time.wallMs).toISOString(),
      percent: 0,
      detail: "begins",
      outcome: null,
      steps: [],
    });
  }

  get status(): WorkStatus {
    return this.#status;
  }

  get tookMs(): number {
    return this.#nowMs() - this.#startedMs;
  }

  progress(percent: number, detail: string): void {
    this.#change({ percent: Math.round(percent), detail });
  }

  readonly onStep = (progress: PlanProgress): void => {
    const { name, outcome, detail } = progress;
    const others = this.#status.steps.filter((step) => step.name !== name);
    const text = detail === "" ? `${name}: ${outcome}` : `${name}: ${detail}`;
    this.#change({
      percent: Math.round(progress.percent),
      detail: text,
      steps: [...others, { name, outcome, detail }],
    });
  };

  endWith(result: PlanResult): void {
    const outcome =
      result.outcome === "done" ? "done" : result.outcome === "cancelled" ? "cancelled" : "failed";
    this.#change({
      outcome,
      detail: result.detail,
      steps: result.steps,
      ...(outcome === "done" ? { percent: 100 } : {}),
    });
  }

  end(outcome: "done" | "failed" | "cancelled", detail: string): void {
    this.#change({ outcome, detail, ...(outcome === "done" ? { percent: 100 } : {}) });
  }

  #change(change: Partial<WorkStatus>): void {
    this.#status = Object.freeze({ ...this.#status, ...change });
  }
}
