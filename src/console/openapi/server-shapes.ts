import type {
  CheckFinding,
  CopyStatus,
  ServerAnswer,
  ServerCheck,
  ServerStatus,
  WorkStatus,
} from "../../control/servers-api.ts";
import type * as contract from "../contract.ts";
import { serverConditions, serverRoles } from "../server-metrics.ts";
import { named } from "./named.ts";
import { flag, integer, list, number, object, oneOf, orNull, type Shape, text, time } from "./shape.ts";

// What the console answers about protected servers; see shapes.ts.

const texts = list(text);

const work: Shape<WorkStatus> = named.add(
  "WorkStatus",
  "A plan or a whole copy of a protected server. outcome null = under way.",
  object({
    id: integer,
    kind: oneOf("takeover", "failback", "test", "replicateFromLive", "replicateToLive"),
    reason: text,
    startedAt: time,
    percent: number,
    detail: text,
    outcome: orNull(oneOf("done", "failed", "cancelled")),
    steps: list(object({ name: text, outcome: text, detail: text })),
  }),
);
const copy: Shape<CopyStatus> = named.add(
  "CopyStatus",
  "What is copied from a protected server. completeUntil: all that had changed until then has arrived.",
  object({
    kind: oneOf("files", "database"),
    name: text,
    phase: text,
    percent: orNull(number),
    bytes: number,
    bytesPerSecond: number,
    completeUntil: orNull(time),
    lagMs: orNull(number),
    lastError: orNull(object({ code: text, message: text, at: text })),
    detail: text,
  }),
);
export const serverStatus: Shape<ServerStatus> = named.add(
  "ServerStatus",
  "A protected server. role: who plays it, the server itself (live), this machine (standIn), or what lies between.",
  object({
    name: text,
    address: text,
    enabled: flag,
    condition: oneOf(...serverConditions),
    role: oneOf(...serverRoles),
    cutOff: flag,
    missed: integer,
    limit: integer,
    timeToFailMs: orNull(number),
    awaitingApproval: flag,
    locked: flag,
    blockedBy: orNull(text),
    lastRound: orNull(
      object({
        number: integer,
        verdict: text,
        detail: text,
        tookMs: number,
        probes: list(object({ name: text, verdict: text, detail: text })),
      }),
    ),
    copies: list(copy),
    work: orNull(work),
    lastWork: orNull(work),
    description: text,
  }),
);

export const order: Shape<ServerAnswer> = named.add(
  "Order",
  "An order to a protected server: the decision and the steps of the plan. workId: what was begun, see WorkStatus.",
  object({ server: text, accepted: flag, dryRun: flag, explanation: texts, workId: orNull(integer) }),
);

const finding: Shape<CheckFinding> = object({
  part: oneOf("probe", "witness", "takeover", "files", "database"),
  name: text,
  verdict: oneOf("ok", "warning", "failed"),
  detail: text,
});
export const serverCheck: Shape<ServerCheck> = named.add(
  "ServerCheck",
  "Whether all that a server's takeover and copies depend on is as it must be.",
  object({ server: text, findings: list(finding) }),
);

export const serverRole: Shape<contract.ServerRoleAnswer> = named.add(
  "ServerRole",
  "Who plays the role of a protected server; null = nobody, as far as this machine can tell.",
  object({
    server: text,
    playedBy: orNull(oneOf("live", "stand-in")),
    role: oneOf(...serverRoles),
    condition: oneOf(...serverConditions),
  }),
);
