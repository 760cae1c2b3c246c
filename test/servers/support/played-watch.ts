import type { DiagnosticRecord } from "../../../src/diagnostics/event.ts";
import { newProject } from "../../../src/project/project-document.ts";
import type { ServerSettings } from "../../../src/project/server.ts";
import type { Maintenance, ServerState } from "../../../src/project/server-state.ts";
import type { NewServer } from "../../../src/project/servers.ts";
import type { Round, RoundVerdict } from "../../../src/servers/probes/rounds.ts";
import type {
  PlanKind,
  PlannedStep,
  PlanOutcome,
  PlanResult,
  ReplicationStatus,
  Replicator,
  RunOptions,
  Standing,
  TakeoverRunner,
} from "../../../src/servers/seams.ts";
import { ServerWatch } from "../../../src/servers/watch/server-watch.ts";
import { Stage } from "../../../src/servers/watch/stage.ts";
import { ManualClock, settled } from "../../opc/fixtures/hosted-pair.ts";

/** Settings with all defaults filled in. */
export function serverSettings(server: NewServer): ServerSettings {
  const [settings] = newProject().addServer(server).project.servers;
  if (settings === undefined) throw new Error("there is no server");
  return settings;
}

/** Plans as a test plays them: each run waits until the test says how it ends. */
export class PlayedRunner implements TakeoverRunner {
  standingNow: Standing = { kind: "none" };
  readonly runs: {
    readonly kind: PlanKind;
    readonly resumed: boolean;
    readonly options: RunOptions;
    readonly end: (outcome: PlanOutcome, standing: Standing["kind"], detail?: string) => Promise<void>;
  }[] = [];

  async plan(_server: ServerSettings, kind: PlanKind): Promise<readonly PlannedStep[]> {
    return [{ name: "step", text: `the only step of the ${kind}`, problem: null }];
  }
  async standing(): Promise<Standing> {
    return this.standingNow;
  }
  run(_server: ServerSettings, kind: PlanKind, options: RunOptions): Promise<PlanResult> {
    return this.#begin(kind, options, false);
  }
  async resume(_server: ServerSettings, options: RunOptions): Promise<PlanResult | null> {
    return this.standingNow.kind === "underWay"
      ? await this.#begin(this.standingNow.plan, options, true)
      : null;
  }
  get last(): PlayedRunner["runs"][number] {
    const last = this.runs.at(-1);
    if (last === undefined) throw new Error("no plan was run");
    return last;
  }
  #begin(kind: PlanKind, options: RunOptions, resumed: boolean): Promise<PlanResult> {
    return new Promise((resolve) => {
      const end = async (
        outcome: PlanOutcome,
        standing: Standing["kind"],
        detail = "told by the test",
      ): Promise<void> => {
        this.standingNow =
          standing === "partly"
            ? { kind: standing, detail }
            : standing === "underWay"
              ? { kind: standing, plan: kind, reason: options.reason }
              : { kind: standing };
        resolve({ kind, outcome, steps: [], detail });
        await settle();
      };
      this.runs.push({ kind, resumed, options, end });
    });
  }
}

export class PlayedReplicator implements Replicator {
  readonly kind: Replicator["kind"];
  readonly name: string;
  running = false;
  phase: ReplicationStatus["phase"] | null = null;
  readonly copies: string[] = [];
  failure: Error | null = null;

  constructor(kind: Replicator["kind"], name: string) {
    this.kind = kind;
    this.name = name;
  }
  start(): void {
    this.running = true;
  }
  async stop(): Promise<void> {
    this.running = false;
  }
  async check(): Promise<readonly []> {
    return [];
  }
  status(): ReplicationStatus {
    return {
      phase: this.phase ?? (this.running ? "idle" : "off"),
      percent: null,
      bytes: 0,
      bytesPerSecond: 0,
      completeUntilMs: null,
      lagMs: null,
      lastError: null,
      detail: "",
    };
  }
  async runOnce(direction: string, onProgress: (percent: number, detail: string) => void): Promise<void> {
    this.copies.push(direction);
    onProgress(50, "half");
    if (this.failure) throw this.failure;
  }
}

export interface PlayedWatch {
  readonly watch: ServerWatch;
  readonly clock: ManualClock;
  readonly runner: PlayedRunner;
  readonly stage: Stage;
  readonly files: PlayedReplicator;
  readonly database: PlayedReplicator;
  readonly events: DiagnosticRecord[];
  readonly saved: Omit<ServerState, "boot">[];
  /** What rounds of probes say from here on. */
  says(verdict: RoundVerdict): void;
  /** Rounds asked so far. */
  readonly rounds: () => number;
  kinds(): readonly string[];
}

/** A watch with played probes, plans and copies, on a clock moved by hand. */
export function playedWatch(
  server: NewServer,
  options: {
    readonly clock?: ManualClock;
    readonly stage?: Stage;
    readonly runner?: PlayedRunner;
    readonly maintenance?: Maintenance;
    readonly rebooted?: boolean;
    readonly hasMaintenance?: boolean;
  } = {},
): PlayedWatch {
  const clock = options.clock ?? new ManualClock();
  const stage = options.stage ?? new Stage();
  const runner = options.runner ?? new PlayedRunner();
  const files = new PlayedReplicator("files", "/copy");
  const database = new PlayedReplicator("database", "files_shop");
  const events: DiagnosticRecord[] = [];
  const saved: Omit<ServerState, "boot">[] = [];
  let verdict: RoundVerdict = "well";
  let rounds = 0;
  const watch = new ServerWatch({
    server: serverSettings(server),
    context: {
      projectFile: "redundancymaster.xml",
      stateDirectory: ".",
      report: (record) => events.push(record),
      clock: { nowMs: () => clock.nowMs(), wallMs: () => 1_700_000_000_000 + clock.nowMs() },
    },
    hostClock: clock,
    rounds: {
      hasMaintenance: options.hasMaintenance ?? false,
      async ask(): Promise<Round> {
        rounds += 1;
        return { verdict, detail: `played ${verdict}`, tookMs: 1, answers: [] };
      },
    },
    runner,
    replicators: [files, database],
    stage,
    maintenance: options.maintenance ?? "none",
    rebooted: options.rebooted ?? false,
    lastWork: null,
    save: async (state) => {
      saved.push(state);
    },
    onQuiet: () => undefined,
  });
  return {
    watch,
    clock,
    runner,
    stage,
    files,
    database,
    events,
    saved,
    says: (next) => {
      verdict = next;
    },
    rounds: () => rounds,
    kinds: () => events.map(({ kind }) => kind),
  };
}

/** Lets what follows from an input, over several turns of the event loop, come about. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await settled();
}

/** Moves the clock on in small steps, so that promises of every turn settle in between. */
export async function pass(clock: ManualClock, ms: number, stepMs = 100): Promise<void> {
  for (let done = 0; done < ms; done += stepMs) {
    await clock.advance(Math.min(stepMs, ms - done));
    await settle();
  }
}
