import type { ProbeSettings } from "../../project/server.ts";
import type { AskLive, PlanKind, ReplicationControl } from "../seams.ts";
import type { Announcer } from "./announcer.ts";
import type { Jobs } from "./job.ts";
import type { RunProgram } from "./program.ts";

/** Whether a service answers now; never rejects. `detail` says what it answered, or why there is no answer. */
export type AskService = (
  probe: ProbeSettings,
  signal: AbortSignal,
) => Promise<{ readonly isReady: boolean; readonly detail: string }>;

/** What the steps of a plan work with: the world, as far as they know it. */
export interface StepTools {
  readonly kind: PlanKind;
  /** Why the plan is run: told to the scripts. */
  readonly reason: string;
  readonly projectFile: string;
  /** Runs in the network that the plan is for. */
  readonly run: RunProgram;
  /** Runs in the network of this process, also in a test. */
  readonly runOutside: RunProgram;
  readonly jobs: Jobs;
  readonly announcer: Announcer;
  readonly askService: AskService;
  readonly replication: ReplicationControl;
  readonly askLive: AskLive;
  /** systemd runs on this machine. */
  readonly hasSystemd: boolean;
}
