import type {
  BrowsedItem,
  FoundEndpoint,
  FoundProgId,
  MemberStatus,
  PairStatus,
  ReloadAnswer,
  SwitchoverAnswer,
} from "../../control/broker-api.ts";
import { roles } from "../../core/role.ts";
import { type EventCode, eventCodes } from "../../diagnostics/catalogue.ts";
import type { CauseLink } from "../../diagnostics/cause-chain.ts";
import type { DiagnosticEvent, DiagnosticRecord } from "../../diagnostics/event.ts";
import { severities } from "../../diagnostics/filter.ts";
import type { MailTest } from "../../notify/test-mail.ts";
import type {
  PairChange,
  PairSummary,
  ProjectChanges,
  ServerSummary,
  SettingChange,
} from "../../project/difference-text.ts";
import type { Project } from "../../project/project.ts";
import type * as contract from "../contract.ts";
import { named } from "./named.ts";
import { order, serverCheck, serverRole, serverStatus } from "./server-shapes.ts";
import { flag, integer, list, number, object, oneOf, orNull, type Shape, text, time } from "./shape.ts";

// What the console answers, once more as schemas. Each is declared for the type of the contract: one that differs from
// it does not compile.

const role = oneOf(...roles);
const health = oneOf("unknown", "ok", "suspect", "failed");
const link = oneOf("down", "connecting", "up");
const texts = list(text);

export const error: Shape<contract.ErrorAnswer> = named.add(
  "Error",
  "Every error. The code stays the same from version to version; docs/errors.md has them all.",
  object({ code: text, message: text }),
);

const session: Shape<contract.SessionAnswer> = named.add(
  "Session",
  "Who is logged in (null = nobody), and the token that goes into the header x-csrf-token of every change.",
  object({ user: orNull(text), csrfToken: text, hasUsers: flag }),
);

const memberStatus: Shape<MemberStatus> = named.add(
  "MemberStatus",
  "One of the two servers of a pair. pingMs: round trip of the last answered status query.",
  object({
    role,
    machine: text,
    endpointUrl: text,
    link,
    health,
    pingMs: orNull(number),
    monitorItemsInError: texts,
  }),
);

const pairFields = {
  name: text,
  server: text,
  alias: orNull(text),
  protocol: oneOf("opcua", "opcda"),
  endpointUrls: texts,
  enabled: flag,
  suspended: flag,
  locked: flag,
  mode: oneOf("cold", "warm", "hot"),
  active: orNull(role),
  awaitingApproval: orNull(role),
  members: list(memberStatus),
  clients: integer,
  subscriptions: integer,
  monitoredItems: integer,
  valuesForwarded: integer,
  switchovers: integer,
  description: text,
} as const;
const pairStatus: Shape<PairStatus> = named.add(
  "PairStatus",
  "A pair. awaitingApproval: the switchover that waits for an operator.",
  object(pairFields),
);
const consolePair: Shape<contract.ConsolePair> = named.add(
  "ConsolePair",
  "A pair with what takes two looks at it.",
  object({ ...pairFields, valuesPerSecond: number }),
);

const status: Shape<contract.StatusAnswer> = named.add(
  "Status",
  "Everything at a glance. projectVersion goes into the header If-Match of a change of the project.",
  object({
    broker: object({ version: text, startedAt: time, projectFile: text, projectVersion: text }),
    pairs: list(consolePair),
    servers: list(serverStatus),
  }),
);

const causeLink: Shape<CauseLink> = named.add(
  "Cause",
  "One link of the chain that led to a switchover, newest first.",
  object({
    kind: { schema: { type: "string" } } as Shape<CauseLink["kind"]>,
    text,
    since: orNull(time),
  }),
);
const eventCode = { schema: { type: "string", enum: eventCodes } } as Shape<EventCode>;
const event: Shape<DiagnosticEvent> = named.add(
  "Event",
  "A line of the journal. docs/events.md explains the codes; record has the figures of that kind of event.",
  object({
    id: integer,
    time,
    severity: oneOf(...severities),
    code: eventCode,
    pair: orNull(text),
    member: orNull(role),
    machine: orNull(text),
    client: orNull(text),
    message: text,
    record: {
      schema: { type: "object", required: ["kind"], properties: { kind: eventCode.schema } },
    } as Shape<DiagnosticRecord>,
    causes: list(causeLink),
  }),
);
const events: Shape<contract.EventsAnswer> = object({ events: list(event) });
/** The data of the event `events` of the stream. */
export const eventBatch: Shape<contract.EventBatch> = named.add(
  "EventBatch",
  "What happened since the batch before, oldest first; missed: events that came faster than they could be sent.",
  object({ events: list(event), missed: integer }),
);

const history: Shape<contract.HistoryAnswer> = named.add(
  "History",
  "The timeline of a pair: times in ms since 1970; samples as columns, about one in five seconds for an hour.",
  object({
    switches: list(object({ atMs: number, to: orNull(role), cause: text, tookMs: orNull(number) })),
    health: list(object({ atMs: number, member: role, health: text })),
    samples: object({
      atMs: list(number),
      valuesPerSecond: list(number),
      primaryPingMs: list(orNull(number)),
      secondaryPingMs: list(orNull(number)),
    }),
  }),
);

