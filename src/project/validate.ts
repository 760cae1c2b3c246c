import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import { nearest } from "./did-you-mean.ts";
import { expectationOf, type Field } from "./field.ts";
import type { Project } from "./project.ts";
import type { ProjectErrorCode } from "./project-error.ts";
import { childPath, foundText, invalidCode } from "./read-values.ts";
import { checkRules } from "./rules.ts";
import { projectField, projectSchema, projectVersion } from "./schema.ts";

/** A problem by its path; the reader of the file adds the place in the text. */
export interface ValueProblem {
  readonly code: ProjectErrorCode;
  readonly path: string;
  readonly found: string;
  readonly expected: string;
}

export type ValidationResult =
  | { readonly ok: true; readonly project: Project }
  | { readonly ok: false; readonly problems: readonly ValueProblem[] };

const ajv = new Ajv2020({
  strict: true,
  allowUnionTypes: true,
  allErrors: true,
  useDefaults: true,
  verbose: true,
});
ajv.addVocabulary([
  "x-attribute",
  "x-catalogue",
  "x-element",
  "x-expected",
  "x-requiresReconnect",
  "x-secretReference",
  "x-unit",
  "x-writeDefault",
]);
const matchesSchema = ajv.compile<Project>(projectSchema);

/**
 * Checks plain data against config/project.schema.json and the rules across elements, and fills in the
 * defaults. `value` is not changed; the project is frozen through and through.
 */
export function validateProject(value: unknown): ValidationResult {
  const candidate: unknown = structuredClone(value);
  if (matchesSchema(candidate)) {
    const problems = checkRules(candidate);
    return problems.length === 0
      ? { ok: true, project: ordered(projectField, candidate) as Project }
      : { ok: false, problems };
  }
  const errors = matchesSchema.errors ?? [];
  const problems = errors.slice(0, 1000).map(problemOf);
  // The rules read every element, so they wait until all are there and of the right type.
  const complete = errors.every((error) => shapeKeepingKeywords.has(error.keyword));
  return { ok: false, problems: complete ? [...problems, ...checkRules(candidate as Project)] : problems };
}

const shapeKeepingKeywords: ReadonlySet<string> = new Set([
  "maxItems",
  "maxLength",
  "maximum",
  "minItems",
  "minLength",
  "minimum",
  "pattern",
  "uniqueItems",
]);

function problemOf(error: ErrorObject): ValueProblem {
  const { path, field } = locate(error.instancePath);
  switch (error.keyword) {
    case "required": {
      const name = parameter(error, "missingProperty");
      const missing = field?.kind === "object" ? field.properties.get(name) : undefined;
      if (missing?.attribute) {
        const expected = `version="${projectVersion}"`;
        return {
          code: "PROJECT_VERSION_UNSUPPORTED",
          path: childPath(path, `@${name}`),
          found: "nothing",
          expected,
        };
      }
      const expected = missing === undefined ? "a value" : expectationOf(missing);
      return { code: "PROJECT_ELEMENT_MISSING", path: childPath(path, name), found: "nothing", expected };
    }
    case "additionalProperties": {
      const name = parameter(error, "additionalProperty");
      const known = field?.kind === "object" ? [...field.properties.keys()] : [];
      const meant = nearest(name, known);
      const expected = meant === null ? `one of ${known.join(", ")}` : `${meant}: did you mean that?`;
      return { code: "PROJECT_ELEMENT_UNKNOWN", path: childPath(path, name), found: name, expected };
    }
    case "uniqueItems":
      return { code: "PROJECT_VALUE_INVALID", path, found: "the same twice", expected: "each once at most" };
    case "minItems":
    case "maxItems": {
      const limit = parameter(error, "limit");
      const expected = `${error.keyword === "minItems" ? "at least" : "at most"} ${limit}`;
      const found = Array.isArray(error.data) ? `${error.data.length} elements` : "no elements";
      return { code: "PROJECT_VALUE_INVALID", path, found, expected };
    }
    case "maxLength": {
      const found = `${String(error.data).length} characters`;
      const expected = `at most ${parameter(error, "limit")} characters`;
      return { code: "PROJECT_VALUE_INVALID", path, found, expected };
    }
    default: {
      if (field === null)
        return {
          code: "PROJECT_VALUE_INVALID",
          path,
          found: "a value",
          expected: error.message ?? "another",
        };
      const absent = field.nullable && error.data === "" ? "; leave the element out for none" : "";
      const expected = `${expectationOf(field)}${absent}`;
      return { code: invalidCode(field), path, found: foundText(field, error.data), expected };
    }
  }
}

function parameter(error: ErrorObject, name: string): string {
  return String(error.params[name]);
}

/** `/pairs/1/primary` to `pairs/pair[2]/primary` and its field. */
function locate(instancePath: string): { readonly path: string; readonly field: Field | null } {
  let path = "";
  let field: Field | null = projectField;
  for (const segment of instancePath.split("/").slice(1)) {
    const name = segment.replaceAll("~1", "/").replaceAll("~0", "~");
    if (field?.kind === "array") {
      path = childPath(path, `${field.element}[${Number(name) + 1}]`);
      field = field.item;
    } else {
      const property: Field | null = field?.kind === "object" ? (field.properties.get(name) ?? null) : null;
      path = childPath(path, property?.attribute ? `@${name}` : name);
      field = property;
    }
  }
  return { path, field };
}

/** The same values with their properties in the schema's order, frozen through and through. */
function ordered(field: Field, value: unknown): unknown {
  if (field.kind === "array" && Array.isArray(value)) {
    return Object.freeze(value.map((item) => ordered(field.item, item)));
  }
  if (field.kind !== "object" || typeof value !== "object" || value === null) return value;
  const members = value as Readonly<Record<string, unknown>>;
  const properties = [...field.properties].map(([name, property]) => [
    name,
    ordered(property, members[name]),
  ]);
  return Object.freeze(Object.fromEntries(properties));
}
