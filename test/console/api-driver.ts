import assert from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Answer, ConsoleClient } from "./console-client.ts";

type Json = Readonly<Record<string, unknown>>;

export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
}

export interface OpenApiOperation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: { readonly content: Json };
  readonly responses: Readonly<Record<string, { readonly content?: Json }>>;
}

export interface Call {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const documentId = "https://understudy.example/openapi";

/** Calls operations by their name in the document, and holds every answer against it. */
export class ApiDriver {
  readonly document: OpenApi;
  /** Statuses seen, by operation. */
  readonly seen = new Map<string, Set<number>>();
  readonly #ajv: Ajv2020;
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(document: OpenApi) {
    this.document = document;
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    (addFormats as unknown as (ajv: Ajv2020) => void)(this.#ajv);
    this.#ajv.addSchema({ $id: documentId, ...document });
  }

  /** `GET /api/v1/status` and so on. */
  get operations(): readonly string[] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
  }

  operation(name: string): OpenApiOperation {
    const [method = "", path = ""] = name.split(" ");
    const found = this.document.paths[path]?.[method.toLowerCase()];
    assert.ok(found, `${name} is described`);
    return found;
  }

  /** Asks, and expects that status and what the document says of it. */
  async call(client: ConsoleClient, name: string, status: number, call: Call = {}): Promise<Answer> {
    const [method = "", path = ""] = name.split(" ");
    const address = path.replace(/\{(\w+)\}/g, (_, key: string) =>
      encodeURIComponent(call.params?.[key] ?? "Boiler"),
    );
    const answer = await client.ask(
      method,
      `${address}${call.query === undefined ? "" : `?${call.query}`}`,
      call.body,
      call.headers,
    );
    assert.equal(answer.status, status, `${name}: ${answer.text.slice(0, 500)}`);
    this.check(name, answer);
    return answer;
  }

  check(name: string, { status, headers, text }: Answer): void {
    const response = this.operation(name).responses[String(status)];
    assert.ok(response, `${name} is said to answer ${status}: ${text.slice(0, 300)}`);
    this.seen.set(name, (this.seen.get(name) ?? new Set()).add(status));
    const mediaType = String(headers["content-type"] ?? "").split(";")[0] ?? "";
    if (response.content === undefined) {
      assert.equal(text, "", `${name} ${status} has no body`);
      return;
    }
    assert.ok(mediaType in response.content, `${name} ${status} is said to be ${mediaType}`);
    const at = [...this.#pointer(name), "responses", String(status), "content", mediaType, "schema"];
    const bodies =
      mediaType === "application/json"
        ? [JSON.parse(text) as unknown]
        : mediaType === "application/x-ndjson"
          ? text
              .trimEnd()
              .split("\n")
              .map((line) => JSON.parse(line) as unknown)
          : [text];
    for (const body of bodies) this.validate(at, body, `${name} ${status}`);
  }

  /** Holds a value against the schema at a place of the document. */
  validate(place: readonly string[], value: unknown, what: string): void {
    const pointer = place
      .map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")))
      .join("/");
    const known = this.#validators.get(pointer);
    const validate = known ?? this.#ajv.compile({ $ref: `${documentId}#/${pointer}` });
    this.#validators.set(pointer, validate);
    assert.ok(
      validate(value),
      `${what}: ${this.#ajv.errorsText(validate.errors)}\n${JSON.stringify(value)?.slice(0, 1000)}`,
    );
  }

  #pointer(name: string): readonly string[] {
    const [method = "", path = ""] = name.split(" ");
    return ["paths", path, method.toLowerCase()];
  }
}
