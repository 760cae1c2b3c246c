/** Kinds of what a schema has beside its tables and their columns, in the order in which they are made. */
export const objectKinds = Object.freeze([
  "schema",
  "extension",
  "enum type",
  "enum value",
  "domain",
  "domain constraint",
  "composite type",
  "range type",
  "sequence",
  "function",
  "generated column",
  "sequence owner",
  "default",
  "identity",
  "not null",
  "constraint",
  "index",
  "statistics",
  "view",
  "materialized view",
  "rule",
  "trigger",
  "trigger state",
  "row security",
  "policy",
  "owner",
  "privilege",
  "other",
] as const);

export type ObjectKind = (typeof objectKinds)[number];

/** One object of a schema, with the statements that make and remove it. */
export interface SchemaObject {
  readonly kind: ObjectKind;
  /** Full name, quoted where needed; unique among its kind. */
  readonly name: string;
  /** Makes it, and is what two objects are compared by. null = cannot be made alone; empty = not to be used (yet). */
  readonly make: string | null;
  /** Turns one of the same name into it; null = it is removed and made. */
  readonly replace: string | null;
  /** Removes it. null = cannot be removed alone; empty = goes by itself. */
  readonly unmake: string | null;
}

/** Of these, tables may be made: they come before new tables. */
export function isNeededByTables(kind: ObjectKind): boolean {
  return objectKinds.indexOf(kind) < objectKinds.indexOf("generated column");
}

/** It may refuse rows: what the live database has no more of these is in the way of its changes. */
export function refusesRows({ kind, make }: SchemaObject): boolean {
  if (kind === "index") return make === "" || /^CREATE UNIQUE /.test(make ?? "");
  return kind === "not null" || kind === "constraint" || kind === "trigger";
}

/** Rows cannot be kept in a copy whose types are different. */
export function holdsValues(kind: ObjectKind): boolean {
  switch (kind) {
    case "enum type":
    case "enum value":
    case "domain":
    case "domain constraint":
    case "composite type":
    case "range type":
    case "generated column":
      return true;
    default:
      return false;
  }
}
