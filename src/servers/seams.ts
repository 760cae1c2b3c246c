import type { Clock } from "../diagnostics/clock.ts";
import type { ReportEvent } from "../diagnostics/event.ts";
import type { ServerSettings } from "../project/server.ts";
import type { ReplicationFinding } from "./replication/check-finding.ts";

/** What every part of a protected server is given. */
export interface ServerContext {
  /** Relative paths and `file:` references in the settings are relative to its directory. */
  readonly projectFile: string;
  /** Where journals and the like are kept, each part in a directory of its own. */
  readonly stateDirectory: string;
  readonly report: ReportEvent;
  readonly clock: Clock;
}

// --- takeover plans -------------------------------------------------------------------------------

/**
 * `takeover`: this machine assumes the server's role; `failback`: gives it back, which undoes whatever a
 * takeover has done so far, also one that broke off; `test`: a takeover cut off from the network, which is
 * undone at its end.
 */
export type PlanKind = "takeover" | "failback" | "test";

/** One step of a plan as it is told to people. */
export interface PlannedStep {
  /** Short and stable, e.g. `addresses`. */
  readonly name: string;
  /** One line: what will be done, with names and addresses. */
  readonly text: string;
  /** Why it would fail if it were done now; null = nothing is known against it. */
  readonly problem: string | null;
}

export type StepOutcome = "running" | "done" | "skipped" | "failed" | "undone" | "undoFailed";

/** Told whenever a step begins, moves on or ends. */
export interface PlanProgress {
  readonly kind: PlanKind;
  /** 1-based. */
  readonly step: number;
  readonly steps: number;
  readonly name: string;
  readonly outcome: StepOutcome;
  /** Of the whole plan, 0 to 100. */
  readonly percent: number;
  readonly detail: string;
}

/**
 * - `done`: every step is done
 * - `stopped`: a step failed and what was done stands, for an operator to decide
 * - `rolledBack`: a step failed and everything done was undone
 * - `cancelled`: stopped by the caller between two steps; what was done stands
 */
export type PlanOutcome = "done" | "stopped" | "rolledBack" | "cancelled";

export interface PlanResult {
  readonly kind: PlanKind;
  readonly outcome: PlanOutcome;
  readonly steps: readonly {
    readonly name: string;
    readonly outcome: StepOutcome;
    readonly detail: string;
  }[];
  /** One sentence: what failed, or that all went well. */
  readonly detail: string;
}

export interface RunOptions {
  /** Ends up in the journal and in events. */
  readonly reason: string;
  readonly onProgress: (progress: PlanProgress) => void;
  readonly signal: AbortSignal;
}

/** What the journal of a server says after a start of this process. */
export type Standing =
  /** No step of a takeover is in force. */
  | { readonly kind: "none" }
  /** A plan was broken off by the end of the process; `resume` finishes it. */
  | { readonly kind: "underWay"; readonly plan: PlanKind; readonly reason: string }
  /** A takeover is done and in force. */
  | { readonly kind: "standingIn" }
  /** Some steps are in force, and an operator has to decide. */
  | { readonly kind: "partly"; readonly detail: string };

/** Carries out takeover plans for one or more servers. Plans of one server run one after another. */
export interface TakeoverRunner {
  /** What a plan would do now; runs nothing that changes anything. */
  plan(server: ServerSettings, kind: PlanKind): Promise<readonly PlannedStep[]>;
  /** Never rejects for a step that fails: that is the result. */
  run(server: ServerSettings, kind: PlanKind, options: RunOptions): Promise<PlanResult>;
  standing(server: ServerSettings): Promise<Standing>;
  /** Goes on with the plan that is `underWay`; null where none is. */
  resume(server: ServerSettings, options: RunOptions): Promise<PlanResult | null>;
}

/** What the steps of a plan ask of the replication of a server. */
export interface ReplicationControl {
  /** Ends all replication from the live server, so that the copies can be used; resolves when nothing is under way. */
  stop(server: ServerSettings): Promise<void>;
  /** Copies everything back to the live server. Rejects where a copy fails. */
  toLive(
    server: ServerSettings,
    onProgress: (percent: number, detail: string) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

/** Whether the live server answers its probes at this moment: asked by the last step of a failback. */
export type AskLive = (server: ServerSettings, signal: AbortSignal) => Promise<boolean>;

export interface TakeoverParts extends ServerContext {
  readonly replication: ReplicationControl;
  readonly askLive: AskLive;
  /** For services whose readiness is an OPC state; without it an open port must do. */
  readonly askOpcState?: (endpointUrl: string, signal: AbortSignal) => Promise<string>;
}

export type CreateTakeoverRunner = (parts: TakeoverParts) => TakeoverRunner;

// --- replication ----------------------------------------------------------------------------------

export type ReplicationDirection = "fromLive" | "toLive";

/** `off` not wanted; `scanning` looking for differences; `idle` equal at the last look; `retrying`; `copying` all. */
export type ReplicationPhase = "off" | "scanning" | "idle" | "retrying" | "copying";

/** What there is to say of one replication; every time is a wall clock time in ms since 1970. */
export interface ReplicationStatus {
  readonly phase: ReplicationPhase;
  /** Of the copy under way, 0 to 100; null while none is. */
  readonly percent: number | null;
  readonly bytes: number;
  readonly bytesPerSecond: number;
  /** All that had changed until then has arrived; null before the first time. */
  readonly completeUntilMs: number | null;
  /** How far the copy is behind, in ms; null where that is not known. */
  readonly lagMs: number | null;
  readonly lastError: { readonly code: string; readonly message: string; readonly atMs: number } | null;
  /** One line for people: what was copied last, or what stands in the way. */
  readonly detail: string;
}

/** One tree of files or one database of a server. */
export interface Replicator {
  readonly kind: "files" | "database";
  /** The destination, or the name of the copy. */
  readonly name: string;
  /** Begins to keep the copy like the original, or goes on with it. Idempotent. */
  start(): void;
  /** Resolves when nothing is under way any more and the copy can be used. Idempotent. */
  stop(): Promise<void>;
  status(): ReplicationStatus;
  /** Looks at what it depends on and changes nothing. */
  check(signal: AbortSignal): Promise<readonly ReplicationFinding[]>;
  /** One whole copy in either direction, started or not. Rejects with what kept it from being done. */
  runOnce(
    direction: ReplicationDirection,
    onProgress: (percent: number, detail: string) => void,
    signal: AbortSignal,
  ): Promise<void>;
}
