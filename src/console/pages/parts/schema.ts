/** What the forms use of the project's JSON Schema (config/project.schema.json). */
export interface SchemaNode {
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
  readonly "x-requiresReconnect"?: boolean;
  readonly "x-expected"?: string;
}

/** A node with what it refers to; its own words go before those of the definition. */
export function resolved(root: SchemaNode, node: SchemaNode): SchemaNode {
  const name = /^#\/\$defs\/(.+)$/.exec(node.$ref ?? "")?.[1];
  const definition = name === undefined ? undefined : root.$defs?.[name];
  return definition ? { ...resolved(root, definition), ...node } : node;
}

export function typesOf({ type }: SchemaNode): readonly string[] {
  return type === undefined ? [] : typeof type === "string" ? [type] : type;
}

export function isNullable(node: SchemaNode): boolean {
  return typesOf(node).includes("null");
}

/** The value a new element begins with: the defaults of all its parts. */
export function initialValue(root: SchemaNode, node: SchemaNode): unknown {
  const whole = resolved(root, node);
  if (whole.default !== undefined && !typesOf(whole).includes("object")) return whole.default;
  if (typesOf(whole).includes("object")) {
    return Object.fromEntries(
      Object.entries(whole.properties ?? {}).map(([name, each]) => [
        name,
        each.default === null ? null : initialValue(root, each),
      ]),
    );
  }
  if (typesOf(whole).includes("array")) return [];
  if (typesOf(whole).includes("integer") || typesOf(whole).includes("number")) return whole.minimum ?? 0;
  if (typesOf(whole).includes("boolean")) return false;
  return whole.enum?.[0] ?? "";
}
