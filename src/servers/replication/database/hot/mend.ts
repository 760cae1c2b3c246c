import { pourDump } from "../dump.ts";
import { type DatabaseRef, withDatabase } from "../place.ts";
import { publishTables } from "./publication.ts";
import {
  type Column,
  compareColumns,
  isEmptyDifference,
  readColumns,
  type SchemaDifference,
} from "./schema.ts";
import { refreshSubscription } from "./subscription.ts";

/** What was done to a copy whose original had changed its schema. */
export interface Mended {
  /** In words, one each; empty = nothing was to be done. */
  readonly done: readonly string[];
  /** What only a new copy can mend. */
  readonly beyond: readonly string[];
}

const nothing: Mended = Object.freeze({ done: [], beyond: [] });

/**
 * Brings the schema of a copy in line with the live database's, as far as that can be done while it follows:
 * changes of the schema do not travel with those of the data (PostgreSQL, 31.6).
 */
export async function mendSchema(
  live: DatabaseRef,
  copy: DatabaseRef,
  stream: string,
  signal: AbortSignal,
): Promise<Mended> {
  const [liveColumns, copyColumns] = await Promise.all(
    [live, copy].map((each) => withDatabase(each, readColumns)),
  );
  const difference = compareColumns(liveColumns ?? [], copyColumns ?? []);
  if (isEmptyDifference(difference)) return nothing;
  if (difference.beyond.length > 0) return { done: [], beyond: difference.beyond };
  const withoutKey = await apply(difference, live, copy, stream, signal);
  const noted = withoutKey.map(
    (table) => `${table} has no primary key: its changes are logged as whole rows`,
  );
  return { done: [...describe(difference), ...noted], beyond: [] };
}

async function apply(
  { newTables, newColumns, droppedColumns }: SchemaDifference,
  live: DatabaseRef,
  copy: DatabaseRef,
  stream: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (newTables.length > 0) {
    const schemas = new Set(newTables.map((table) => table.split(".")[0] ?? ""));
    await withDatabase(copy, async (client) => {
      for (const schema of schemas) await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    });
    const tables = newTables.map((table) => `--table=${table}`);
    await pourDump(live, copy, { what: ["--schema-only", "--strict-names", ...tables], signal });
  }
  await withDatabase(copy, async (client) => {
    for (const each of newColumns)
      await client.query(`ALTER TABLE ${each.table} ADD COLUMN IF NOT EXISTS ${each.column} ${each.type}`);
    for (const each of droppedColumns)
      await client.query(`ALTER TABLE ${each.table} DROP COLUMN IF EXISTS ${each.column}`);
  });
  if (newTables.length === 0) return [];
  const { withoutKey } = await withDatabase(live, (client) => publishTables(client, stream));
  await withDatabase(copy, (client) => refreshSubscription(client, stream));
  return withoutKey;
}

function describe({ newTables, newColumns, droppedColumns }: SchemaDifference): readonly string[] {
  const column = (each: Column): string => `${each.table}.${each.column}`;
  return [
    ...newTables.map((table) => `table ${table} added`),
    ...newColumns.map((each) => `column ${column(each)} added; rows written before stay empty there`),
    ...droppedColumns.map((each) => `column ${column(each)} dropped`),
  ];
}
