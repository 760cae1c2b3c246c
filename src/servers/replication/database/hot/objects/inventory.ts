import type pg from "pg";
import { type ObjectKind, objectKinds, type SchemaObject } from "./object.ts";
import { objectQueries } from "./queries.ts";

/** What definitions are written with, so that two servers write the same (as pg_dump does it), and that cost little. */
const settings = [
  "SET LOCAL search_path = ''",
  "SET LOCAL TimeZone = 'UTC'",
  "SET LOCAL DateStyle = 'ISO'",
  "SET LOCAL IntervalStyle = 'postgres'",
  "SET LOCAL extra_float_digits = 3",
  "SET LOCAL quote_all_identifiers = off",
  "SET LOCAL jit = off",
  "SET LOCAL max_parallel_workers_per_gather = 0",
].join("; ");

const numbered = objectKinds
  .map(
    (kind, index) =>
      `SELECT ${index} AS kind, row_number() OVER () AS place, q.name, q.make, q.replace, q.unmake
       FROM (${objectQueries[kind]}) q(name, make, replace, unmake)`,
  )
  .join("\nUNION ALL\n");

interface Row {
  readonly kind: number;
  readonly name: string;
  readonly make: string | null;
  readonly replace: string | null;
  readonly unmake: string | null;
}

/** All objects of the database's users beside tables and columns, in the order in which they are made. */
export async function readObjects(client: pg.Client): Promise<readonly SchemaObject[]> {
  const rows = await inSettings<Row>(
    client,
    `SELECT kind, name, make, replace, unmake FROM (${numbered}) all_kinds ORDER BY kind, place`,
  );
  return rows.map((row) => ({ ...row, kind: objectKinds[row.kind] as ObjectKind }));
}

/** Two databases with the same fingerprint have the same objects; much cheaper to compare than all of them. */
export async function readFingerprint(client: pg.Client): Promise<string> {
  const [row] = await inSettings<{ print: string | null }>(
    client,
    `SELECT md5(string_agg(concat_ws(chr(10), kind, name, make), chr(10) ORDER BY kind, name COLLATE "C")) AS print
     FROM (${numbered}) all_kinds`,
  );
  return row?.print ?? "";
}

/** Asks in a transaction of its own; nothing else may be asked on the connection meanwhile. */
export async function inSettings<R extends object>(client: pg.Client, sql: string): Promise<readonly R[]> {
  await client.query(`BEGIN READ ONLY; ${settings}`);
  try {
    const { rows } = await client.query<R>(sql);
    return rows;
  } finally {
    await client.query("ROLLBACK").catch(() => undefined);
  }
}