const project: Shape<contract.ProjectAnswer> = named.add(
  "ProjectAnswer",
  "The project with all defaults filled in, as GET /api/v1/project/schema describes it.",
  object({
    version: text,
    file: text,
    project: {
      schema: {
        type: "object",
        required: ["version", "opcUa", "notifications", "console", "pairs", "servers"],
        properties: { version: { const: 2 }, pairs: { type: "array" }, servers: { type: "array" } },
      },
    } as Shape<Project>,
  }),
);
const reload: Shape<ReloadAnswer> = named.add(
  "Reload",
  "Names of pairs and servers that were added, removed, changed in place, or connected anew.",
  object({ added: texts, removed: texts, changed: texts, restarted: texts }),
);
const save: Shape<contract.SaveAnswer> = named.add(
  "Saved",
  "The version of the project now, and what the broker made of the change.",
  object({ version: text, reload }),
);
export const conflict: Shape<contract.ConflictAnswer> = named.add(
  "Conflict",
  "Somebody else saved first: the project as it is now.",
  object({ code: text, message: text, current: project }),
);

const settings: Shape<readonly SettingChange[]> = list(
  object({ path: text, before: orNull(text), after: orNull(text) }),
);
const pairSummary: Shape<PairSummary> = object({
  name: text,
  server: text,
  protocol: oneOf("opcua", "opcda"),
  primary: text,
  secondary: text,
});
const pairChange: Shape<PairChange> = object({ name: text, reconnect: list(role), settings });
const serverSummaries: Shape<readonly ServerSummary[]> = list(object({ name: text, address: text }));
const projectChanges: Shape<ProjectChanges> = named.add(
  "ProjectChanges",
  "What differs between two projects. Secrets are never shown.",
  object({
    added: list(pairSummary),
    removed: list(pairSummary),
    changed: list(pairChange),
    servers: object({
      added: serverSummaries,
      removed: serverSummaries,
      changed: list(object({ name: text, settings })),
    }),
    general: settings,
    dropsAllClients: flag,
    isEmpty: flag,
  }),
);
const imported: Shape<contract.ImportAnswer> = named.add(
  "Deployed",
  "What replacing the project changes or has changed. kept: where the project before is kept for the way back.",
  object({
    changes: projectChanges,
    text,
    applied: flag,
    version: text,
    enabledBefore: texts,
    enabledAfter: texts,
    warnings: texts,
    serversNotInstalled: texts,
    kept: orNull(text),
    reload: orNull(reload),
  }),
);

const browsedItem: Shape<BrowsedItem> = object({
  id: text,
  itemId: text,
  name: text,
  isItem: flag,
  hasChildren: flag,
});
const browse: Shape<contract.BrowseAnswer> = object({ nodes: list(browsedItem) });
const foundEndpoint: Shape<FoundEndpoint> = object({ name: text, endpointUrl: text, security: text });
const endpoints: Shape<contract.EndpointsAnswer> = object({ endpoints: list(foundEndpoint) });
const foundProgId: Shape<FoundProgId> = object({ progId: text, description: text, clsid: text });
const progIds: Shape<contract.ProgIdsAnswer> = object({ servers: list(foundProgId) });

const mailTest: Shape<MailTest> = named.add(
  "MailTest",
  "What became of a test through one mail server, and every word that was said, without secrets.",
  object({
    server: oneOf("primary", "secondary"),
    host: text,
    port: integer,
    error: orNull(object({ code: text, message: text })),
    dialogue: list(object({ by: oneOf("client", "server", "note"), text })),
  }),
);
const mailTests: Shape<contract.MailTestsAnswer> = object({ tests: list(mailTest) });

const switchover: Shape<SwitchoverAnswer> = named.add(
  "Switchover",
  "What would happen or did, and why; one sentence each.",
  object({
    pair: text,
    from: orNull(role),
    to: role,
    accepted: flag,
    dryRun: flag,
    explanation: texts,
  }),
);
const alive: Shape<contract.HealthAnswer> = object({
  status: { schema: { const: "alive" } } as Shape<"alive">,
  version: text,
  startedAt: time,
});
const ready: Shape<contract.ReadyAnswer> = named.add(
  "Ready",
  "Which enabled pairs have no active member, and which watched servers nobody plays the role of.",
  object({
    status: oneOf("ready", "not ready"),
    pairs: integer,
    withoutActive: texts,
    servers: integer,
    serversWithoutPlayer: texts,
  }),
);
const memberRole: Shape<contract.MemberAnswer> = named.add(
  "MemberRole",
  "Whether a member is active.",
  object({ pair: text, member: role, active: flag, link, health }),
);
export const answers = Object.freeze({
  session,
  status,
  events,
  history,
  project,
  save,
  imported,
  browse,
  endpoints,
  progIds,
  mailTests,
  pairStatus,
  switchover,
  serverStatus,
  serverCheck,
  order,
  alive,
  ready,
  memberRole,
  serverRole,
});

export const namedSchemas = named.schemas;
