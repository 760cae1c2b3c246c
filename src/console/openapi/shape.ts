/** JSON Schema, dialect 2020-12, as OpenAPI 3.1 uses it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * A JSON Schema of values of the type `T`. The type goes both ways, so that a shape that says more or less than the
 * type it is declared for does not compile.
 */
export interface Shape<T> {
  readonly schema: JsonSchema;
  /** Never there; makes the type count. */
  readonly of?: (value: T) => T;
}

type TypeOf<S> = S extends Shape<infer T> ? T : never;
type Properties = Readonly<Record<string, Shape<never>>>;
/** Of an object with all of these properties and no other. */
type ObjectOf<P> = { readonly [Name in keyof P]: TypeOf<P[Name]> };

export const text: Shape<string> = { schema: { type: "string" } };
export const number: Shape<number> = { schema: { type: "number" } };
export const integer: Shape<number> = { schema: { type: "integer" } };
export const flag: Shape<boolean> = { schema: { type: "boolean" } };
/** ISO 8601, UTC. */
export const time: Shape<string> = { schema: { type: "string", format: "date-time" } };

export function oneOf<const T extends string>(...values: readonly T[]): Shape<T> {
  return { schema: { type: "string", enum: values } };
}

export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  return { schema: { type: "array", items: item.schema } };
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  const { type } = shape.schema;
  const values = shape.schema["enum"];
  if (typeof type !== "string") return { schema: { anyOf: [shape.schema, { type: "null" }] } };
  return {
    schema: {
      ...shape.schema,
      type: [type, "null"],
      ...(Array.isArray(values) ? { enum: [...values, null] } : {}),
    },
  };
}

export function object<P extends Readonly<Record<string, object>>>(properties: P): Shape<ObjectOf<P>> {
  const entries = Object.entries(properties as unknown as Properties);
  return {
    schema: {
      type: "object",
      additionalProperties: false,
      required: entries.map(([name]) => name),
      properties: Object.fromEntries(entries.map(([name, { schema }]) => [name, schema])),
    },
  };
}

/** The same in other words, where a type cannot be told from its shape. */
export function described<T>(shape: Shape<T>, description: string): Shape<T> {
  return { schema: { ...shape.schema, description } };
}

/** Shapes that have a name in the document. */
export class NamedShapes {
  readonly #schemas = new Map<string, JsonSchema>();

  get schemas(): JsonSchema {
    return Object.fromEntries(this.#schemas);
  }

  add<T>(name: string, description: string, shape: Shape<T>): Shape<T> {
    this.#schemas.set(name, { description, ...shape.schema });
    return { schema: { $ref: `#/components/schemas/${name}` } };
  }
}
