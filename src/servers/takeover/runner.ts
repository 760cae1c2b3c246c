import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ServerSettings } from "../../project/server.ts";
import { execute, resultOf } from "../plan/execute.ts";
import { type Journal, openJournal, reserveRoom } from "../plan/journal.ts";
import { type InForce, type PlanState, standingOf } from "../plan/plan-state.ts";
import type { PlanBegun } from "../plan/record.ts";
import type { Memo, Step } from "../plan/step.ts";
import type {
  PlanKind,
  PlannedStep,
  PlanResult,
  RunOptions,
  Standing,
  TakeoverParts,
  TakeoverRunner,
} from "../seams.ts";
import { Announcer } from "./announcer.ts";
import { askServiceWith } from "./ask-service.ts";
import { Jobs } from "./job.ts";
import { failbackSteps, takeoverSteps, testSteps } from "./plans.ts";
import { createRunProgram, type RunProgram } from "./program.ts";
import type { StepTools } from "./step-tools.ts";
import { testNamespace } from "./test-network.ts";

/** What else a runner is made of; tests put something between. */
export interface RunnerEdges {
  readonly journal: (journal: Journal) => Journal;
  readonly programs: (run: RunProgram) => RunProgram;
  readonly hasSystemd: boolean;
}

const noEdges: RunnerEdges = {
  journal: (journal) => journal,
  programs: (run) => run,
  // What systemd's own sd_booted looks at.
  hasSystemd: existsSync("/run/systemd/system"),
};

/** The runner of this machine. It keeps each server's journal in `servers/NAME` of the state directory. */
export function createTakeoverRunner(parts: TakeoverParts, edges: Partial<RunnerEdges> = {}): TakeoverRunner {
  return new Runner(parts, { ...noEdges, ...edges });
}

/** What a plan is made from, as it stands in the journal. */
interface Snapshot {
  readonly server: ServerSettings;
  /** Name of a test's network; null = the plan is for this machine's. */
  readonly namespace: string | null;
  /** Of a failback: what it takes back, and whether the takeover was whole. */
  readonly taken: readonly InForce[];
  readonly wasWhole: boolean;
}

class Runner implements TakeoverRunner {
  readonly #parts: TakeoverParts;
  readonly #edges: RunnerEdges;
  /** Those of this machine's own network live as long as the runner: what they repeat can be ended by a later plan. */
  readonly #announcer = new Announcer(null);
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(parts: TakeoverParts, edges: RunnerEdges) {
    this.#parts = parts;
    this.#edges = edges;
  }

  async plan(server: ServerSettings, kind: PlanKind): Promise<readonly PlannedStep[]> {
    const { state } = await this.#open(server);
    const snapshot = this.#snapshotFor(server, kind, state);
    const steps = this.#steps(kind, "", snapshot);
    return await Promise.all(
      steps.map(async (step): Promise<PlannedStep> => {
        const [name, text] = [step.name, step.describe()];
        if (kind !== "takeover") return { name, text, problem: null };
        const { isSo, problem } = await this.#lookAt(step, state);
        const note = problem === null ? (isSo ? " (is so already)" : "") : ` (would fail: ${problem})`;
        return { name, text: `${text}${note}`, problem };
      }),
    );
  }

