import { exportMediaTypes } from "../../diagnostics/export.ts";
import { workMediaType } from "../long-work.ts";
import type { JsonSchema, Shape } from "./shape.ts";
import { answers, conflict, eventBatch } from "./shapes.ts";

/** What is known of an operation beside what its route checks: what it is for, and what it answers. */
export interface Operation {
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  /** HTTP status -> media type -> schema; an empty object of media types = no body. */
  readonly answers: Readonly<Record<number, Readonly<Record<string, JsonSchema>>>>;
  /** Statuses of errors of its own, beside those that all may have. */
  readonly refuses?: readonly number[];
  /** Also without a login where others need one: `open` always, `public` also a change. Default: see the guards. */
  readonly needsLogin?: true;
  readonly takesTime?: true;
  /** A change of the project: `If-Match`. */
  readonly changesProject?: true;
  /** The body of the request where the route itself leaves it to the project's rules. */
  readonly body?: Readonly<Record<string, JsonSchema>>;
}

export const tags = Object.freeze({
  machines: "For load balancers and monitoring",
  session: "Login and logout",
  state: "How everything is",
  events: "The journal",
  pairs: "Operating a pair",
  servers: "Operating a protected server",
  project: "The project: read, change, replace, bring back",
  browse: "Looking at servers, to pick instead of to type",
  description: "This description",
});
export type Tag = keyof typeof tags;

const json = <T>(shape: Shape<T>): Readonly<Record<string, JsonSchema>> => ({
  "application/json": shape.schema,
});
const ok = <T>(shape: Shape<T>) => ({ 200: json(shape) });
const plain = (mediaType: string) => ({ [mediaType]: { type: "string" } });
const either = <T>(shape: Shape<T>) => ({ 200: json(shape), 503: json(shape) });

function pairOperation(summary: string): Operation {
  return { tag: "pairs", summary, answers: ok(answers.pairStatus), refuses: [404, 409] };
}

function serverOperation(summary: string): Operation {
  return { tag: "servers", summary, answers: ok(answers.serverStatus), refuses: [404, 409] };
}

function serverOrder(summary: string): Operation {
  const description = "Answered when the work has begun; how it goes on is in servers[].work of the status.";
  return { tag: "servers", summary, description, answers: ok(answers.order), refuses: [404, 409] };
}

function change<T>(summary: string, shape: Shape<T>, more: Partial<Operation> = {}): Operation {
  return {
    tag: "project",
    summary,
    answers: ok(shape),
    refuses: [409],
    takesTime: true,
    changesProject: true,
    ...more,
  };
}

const created = { 201: json(answers.save) };

