/** The JSON Schema of the project as a tree of fields: what the reader, the writer and the documents need of it. */
export type Field = ObjectField | ArrayField | StringField | IntegerField | BooleanField;

interface FieldBase {
  readonly title: string;
  readonly description: string;
  /** Absent in the file = null in the project. */
  readonly nullable: boolean;
  /** undefined where the schema gives none: the element is required then. */
  readonly default: unknown;
  /** What a value must be, in words; null where the constraints say it. */
  readonly expected: string | null;
  readonly unit: string | null;
  /** A change needs the pair concerned (or the front) to reconnect. */
  readonly requiresReconnect: boolean;
  /** Written to the file even where the value is the default. */
  readonly writeDefault: boolean;
  /** Stands as an attribute of the parent element. */
  readonly attribute: boolean;
}

export interface ObjectField extends FieldBase {
  readonly kind: "object";
  readonly properties: ReadonlyMap<string, Field>;
  readonly required: ReadonlySet<string>;
}

export interface ArrayField extends FieldBase {
  readonly kind: "array";
  readonly item: Field;
  /** Name of the repeated child element. */
  readonly element: string;
  readonly minItems: number;
  readonly maxItems: number;
}

export interface StringField extends FieldBase {
  readonly kind: "string";
  readonly values: readonly string[] | null;
  readonly minLength: number;
  readonly maxLength: number | null;
  /** A reference to a secret; a refused value is never shown. */
  readonly secretReference: boolean;
}

export interface IntegerField extends FieldBase {
  readonly kind: "integer";
  readonly minimum: number;
  readonly maximum: number;
}

export interface BooleanField extends FieldBase {
  readonly kind: "boolean";
}

/** Part of JSON Schema 2020-12 that the project's schema uses. */
export interface SchemaNode {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly "x-element"?: string;
  readonly "x-unit"?: string;
  readonly "x-expected"?: string;
  readonly "x-attribute"?: boolean;
  readonly "x-requiresReconnect"?: boolean;
  readonly "x-writeDefault"?: boolean;
  readonly "x-secretReference"?: boolean;
}

/** Builds the field tree. Throws an Error where the schema uses what the project file has no form for. */
export function fieldOf(schema: SchemaNode): Field {
  return build(schema, schema.$defs ?? {}, "#");
}

function build(node: SchemaNode, definitions: Readonly<Record<string, SchemaNode>>, path: string): Field {
  const schema = resolveReference(node, definitions, path);
  const types = typeof schema.type === "string" ? [schema.type] : (schema.type ?? []);
  const base: FieldBase = {
    title: schema.title ?? "",
    description: schema.description ?? "",
    nullable: types.includes("null"),
    default: schema.default,
    expected: schema["x-expected"] ?? null,
    unit: schema["x-unit"] ?? null,
    requiresReconnect: schema["x-requiresReconnect"] ?? false,
    writeDefault: schema["x-writeDefault"] ?? false,
    attribute: schema["x-attribute"] ?? false,
  };
  const type = types.find((name) => name !== "null");
  switch (type) {
    case "object": {
      const properties = Object.entries(schema.properties ?? {}).map(
        ([name, property]) => [name, build(property, definitions, `${path}/${name}`)] as const,
      );
      return Object.freeze({
        ...base,
        kind: "object",
        properties: new Map(properties),
        required: new Set(schema.required ?? []),
      });
    }
    case "array": {
      const element = schema["x-element"];
      const { items, maxItems } = schema;
      if (items === undefined || maxItems === undefined || element === undefined) {
        throw new Error(`${path}: an array needs items, maxItems and x-element`);
      }
      return Object.freeze({
        ...base,
        kind: "array",
        item: build(items, definitions, `${path}/${element}`),
        element,
        minItems: schema.minItems ?? 0,
        maxItems,
      });
    }
    case "string":
      return Object.freeze({
        ...base,
        kind: "string",
        values: schema.enum ?? null,
        minLength: schema.minLength ?? 0,
        maxLength: schema.maxLength ?? null,
        secretReference: schema["x-secretReference"] ?? false,
      });
    case "integer": {
      const only = typeof schema.const === "number" ? schema.const : null;
      return Object.freeze({
        ...base,
        kind: "integer",
        minimum: only ?? schema.minimum ?? 0,
        maximum: only ?? schema.maximum ?? Number.MAX_SAFE_INTEGER,
      });
    }
    case "boolean":
      return Object.freeze({ ...base, kind: "boolean" });
    default:
      throw new Error(`${path}: a field of type ${String(type)} has no form in the project file`);
  }
}

function resolveReference(
  node: SchemaNode,
  definitions: Readonly<Record<string, SchemaNode>>,
  path: string,
): SchemaNode {
  if (node.$ref === undefined) return node;
  const definition = definitions[node.$ref.replace("#/$defs/", "")];
  if (definition === undefined) throw new Error(`${path}: ${node.$ref} is not defined`);
  return { ...definition, ...node };
}

/** What the field admits, in words, e.g. "a whole number from 1 to 65535". */
export function expectationOf(field: Field): string {
  if (field.expected !== null) return field.expected;
  const unit = field.unit === null ? "" : ` (${field.unit})`;
  switch (field.kind) {
    case "object":
      return "an element with child elements";
    case "array":
      return `${field.minItems > 0 ? `at least ${field.minItems}` : "any number of"} <${field.element}> elements, each different`;
    case "string":
      if (field.values !== null)
        return field.values.length === 1 ? `${field.values[0]}` : `one of ${field.values.join(", ")}`;
      if (field.maxLength === null) return "text";
      return field.minLength > 0
        ? `text of ${field.minLength} to ${field.maxLength} characters`
        : `text of at most ${field.maxLength} characters`;
    case "integer":
      return field.minimum === field.maximum
        ? `${field.minimum}`
        : `a whole number from ${field.minimum} to ${field.maximum}${unit}`;
    case "boolean":
      return "true or false";
  }
}
