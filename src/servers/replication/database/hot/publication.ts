import type pg from "pg";
import { UnderstudyError } from "../../../../core/error.ts";
import { identifier } from "../names.ts";
import { ofUsers } from "../of-users.ts";

/** Tables of the live database's users, by their full names. */
const userTables = `
  SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, c.relreplident AS identity,
         EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS has_key
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence = 'p'
    AND ${ofUsers}`;

export interface Published {
  /** Tables that were added now. */
  readonly added: readonly string[];
  /** Of these, those without a primary key: their whole rows are logged from now on. */
  readonly withoutKey: readonly string[];
}

/**
 * Publishes every table of the live database that is not published yet, one by one: a publication of "all
 * tables" would refuse UPDATE and DELETE on tables without a primary key, at the live server, also on tables
 * that are made later. Such tables get REPLICA IDENTITY FULL first.
 * @throws UnderstudyError DATABASE_WAL_LEVEL
 */
export async function publishTables(client: pg.Client, publication: string): Promise<Published> {
  await requireLogical(client);
  await client.query("BEGIN");
  try {
    const { rowCount } = await client.query("SELECT 1 FROM pg_publication WHERE pubname = $1", [publication]);
    if (rowCount === 0) await client.query(`CREATE PUBLICATION ${identifier(publication)}`);
    const { rows } = await client.query<{ name: string; identity: string; has_key: boolean }>(
      `SELECT name, identity, has_key FROM (${userTables}) t
       WHERE NOT EXISTS (SELECT 1 FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
                         WHERE r.prrelid = t.oid AND p.pubname = $1)
       ORDER BY name`,
      [publication],
    );
    const withoutKey = rows.filter(
      ({ identity, has_key }) => identity === "n" || (identity === "d" && !has_key),
    );
    for (const { name } of withoutKey) await client.query(`ALTER TABLE ${name} REPLICA IDENTITY FULL`);
    for (const { name } of rows) {
      await client.query(`ALTER PUBLICATION ${identifier(publication)} ADD TABLE ${name}`);
    }
    await client.query("COMMIT");
    return { added: rows.map(({ name }) => name), withoutKey: withoutKey.map(({ name }) => name) };
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

/** Full names of the tables that are published. */
export async function readPublished(client: pg.Client, publication: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_publication_tables WHERE pubname = $1",
    [publication],
  );
  return rows.map(({ name }) => name);
}

async function requireLogical(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ wal_level: string }>("SHOW wal_level");
  const [{ wal_level } = { wal_level: "" }] = rows;
  if (wal_level === "logical") return;
  throw new UnderstudyError(
    "DATABASE_WAL_LEVEL",
    `Hot replication needs wal_level = logical at the live database server; it is ${wal_level}. Set it in ` +
      "postgresql.conf and restart that server, or use mode warm.",
  );
}

/** Idempotent: what is not there is none the worse. */
export async function unpublish(client: pg.Client, publication: string): Promise<void> {
  await client.query(`DROP PUBLICATION IF EXISTS ${identifier(publication)}`);
}

/** The slot keeps the live server's log until the copy has it. */
export async function createSlot(client: pg.Client, name: string): Promise<void> {
  await client.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [name]);
}

/** A slot that is left behind would fill the live server's disk. Idempotent. */
export async function dropSlot(client: pg.Client, name: string): Promise<void> {
  await client.query(
    `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1 AND active_pid IS NOT NULL`,
    [name],
  );
  // the process that was told to end lets the slot go a moment later
  for (let attempt = 0; ; attempt++) {
    try {
      await client.query(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1",
        [name],
      );
      return;
    } catch (error) {
      if (attempt === 50 || (error as { readonly code?: string }).code !== "55006") throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** How far a copy is behind, as the live server sees it. */
export interface SlotPosition {
  /** Bytes of log that the copy has not confirmed as safely written. */
  readonly behindBytes: number;
  /** The end of the log now, as an LSN in bytes. */
  readonly currentLsn: bigint;
  readonly confirmedLsn: bigint;
}

/** The end of the live server's log now, as an LSN in bytes. */
export async function currentLsn(client: pg.Client): Promise<bigint> {
  const { rows } = await client.query<{ lsn: string }>(
    "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS lsn",
  );
  return BigInt(rows[0]?.lsn ?? 0);
}

/**
 * Gives published tables that have lost their primary key what a change is found by: without it UPDATE and DELETE
 * fail, at the live server. Their full names.
 */
export async function identifyRows(client: pg.Client, publication: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT t.name FROM (${userTables}) t
     JOIN pg_publication_rel r ON r.prrelid = t.oid JOIN pg_publication p ON p.oid = r.prpubid AND p.pubname = $1
     WHERE t.identity = 'n' OR (t.identity = 'd' AND NOT t.has_key)
       OR (t.identity = 'i' AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = t.oid AND i.indisreplident))
     ORDER BY 1`,
    [publication],
  );
  for (const { name } of rows) await client.query(`ALTER TABLE ${name} REPLICA IDENTITY FULL`);
  return rows.map(({ name }) => name);
}

/** null where the slot is gone. */
export async function readSlot(client: pg.Client, name: string): Promise<SlotPosition | null> {
  const { rows } = await client.query<{ current: string; confirmed: string }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS current,
            pg_wal_lsn_diff(confirmed_flush_lsn, '0/0') AS confirmed
     FROM pg_replication_slots WHERE slot_name = $1 AND database = current_database()`,
    [name],
  );
  const [row] = rows;
  if (!row) return null;
  const [currentLsn, confirmedLsn] = [BigInt(row.current), BigInt(row.confirmed)];
  const behind = currentLsn - confirmedLsn;
  return { currentLsn, confirmedLsn, behindBytes: Number(behind > 0n ? behind : 0n) };
}

/** Whether commits at the live server wait for the copy (synchronous_standby_names). */
export async function isWaitedFor(client: pg.Client, stream: string): Promise<boolean> {
  const { rowCount } = await client.query(
    "SELECT 1 FROM pg_stat_replication WHERE application_name = $1 AND sync_state IN ('sync', 'quorum')",
    [stream],
  );
  return (rowCount ?? 0) > 0;
}
