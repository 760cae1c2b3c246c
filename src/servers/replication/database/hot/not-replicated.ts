import type pg from "pg";
import { ofUsers } from "../of-users.ts";

/** What logical replication has no way for (PostgreSQL, 31.6), in words; empty = nothing of it is there. */
export async function readNotReplicated(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ unlogged: string | null; objects: string }>(
    `SELECT (SELECT string_agg(format('%I.%I', n.nspname, c.relname), ', ' ORDER BY 1)
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind = 'r' AND c.relpersistence = 'u' AND ${ofUsers}) AS unlogged,
            (SELECT count(*) FROM pg_largeobject_metadata) AS objects`,
  );
  const [{ unlogged, objects } = { unlogged: null, objects: "0" }] = rows;
  return [
    ...(unlogged === null ? [] : [`the rows of unlogged tables (${unlogged})`]),
    ...(objects === "0" ? [] : [`${objects} large objects`]),
  ];
}
