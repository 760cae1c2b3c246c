import { describeConsole } from "../../src/console/console-server.ts";
import { tags } from "../../src/console/openapi/operations.ts";

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly description?: string;
  readonly format?: string;
}

interface Operation {
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const introduction = `# The HTTP interface

<!-- Made from the routes and src/console/openapi by tools/docs; do not edit. -->

What the [console](console.md) does, other programs can do over HTTP at the same address, by default
<http://127.0.0.1:48480/>. This page is for people; the same for programs is an OpenAPI 3.1 document at
\`/api/v1/openapi.json\`, made from the routes of the broker that runs.

## Who may do what

On the broker's machine everybody may read, without a login. Changes, and reading from other machines, need one, and the
token that only the console's own pages and programs can read. Load balancers and monitoring:
[monitoring.md](monitoring.md).

\`\`\`sh
console=http://127.0.0.1:48480
curl -s $console/api/v1/status | jq '.pairs[] | {name, active}'

token=$(curl -s -c jar $console/api/v1/session | jq -r .csrfToken)
token=$(curl -s -c jar -b jar $console/api/v1/session -H "x-csrf-token: $token" --json '{"user":"shift","password":"..."}' | jq -r .csrfToken)
curl -s -b jar $console/api/v1/pairs/Boiler/switchover -H "x-csrf-token: $token" --json '{"to":"secondary","reason":"maintenance"}'
\`\`\`

## Changing the project

A change names the version it was made on in \`If-Match\`; where somebody else was first, the answer is 412 with the project
as it is now, and nothing is changed. A change is validated as a whole, saved, and applied by the broker; where the broker
refuses it, the project before is put back. A crash in between leaves the project before or the new one, and never one that
the broker has not taken over.

\`\`\`sh
version=$(curl -s $console/api/v1/project | jq -r .version)
curl -s -b jar $console/api/v1/project/import?dryRun=true -H "x-csrf-token: $token" -H 'content-type: application/xml' --data-binary @plant.xml | jq -r .text
curl -s -b jar $console/api/v1/project/import -H "x-csrf-token: $token" -H "if-match: $version" -H 'content-type: application/xml' --data-binary @plant.xml
\`\`\`

## Work that takes its time

Operations marked *takes time* end when the client goes away: closing the connection cancels them (a change of the project
that is being saved is carried to its end). A client that accepts \`application/x-ndjson\` gets a JSON line for each step as
it begins, \`{"progress":"..."}\`, and then one with \`{"result":...}\`, which is the answer as without, or
\`{"error":{"code":...,"message":...}}\`. What protected servers are ordered to do goes on by itself; its progress is in
\`servers[].work\` of the status, and \`cancel\` breaks it off.

\`\`\`sh
curl -sN -b jar $console/api/v1/notifications/test -H "x-csrf-token: $token" -H 'accept: application/x-ndjson' --json '{"pair":null}'
\`\`\`

## Errors

Every error is JSON with a \`code\`, which stays the same from version to version ([errors.md](errors.md)), and a \`message\`.
Beside those named below every operation can answer 401 (log in first), 403 (the token is missing), 421 (not the console's
host name), 500 (a defect) and 503 (the broker is starting or stopping).
`;

/** Statuses that the introduction explains. */
const shared: ReadonlySet<string> = new Set(["401", "403", "421", "500", "503", "413"]);

/** The page docs/http-api.md, made from the description of the interface. */
export async function apiPage(): Promise<string> {
  const document = (await describeConsole("")) as unknown as Document;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );
  const groups = Object.entries(tags).map(([tag, title]) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(tag));
    return `\n## ${title}\n${own.map(({ name, operation }) => operationText(name, operation)).join("")}`;
  });
  const schemas = Object.entries(document.components.schemas).map(([name, schema]) =>
    schemaText(name, schema),
  );
  return `${introduction}${groups.join("")}\n## Shapes\n${schemas.join("")}`;
}

function operationText(name: string, operation: Operation): string {
  const { summary, description, parameters, requestBody, responses } = operation;
  const ok = Object.entries(responses).filter(([status]) => Number(status) < 300);
  const takesTime = ok.some(([, { content = {} }]) => "application/x-ndjson" in content);
  const query = parameters.filter((parameter) => parameter.in !== "path");
  const refusals = Object.entries(responses).filter(
    ([status, { content = {} }]) => Number(status) >= 400 && (!shared.has(status) || isOwn(content)),
  );
  const lines = [
    ...(description === undefined ? [] : [description]),
    ...query.map(
      ({ name: parameter, in: place, required, schema }) =>
        `- ${place === "header" ? "header" : "query"} \`${parameter}\`${required ? "" : " (may be left out)"}: ${typeText(schema)}`,
    ),
    ...(requestBody ? [`- body: ${contentText(requestBody.content)}`] : []),
    ...ok.map(([status, { content = {} }]) => `- ${status}: ${contentText(content)}`),
    ...refusals.map(
      ([status, { description: meaning, content = {} }]) =>
        `- ${status}: ${isOwn(content) ? contentText(content) : meaning.toLowerCase()}`,
    ),
  ];
  return `\n### ${name}\n\n${summary}${takesTime ? " (*takes time*)" : ""}.\n\n${lines.join("\n")}\n`.replace(
    /\n([^-\n][^\n]*)\n- /,
    "\n$1\n\n- ",
  );
}

/** An answer that says more than an error does. */
function isOwn(content: Content): boolean {
  return content["application/json"]?.schema.anyOf !== undefined;
}

function contentText(content: Content): string {
  const types = Object.entries(content).filter(([type]) => type !== "application/x-ndjson");
  if (types.length === 0) return Object.keys(content).length === 0 ? "no body" : "lines of steps";
  return types
    .map(([type, { schema }]) => (type === "application/json" ? typeText(schema) : `\`${type}\``))
    .join(", ");
}

function schemaText(name: string, schema: Schema): string {
  const { description = "", properties } = schema;
  const rows = Object.entries(properties ?? {}).map(
    ([property, each]) => `| \`${property}\` | ${typeText(each)} |\n`,
  );
  const body =
    properties === undefined
      ? `${(schema.oneOf ?? []).map((each) => `- ${typeText(each)}\n`).join("")}`
      : `| property | |\n|---|---|\n${rows.join("")}`;
  return `\n### ${name}\n\n${description}\n\n${body}`;
}

function typeText(schema: Schema): string {
  const { $ref, type, enum: values, items, anyOf, properties, format } = schema;
  if ($ref !== undefined) {
    const name = $ref.split("/").at(-1) ?? "";
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (values !== undefined)
    return values.length > 20 ? "one of many words" : values.map((value) => `\`${value}\``).join(", ");
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (anyOf !== undefined) return anyOf.map(typeText).join(" or ");
  if (items !== undefined) return `list of ${typeText(items)}`;
  if (properties !== undefined) {
    const fields = Object.entries(properties).map(([name, each]) => `\`${name}\`: ${typeText(each)}`);
    return `{ ${fields.join("; ")} }`;
  }
  if (type === undefined) return "anything";
  const words = [type].flat().map((each) => (format === "date-time" && each === "string" ? "time" : each));
  return words.join(" or ");
}
