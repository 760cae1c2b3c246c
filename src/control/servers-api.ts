/** What a protected server is found to be (seed: status icons). */
export type ServerCondition =
  /** Not watched on this machine. */
  | "disabled"
  /** Watched, and it has not answered yet. */
  | "unknown"
  | "ok"
  /** Not watched for maintenance; its files are not copied. */
  | "suspended"
  /** Not watched for maintenance; nothing is copied. */
  | "stopped"
  /** Some rounds of probes missed, fewer than the failure count. */
  | "suspect"
  /** As many rounds missed as the failure count. */
  | "failure"
  /** Data are being copied as a whole, to or from the server. */
  | "replicating";

export type WorkKind = "takeover" | "failback" | "test" | "replicateFromLive" | "replicateToLive";

/** Something that takes its time: a plan or a whole copy. */
export interface WorkStatus {
  /** Increases by one with every work of the server. */
  readonly id: number;
  readonly kind: WorkKind;
  readonly reason: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly percent: number;
  readonly detail: string;
  /** null = under way. */
  readonly outcome: "done" | "failed" | "cancelled" | null;
  readonly steps: readonly { readonly name: string; readonly outcome: string; readonly detail: string }[];
}

export interface CopyStatus {
  readonly kind: "files" | "database";
  readonly name: string;
  readonly phase: string;
  readonly percent: number | null;
  readonly bytes: number;
  readonly bytesPerSecond: number;
  /** ISO 8601, UTC: all that had changed until then has arrived; null before the first time. */
  readonly completeUntil: string | null;
  readonly lagMs: number | null;
  readonly lastError: { readonly code: string; readonly message: string; readonly at: string } | null;
  readonly detail: string;
}

export interface ServerStatus {
  readonly name: string;
  readonly address: string;
  readonly enabled: boolean;
  readonly condition: ServerCondition;
  /** Who plays the server's role: it itself (`live`), this machine (`standIn`), or what lies between. */
  readonly role: "live" | "takingOver" | "standIn" | "failingBack" | "partly";
  /** This machine is cut off itself, so that nothing can be said of the server. */
  readonly cutOff: boolean;
  /** Rounds of probes missed in a row, and how many make a failure. */
  readonly missed: number;
  readonly limit: number;
  /** Time until the server counts as failed if it never answers again; null while it is not watched or has failed. */
  readonly timeToFailMs: number | null;
  /** A takeover (or an automatic failback) waits for an operator. */
  readonly awaitingApproval: boolean;
  /** Nothing starts by itself until an operator acts. */
  readonly locked: boolean;
  /** The other server this machine stands in for, which keeps it from standing in for this one. */
  readonly blockedBy: string | null;
  /** What the last round of probes said. */
  readonly lastRound: {
    /** Rounds since the process began. */
    readonly number: number;
    readonly verdict: string;
    readonly detail: string;
    readonly tookMs: number;
    readonly probes: readonly { readonly name: string; readonly verdict: string; readonly detail: string }[];
  } | null;
  readonly copies: readonly CopyStatus[];
  readonly work: WorkStatus | null;
  readonly lastWork: WorkStatus | null;
  /** One line. */
  readonly description: string;
}

/** An operator's command: what would be or is being done. */
export interface ServerAnswer {
  readonly server: string;
  readonly accepted: boolean;
  readonly dryRun: boolean;
  /** One line each: the decision, and the steps of the plan. */
  readonly explanation: readonly string[];
  /** The work begun; its progress is in the status. null = none. */
  readonly workId: number | null;
}

/** What a look at one thing that a takeover or a copy depends on has shown. */
export interface CheckFinding {
  readonly part: "probe" | "witness" | "takeover" | "files" | "database";
  /** What was looked at. */
  readonly name: string;
  /** `warning`: it works, but not as well as it could. */
  readonly verdict: "ok" | "warning" | "failed";
  /** One line. */
  readonly detail: string;
}

/** Whether all that a server's takeover and copies depend on is as it must be. */
export interface ServerCheck {
  readonly server: string;
  readonly findings: readonly CheckFinding[];
}

export interface OrderOptions {
  readonly reason: string;
  readonly dryRun: boolean;
}

/**
 * What can be asked of the protected servers of a running broker. Orders are answered when they have begun; how
 * they go on is in the status. Every method throws an UnderstudyError (`SERVER_UNKNOWN`, `SERVER_BUSY`, ...).
 */
export interface ServersApi {
  serverStatus(): Promise<readonly ServerStatus[]>;
  /** Looks at all that a takeover and the copies depend on, and changes nothing; enabled or not. */
  serverCheck(server: string): Promise<ServerCheck>;
  serverEnable(server: string, reason: string): Promise<ServerStatus>;
  /** Refused while this machine stands in for the server. */
  serverDisable(server: string, reason: string): Promise<ServerStatus>;
  /** Maintenance: not watched, files not copied, databases copied. */
  serverSuspend(server: string, reason: string): Promise<ServerStatus>;
  /** Maintenance: neither watched nor copied. */
  serverStop(server: string, reason: string): Promise<ServerStatus>;
  /** Ends maintenance, a lock after a failed plan, and an operator's choice of the stand-in. */
  serverResume(server: string, reason: string): Promise<ServerStatus>;
  failover(server: string, options: OrderOptions): Promise<ServerAnswer>;
  failoverTest(server: string, options: OrderOptions): Promise<ServerAnswer>;
  failoverApprove(server: string, options: OrderOptions): Promise<ServerAnswer>;
  failback(server: string, options: OrderOptions): Promise<ServerAnswer>;
  replicate(
    server: string,
    options: { readonly direction: "fromLive" | "toLive"; readonly reason: string },
  ): Promise<ServerAnswer>;
  /** Breaks off what is under way, between two steps. */
  serverCancel(server: string, reason: string): Promise<ServerStatus>;
}
