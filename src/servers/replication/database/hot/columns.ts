import type pg from "pg";
import { ofUsers } from "../of-users.ts";

/** A column as two databases can be compared by it. */
export interface Column {
  /** Full name of the table, quoted where needed. */
  readonly table: string;
  readonly column: string;
  readonly type: string;
  /** It has or had a default, or must have a value: when it is added, rows that are there already get one. */
  readonly fills: boolean;
  /** Number of the file the table is kept in: another one when all its rows were written anew. */
  readonly file: number;
}

export async function readColumns(client: pg.Client): Promise<readonly Column[]> {
  const { rows } = await client.query<Column>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS table, quote_ident(a.attname) AS column,
            format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull OR a.atthasdef OR a.atthasmissing AS fills,
            c.relfilenode::int8::float8 AS file
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND a.attnum > 0 AND NOT a.attisdropped
       AND a.attgenerated = '' AND ${ofUsers}
     ORDER BY 1, 2`,
  );
  return rows;
}

/** What has to be done at the copy so that changes of the live database can be applied again. */
export interface SchemaDifference {
  /** Tables the copy does not have. */
  readonly newTables: readonly string[];
  /** Columns to add, which are empty in the rows that are there already, at the live database too. */
  readonly newColumns: readonly Column[];
  /** Columns the live database has no more. */
  readonly droppedColumns: readonly Column[];
  /** Tables the live database has no more. */
  readonly droppedTables: readonly string[];
  /** What only a whole new copy can mend, in words; empty = nothing. */
  readonly beyond: readonly string[];
}

/** `known`: tables the live database has or had; others of the copy are somebody's own. */
export function compareColumns(
  live: readonly Column[],
  copy: readonly Column[],
  known: ReadonlySet<string>,
): SchemaDifference {
  const key = ({ table, column }: Column): string => `${table}.${column}`;
  const [liveTables, copyTables] = [live, copy].map((columns) => new Set(columns.map(({ table }) => table)));
  const copyByKey = new Map(copy.map((each) => [key(each), each]));
  const liveKeys = new Set(live.map(key));
  const inBoth = live.filter(({ table }) => copyTables?.has(table));
  const missing = inBoth.filter((each) => !copyByKey.has(key(each)));
  const extra = copy.filter((each) => liveTables?.has(each.table) && !liveKeys.has(key(each)));
  // one gone and one new in the same table may be one that was renamed, with its values
  const renamed = new Set(
    missing.map(({ table }) => table).filter((table) => extra.some((each) => each.table === table)),
  );
  return {
    newTables: [...(liveTables ?? [])].filter((table) => !copyTables?.has(table)),
    newColumns: missing.filter(({ table, fills }) => !renamed.has(table) && !fills),
    droppedColumns: extra.filter(({ table }) => !renamed.has(table)),
    droppedTables: [...(copyTables ?? [])].filter((table) => !liveTables?.has(table) && known.has(table)),
    beyond: [
      ...inBoth
        .filter((each) => (copyByKey.get(key(each))?.type ?? each.type) !== each.type)
        .map((each) => `${key(each)} is now ${each.type}`),
      // such values do not travel: PostgreSQL writes no change of any row for them
      ...missing
        .filter(({ table, fills }) => !renamed.has(table) && fills)
        .map((each) => `${key(each)} was added with values for all rows`),
      ...[...renamed].map((table) => `columns of ${table} were exchanged or renamed`),
    ],
  };
}

export function isEmptyDifference({
  newTables,
  newColumns,
  droppedColumns,
  droppedTables,
  beyond,
}: SchemaDifference): boolean {
  const all = [newTables, newColumns, droppedColumns, droppedTables, beyond];
  return all.every(({ length }) => length === 0);
}