  /** What is known of a step without doing it; a check that fails says what would. */
  async #lookAt(
    step: Step,
    state: PlanState,
  ): Promise<{ readonly isSo: boolean; readonly problem: string | null }> {
    const signal = AbortSignal.timeout(step.timeoutMs);
    const io = { signal, attempt: "plan", progress: () => undefined };
    const known = state.inForce.find(({ name }) => name === step.name) ?? null;
    try {
      return { isSo: await step.check(io, known), problem: null };
    } catch (error) {
      return { isSo: false, problem: error instanceof Error ? error.message : String(error) };
    }
  }

  run(server: ServerSettings, kind: PlanKind, options: RunOptions): Promise<PlanResult> {
    return this.#inTurn(server, () => this.#run(server, kind, options));
  }

  async #run(server: ServerSettings, kind: PlanKind, options: RunOptions): Promise<PlanResult> {
    const journal = await this.#open(server);
    const refusal = refusalOf(kind, standingOf(journal.state));
    if (refusal !== null) return { kind, outcome: "stopped", steps: [], detail: refusal };
    await this.#forgetJobs(server);
    const snapshot = this.#snapshotFor(server, kind, journal.state);
    const steps = this.#steps(kind, options.reason, snapshot);
    try {
      await journal.append(begunRecord(kind, options.reason, steps, snapshot));
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return { kind, outcome: "stopped", steps: [], detail };
    }
    return this.#execute(steps, journal, server, options);
  }

  async standing(server: ServerSettings): Promise<Standing> {
    await reserveRoom(this.#journalFile(server));
    return standingOf((await this.#open(server)).state);
  }

  resume(server: ServerSettings, options: RunOptions): Promise<PlanResult | null> {
    return this.#inTurn(server, async () => {
      const journal = await this.#open(server);
      const { run } = journal.state;
      if (run === null) return null;
      if (run.outcome !== null) return null;
      const steps = this.#steps(run.kind, run.reason, run.snapshot as unknown as Snapshot);
      return this.#execute(steps, journal, server, options);
    });
  }

  async #execute(
    steps: readonly Step[],
    journal: Journal,
    server: ServerSettings,
    options: RunOptions,
  ): Promise<PlanResult> {
    const { onProgress, signal } = options;
    const { onStepFailure } = server.failover;
    const result = await execute(steps, journal, { onProgress, signal, onStepFailure });
    const run = journal.state.run;
    return run?.outcome === null || run === null ? result : resultOf(run);
  }

  async #open(server: ServerSettings): Promise<Journal> {
    const journal = await openJournal(this.#journalFile(server), () => this.#parts.clock.wallMs());
    return this.#edges.journal(journal);
  }

  #directory(server: ServerSettings): string {
    return join(this.#parts.stateDirectory, "servers", server.name.toLowerCase());
  }

  #journalFile(server: ServerSettings): string {
    return join(this.#directory(server), "takeover.journal");
  }

  /** The ends of commands are asked for again only within the plan that began them. */
  async #forgetJobs(server: ServerSettings): Promise<void> {
    await rm(this.#jobsDirectory(server), { recursive: true, force: true });
  }

  #jobsDirectory(server: ServerSettings): string {
    return join(this.#directory(server), "jobs");
  }

  #snapshotFor(server: ServerSettings, kind: PlanKind, state: PlanState): Snapshot {
    return {
      server,
      namespace: kind === "test" ? testNamespace() : null,
      taken: kind === "failback" ? state.inForce : [],
      wasWhole: state.stands === "standingIn",
    };
  }

  #steps(kind: PlanKind, reason: string, snapshot: Snapshot): readonly Step[] {
    const { server, namespace } = snapshot;
    const tools = this.#tools(server, kind, reason, namespace);
    switch (kind) {
      case "takeover":
        return takeoverSteps(server, tools);
      case "test":
        return testSteps(server, namespace ?? testNamespace(), tools);
      case "failback":
        return failbackSteps(server, this.#takenSteps(snapshot, reason), snapshot.wasWhole, tools);
    }
  }

  /** Each step that is in force, made from the settings under which it was done. */
  #takenSteps({ taken }: Snapshot, reason: string): readonly Step[] {
    return taken.flatMap(({ name, snapshot }) => {
      const then = snapshot as unknown as Snapshot;
      const tools = this.#tools(then.server, "failback", reason, null);
      return takeoverSteps(then.server, tools).filter((step) => step.name === name);
    });
  }

  #tools(server: ServerSettings, kind: PlanKind, reason: string, namespace: string | null): StepTools {
    const { projectFile, replication, askLive } = this.#parts;
    const { programs, hasSystemd } = this.#edges;
    const runOutside = programs(createRunProgram(null));
    return {
      kind,
      reason,
      projectFile,
      run: namespace === null ? runOutside : programs(createRunProgram(namespace)),
      runOutside,
      jobs: new Jobs(this.#jobsDirectory(server), namespace),
      announcer: namespace === null ? this.#announcer : new Announcer(namespace),
      askService: askServiceWith(server, namespace, this.#parts.askOpcState ?? null),
      replication,
      askLive,
      hasSystemd,
    };
  }

  async #inTurn<T>(server: ServerSettings, action: () => Promise<T>): Promise<T> {
    const key = server.name.toLowerCase();
    const result = (this.#turns.get(key) ?? Promise.resolve()).then(action, action);
    this.#turns.set(
      key,
      result.catch(() => undefined),
    );
    return result;
  }
}

function begunRecord(kind: PlanKind, reason: string, steps: readonly Step[], snapshot: Snapshot): PlanBegun {
  return {
    event: "planBegun",
    plan: randomBytes(6).toString("hex"),
    kind,
    reason,
    steps: steps.map((step) => ({
      name: step.name,
      reverses: step.reverses,
      weight: step.weight,
      text: step.describe(),
    })),
    snapshot: snapshot as unknown as Memo,
  };
}

function refusalOf(kind: PlanKind, standing: Standing): string | null {
  if (standing.kind === "underWay") {
    return `a ${standing.plan} was broken off and must be resumed first`;
  }
  if (kind === "test" && standing.kind !== "none") return "this machine stands in: nothing can be tested now";
  return null;
}