/** Every operation, by method and route. One that a route has no entry for, or the other way round, fails the start. */
export const operations: Readonly<Record<string, Operation>> = Object.freeze({
  "GET /health": { tag: "machines", summary: "200 while the process lives", answers: ok(answers.alive) },
  "GET /ready": {
    tag: "machines",
    summary: "200 if all that is enabled here is served, else 503",
    answers: either(answers.ready),
  },
  "GET /pairs/:name/primary": {
    tag: "machines",
    summary: "200 if the primary is active, else 503",
    answers: either(answers.memberRole),
    refuses: [404],
  },
  "GET /pairs/:name/secondary": {
    tag: "machines",
    summary: "200 if the secondary is active, else 503",
    answers: either(answers.memberRole),
    refuses: [404],
  },
  "GET /servers/:name": {
    tag: "machines",
    summary: "200 if somebody plays the role of the server, else 503",
    answers: either(answers.serverRole),
    refuses: [404],
  },
  "GET /servers/:name/live": {
    tag: "machines",
    summary: "200 if the server itself plays its role, else 503",
    answers: either(answers.serverRole),
    refuses: [404],
  },
  "GET /servers/:name/stand-in": {
    tag: "machines",
    summary: "200 if this machine plays the role of the server, else 503",
    answers: either(answers.serverRole),
    refuses: [404],
  },
  "GET /metrics": {
    tag: "machines",
    summary: "Prometheus text format, see docs/monitoring.md",
    answers: { 200: plain("text/plain") },
  },
  "GET /api/v1/openapi.json": {
    tag: "description",
    summary: "This document",
    answers: { 200: { "application/json": { type: "object", required: ["openapi", "paths"] } } },
  },
  "GET /api/v1/session": {
    tag: "session",
    summary: "Who is logged in, and the token that changes need",
    answers: ok(answers.session),
  },
  "POST /api/v1/session": {
    tag: "session",
    summary: "Log in",
    description:
      "Needs the token of GET, too. Sets the cookie understudy_session. Wrong logins are slowed down.",
    answers: ok(answers.session),
    refuses: [401, 429],
  },
  "DELETE /api/v1/session": { tag: "session", summary: "Log out", answers: ok(answers.session) },
  "GET /api/v1/status": { tag: "state", summary: "Pairs and protected servers", answers: ok(answers.status) },
  "GET /api/v1/stream": {
    tag: "state",
    summary: "Status and events as they come",
    description:
      "Server-Sent Events: `status` once a second with data as GET /api/v1/status answers it, and `events` with an EventBatch.",
    answers: { 200: plain("text/event-stream") },
  },
  "GET /api/v1/pairs/:name/history": {
    tag: "state",
    summary: "The timeline of a pair",
    answers: ok(answers.history),
    refuses: [404],
  },
  "GET /api/v1/events": {
    tag: "events",
    summary: "The newest events, oldest first",
    description: "severity: this one and worse. code: several with commas. beforeId: the page before.",
    answers: ok(answers.events),
  },
  "GET /api/v1/events/export": {
    tag: "events",
    summary: "Events as a file",
    answers: {
      200: Object.assign(
        {},
        ...Object.values(exportMediaTypes).map((type) => ({
          [type.split(";")[0] ?? type]: type.startsWith("application/json")
            ? { type: "array", items: { $ref: "#/components/schemas/Event" } }
            : { type: "string" },
        })),
      ) as Readonly<Record<string, JsonSchema>>,
    },
  },
  "DELETE /api/v1/events": {
    tag: "events",
    summary: "Forget the events kept so far, or those of one pair",
    answers: { 204: {} },
  },
  "POST /api/v1/pairs/:name/enable": {
    ...pairOperation("Enable a pair on this machine"),
    description:
      "registerServer, forbidOriginal: OPC DA, as the options of `understudy pair enable` (docs/opc-da.md).",
  },
  "POST /api/v1/pairs/:name/disable": pairOperation("Disable a pair on this machine"),
  "POST /api/v1/pairs/:name/suspend": pairOperation("No automatic switchovers until it is resumed"),
  "POST /api/v1/pairs/:name/resume": pairOperation("Automatic switchovers again, also after a lock"),
  "POST /api/v1/pairs/:name/approve": {
    ...pairOperation("Approve the switchover that waits"),
    answers: ok(answers.switchover),
  },
  "POST /api/v1/pairs/:name/switchover": {
    ...pairOperation("Make the other member active"),
    description:
      "to: null = the other one. dryRun: only say what would happen. force: also to one that is not well.",
    answers: ok(answers.switchover),
  },
  "POST /api/v1/pairs/:name/alias": change(
    "Give a pair another name, or with null its server's own",
    answers.save,
    {
      tag: "pairs",
      refuses: [404, 409],
    },
  ),
  "GET /api/v1/pairs/:name/browse": {
    tag: "browse",
    summary: "What a member has below a node; without node at the top",
    answers: ok(answers.browse),
    refuses: [404, 409],
    needsLogin: true,
    takesTime: true,
  },
  "GET /api/v1/browse/endpoints": {
    tag: "browse",
    summary: "The endpoints of the OPC UA server at a URL",
    answers: ok(answers.endpoints),
    needsLogin: true,
    takesTime: true,
  },
  "GET /api/v1/browse/progids": {
    tag: "browse",
    summary: "The OPC DA servers of a machine; without machine of this one",
    answers: ok(answers.progIds),
    refuses: [501, 502],
    needsLogin: true,
    takesTime: true,
  },
  "POST /api/v1/notifications/test": {
    tag: "pairs",
    summary: "Send a test mail by the settings of a pair, or with null of the project",
    answers: ok(answers.mailTests),
    refuses: [404],
    takesTime: true,
  },
  "POST /api/v1/servers/:name/enable": serverOperation("Watch a server on this machine"),
  "POST /api/v1/servers/:name/disable": serverOperation("Do not watch it any more"),
  "POST /api/v1/servers/:name/suspend": serverOperation("Maintenance: not watched, files not copied"),
  "POST /api/v1/servers/:name/stop": serverOperation("Maintenance: neither watched nor copied"),
  "POST /api/v1/servers/:name/resume": serverOperation(
    "End maintenance, a lock, or the choice of the stand-in",
  ),
  "POST /api/v1/servers/:name/cancel": serverOperation("Break off what is under way, between two steps"),
  "POST /api/v1/servers/:name/check": {
    tag: "servers",
    summary: "Look at all that a takeover and the copies depend on; changes nothing",
    answers: ok(answers.serverCheck),
    refuses: [404],
  },
  "POST /api/v1/servers/:name/failover": serverOrder("Take over the role of a server"),
  "POST /api/v1/servers/:name/failover-test": serverOrder("Try a takeover without touching anything outside"),
  "POST /api/v1/servers/:name/approve": serverOrder("Approve the takeover or failback that waits"),
  "POST /api/v1/servers/:name/failback": serverOrder("Give the server its role back"),
  "POST /api/v1/servers/:name/replicate": serverOrder("Copy all of it, to or from the server"),
  "GET /api/v1/project": {
    tag: "project",
    summary: "The project, defaults filled in",
    answers: ok(answers.project),
  },
  "GET /api/v1/project/schema": {
    tag: "project",
    summary: "JSON Schema of a project",
    answers: { 200: { "application/json": { type: "object", required: ["$schema", "properties"] } } },
  },
  "GET /api/v1/project/export": {
    tag: "project",
    summary: "The project file; notifications=false leaves e-mail settings out",
    answers: { 200: plain("application/xml") },
  },
  "PUT /api/v1/project": change("Save a project as a whole", answers.save),
  "POST /api/v1/project/pairs": change("Add a pair", answers.save, {
    answers: created,
    description: "The body is a pair as the schema of the project describes it.",
  }),
  "DELETE /api/v1/project/pairs/:name": change("Remove a pair", answers.save, { refuses: [404, 409] }),
  "POST /api/v1/project/servers": change("Add a protected server", answers.save, {
    answers: created,
    description: "The body is a server as the schema of the project describes it.",
  }),
  "DELETE /api/v1/project/servers/:name": change("Remove a protected server", answers.save, {
    refuses: [404, 409],
  }),
  "POST /api/v1/project/import": change("Replace the project, as `understudy deploy`", answers.imported, {
    description:
      "All pairs are disabled afterwards unless keepEnabled is true. The project before is kept for undo. dryRun: only say what would change; no If-Match is needed then.",
    body: plain("application/xml"),
  }),
  "POST /api/v1/project/undo": change(
    "Bring back the project that was replaced last, as `understudy deploy --undo`",
    answers.imported,
    { refuses: [404, 409] },
  ),
});

export const conflictAnswer = json(conflict);
export const streamShapes = Object.freeze({ status: answers.status.schema, events: eventBatch.schema });
export { workMediaType };
