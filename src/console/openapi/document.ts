import { conflictAnswer, type Operation, operations, tags, workMediaType } from "./operations.ts";
import type { JsonSchema } from "./shape.ts";
import { error, namedSchemas } from "./shapes.ts";

/** A route as the web server has it. */
export interface Route {
  readonly method: string;
  readonly url: string;
  readonly querystring: JsonSchema | null;
  readonly body: JsonSchema | null;
}

const meanings: Readonly<Record<number, string>> = Object.freeze({
  200: "Done",
  201: "Added",
  204: "Done",
  400: "The request, or the project in it, is not what it should be; the message says what was expected",
  401: "Log in first",
  403: "The request lacks the token of GET /api/v1/session, or comes from a page of another site",
  404: "There is none of that name",
  409: "Refused as things stand; the message says why",
  412: "If-Match is not the present version: somebody else has changed the project",
  413: "The request is too large",
  421: "The console is not known by that host name",
  429: "Too many wrong logins; Retry-After says when to try again",
  500: "A defect of Understudy; its log has the details",
  501: "This machine cannot do that",
  502: "Another machine or program did not answer",
  503: "Not now: the broker is starting or stopping, or too many ask",
});
const errorContent = { "application/json": error.schema };

/** The OpenAPI document of these routes. Throws where a route is not described, or one that is described is not there. */
export function openApiDocument(routes: readonly Route[], version: string): JsonSchema {
  const missing = Object.keys(operations).filter((key) => !routes.some((route) => keyOf(route) === key));
  if (missing.length > 0) throw new Error(`described, but there is no such route: ${missing.join(", ")}`);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const operation = operations[keyOf(route)];
    if (!operation) throw new Error(`route ${keyOf(route)} is not described`);
    const path = pathOf(route.url);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describe(route, operation) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Understudy",
      version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      description:
        "The HTTP interface of the broker's console. On the same machine everybody may read; changes need a login " +
        "(POST /api/v1/session) and the header x-csrf-token.",
    },
    servers: [{ url: "/" }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: {
        ...namedSchemas,
        WorkLine: workLine,
      },
      securitySchemes: {
        session: { type: "apiKey", in: "cookie", name: "understudy_session" },
        csrf: { type: "apiKey", in: "header", name: "x-csrf-token" },
      },
    },
  };
}

const workLine: JsonSchema = {
  description:
    "A line of an answer to Accept: application/x-ndjson: steps of the work as they begin, then its result, which is as without, or the error.",
  oneOf: [
    lineOf("progress", { type: "string" }),
    lineOf("result", {}),
    lineOf("error", {
      anyOf: [{ $ref: "#/components/schemas/Error" }, { $ref: "#/components/schemas/Conflict" }],
    }),
  ],
};

function lineOf(name: string, schema: JsonSchema): JsonSchema {
  return {
    type: "object",
    additionalProperties: false,
    required: [name],
    properties: { [name]: schema },
  };
}

function keyOf({ method, url }: Route): string {
  return `${method} ${url}`;
}

export function pathOf(url: string): string {
  return url.replace(/:(\w+)/g, "{$1}");
}

function isChange({ method }: Route): boolean {
  return method !== "GET";
}

function describe(route: Route, operation: Operation): JsonSchema {
  const { summary, description, tag, changesProject, body } = operation;
  const content = body ?? (route.body === null ? null : { "application/json": route.body });
  const isLogin = route.url === "/api/v1/session";
  const security = isLogin
    ? [isChange(route) ? { csrf: [] } : {}]
    : [
        ...(isChange(route) ? [{ session: [], csrf: [] }] : [{ session: [] }]),
        ...(isRead(route, operation) ? [{}] : []),
      ];
  return {
    operationId: operationId(route),
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    parameters: [
      ...[...route.url.matchAll(/:(\w+)/g)].map(([, name]) => ({
        name,
        in: "path",
        required: true,
        schema: { type: "string" },
      })),
      ...queryParameters(route.querystring),
      ...(changesProject
        ? [
            {
              name: "If-Match",
              in: "header",
              description: "The version of the project that was seen: version of GET /api/v1/project",
              schema: { type: "string" },
            },
          ]
        : []),
    ],
    ...(content === null
      ? {}
      : { requestBody: { required: isBodyNeeded(route.body), content: wrapped(content) } }),
    security,
    responses: responses(route, operation),
  };
}

function isRead(route: Route, { needsLogin }: Operation): boolean {
  return !isChange(route) && !needsLogin;
}

/** A route whose body may be null takes none as well. */
function isBodyNeeded(body: JsonSchema | null): boolean {
  return !(Array.isArray(body?.["type"]) && body["type"].includes("null"));
}

function queryParameters(schema: JsonSchema | null): readonly JsonSchema[] {
  if (schema === null) return [];
  const required = (schema["required"] ?? []) as readonly string[];
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>;
  return Object.entries(properties).map(([name, each]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema: each,
  }));
}

function responses(route: Route, operation: Operation): JsonSchema {
  const { refuses = [], takesTime, changesProject, answers } = operation;
  const statuses = new Set([421, 500, ...refuses]);
  const isOpen = route.url === "/health" || route.url.startsWith("/api/v1/session");
  if (route.url !== "/api/v1/session") statuses.add(401);
  if (!isOpen || refuses.includes(503)) statuses.add(503);
  if (isChange(route)) statuses.add(403).add(400);
  if (route.querystring || route.body || operation.body || takesTime) statuses.add(400);
  if (isChange(route)) statuses.add(413);
  const all: Record<string, unknown> = {};
  for (const [status, content] of Object.entries(answers))
    all[status] = response(Number(status), wrapped(content));
  if (takesTime) {
    // lines begin before it is known how the work ends
    const content = { ...wrapped(answers[200] ?? {}), [workMediaType]: { schema: lineReference } };
    all[200] = response(200, content);
  }
  for (const status of statuses) {
    const own = all[status] as
      | { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> }
      | undefined;
    const shared = own?.content["application/json"]?.schema;
    const schema = shared ? { anyOf: [shared, error.schema] } : errorContent["application/json"];
    all[status] = response(status, { "application/json": { schema } });
  }
  if (changesProject) all[412] = response(412, wrapped(conflictAnswer));
  return all;
}

const lineReference: JsonSchema = { $ref: "#/components/schemas/WorkLine" };

function wrapped(content: Readonly<Record<string, JsonSchema>>): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]));
}

function response(status: number, content: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const description = meanings[status] ?? String(status);
  return Object.keys(content).length === 0 ? { description } : { description, content };
}

/** `GET /api/v1/pairs/:name/history` is `getPairsNameHistory`. */
function operationId({ method, url }: Route): string {
  const words = url
    .replace(/^\/(api\/v1\/)?/, "")
    .replace(/\.json$/, "")
    .split(/[/:-]+/)
    .filter((word) => word !== "");
  const prefix = url.startsWith("/api/") ? "" : "machine";
  return (
    method.toLowerCase() +
    [prefix, ...words]
      .filter((word) => word !== "")
      .map((word) => (word[0] ?? "").toUpperCase() + word.slice(1))
      .join("")
  );
}
