import type { CopyStatus, ServerCondition, ServerStatus, WorkStatus } from "../../control/servers-api.ts";
import type { PairState } from "../../core/state.ts";
import { duration } from "../../diagnostics/duration.ts";
import type { ServerSettings } from "../../project/server.ts";
import type { Maintenance, ServerRole } from "../../project/server-state.ts";
import type { Round } from "../probes/rounds.ts";
import type { NamedReplicationStatus } from "./replication-set.ts";
import { countdown } from "./time-to-fail.ts";

/** Everything that a watch knows of its server. */
export interface Observed {
  readonly server: ServerSettings;
  readonly core: PairState;
  /** In the core's time. */
  readonly nowMs: number;
  readonly wallNowMs: number;
  readonly role: ServerRole;
  readonly maintenance: Maintenance;
  readonly round: Round | null;
  readonly rounds: number;
  readonly copies: readonly NamedReplicationStatus[];
  readonly work: WorkStatus | null;
  readonly lastWork: WorkStatus | null;
  readonly blockedBy: string | null;
}

export function statusOf(seen: Observed): ServerStatus {
  const { server, core, role, round } = seen;
  const count = countdown(core, server.pingTimeout, seen.nowMs);
  const cutOff = core.enabled && round?.verdict === "cutOff";
  const status: Omit<ServerStatus, "description"> = {
    name: server.name,
    address: server.address,
    enabled: true,
    condition: conditionOf(seen),
    role,
    cutOff,
    missed: count.missed,
    limit: count.limit,
    timeToFailMs: cutOff ? null : count.timeToFailMs,
    awaitingApproval: core.approval !== null,
    locked: core.locked || role === "partly",
    blockedBy: role === "live" ? seen.blockedBy : null,
    lastRound: round && {
      number: seen.rounds,
      verdict: round.verdict,
      detail: round.detail,
      tookMs: Math.round(round.tookMs),
      probes: round.answers,
    },
    copies: seen.copies.map(copyOf),
    work: seen.work,
    lastWork: seen.lastWork,
  };
  return { ...status, description: describe(status) };
}

/** A server of the project that is not watched on this machine. */
export function disabledStatus(server: ServerSettings): ServerStatus {
  return {
    name: server.name,
    address: server.address,
    enabled: false,
    condition: "disabled",
    role: "live",
    cutOff: false,
    missed: 0,
    limit: server.failover.failAfterStartup,
    timeToFailMs: null,
    awaitingApproval: false,
    locked: false,
    blockedBy: null,
    lastRound: null,
    copies: [],
    work: null,
    lastWork: null,
    description: "disabled",
  };
}

function conditionOf({ core, maintenance, copies, work }: Observed): ServerCondition {
  if (maintenance !== "none") return maintenance;
  const copying = copies.some(({ phase }) => phase === "copying");
  const { health, link, missed, everAnswered } = core.members.primary;
  if (copying || (work !== null && copiesWholly(work))) return "replicating";
  if (health === "failed" || !core.enabled) return "failure";
  if (missed > 0) return "suspect";
  return link === "up" && everAnswered ? "ok" : "unknown";
}

function copiesWholly({ kind }: WorkStatus): boolean {
  return kind === "replicateFromLive" || kind === "replicateToLive";
}

function describe(status: Omit<ServerStatus, "description">): string {
  const parts: string[] = [status.condition];
  if (status.missed > 0) parts.push(`${status.missed} of ${status.limit} rounds missed`);
  if (status.missed > 0 && status.timeToFailMs !== null) {
    parts.push(`fails in ${duration(status.timeToFailMs)}`);
  }
  if (status.cutOff) parts.push("this machine is cut off");
  parts.push(roleTexts[status.role]);
  if (status.awaitingApproval) parts.push("awaits approval");
  if (status.locked) parts.push("locked, needs operator");
  if (status.blockedBy !== null) parts.push(`this machine stands in for ${status.blockedBy}`);
  if (status.work !== null) parts.push(`${status.work.kind} ${status.work.percent} %`);
  return parts.join("; ");
}

const roleTexts: Readonly<Record<ServerRole, string>> = Object.freeze({
  live: "plays its role itself",
  takingOver: "is being taken over",
  standIn: "this machine stands in",
  failingBack: "gets its role back",
  partly: "a plan broke off",
});

function copyOf({ kind, name, phase, ...status }: NamedReplicationStatus): CopyStatus {
  const { percent, bytes, bytesPerSecond, completeUntilMs, lagMs, lastError, detail } = status;
  return {
    kind,
    name,
    phase,
    percent,
    bytes,
    bytesPerSecond,
    completeUntil: completeUntilMs === null ? null : new Date(completeUntilMs).toISOString(),
    lagMs,
    lastError: lastError && {
      code: lastError.code,
      message: lastError.message,
      at: new Date(lastError.atMs).toISOString(),
    },
    detail,
  };
}
