import type pg from "pg";
import { identifier, literal } from "../names.ts";

/** The subscription of a copy, as the copy's own server sees it. */
export interface SubscriptionState {
  readonly enabled: boolean;
  /** Tables whose first copy is complete, of all. */
  readonly readyTables: number;
  readonly tables: number;
  /** Changes that could not be applied, and first copies that failed, since the subscription was made. */
  readonly errors: number;
  /** What was noted when it was stopped; null where nothing was. */
  readonly note: string | null;
  /** Every transaction is on the copy's disk before the next one is applied. */
  readonly flushesAtOnce: boolean;
}

/** null where the copy has no subscription of that name. */
export async function readSubscription(client: pg.Client, name: string): Promise<SubscriptionState | null> {
  const { rows } = await client.query<{
    enabled: boolean;
    ready: string;
    tables: string;
    errors: string;
    note: string | null;
    flushes: boolean;
  }>(
    `SELECT s.subenabled AS enabled,
            (SELECT count(*) FROM pg_subscription_rel r WHERE r.srsubid = s.oid AND srsubstate = 'r') AS ready,
            (SELECT count(*) FROM pg_subscription_rel r WHERE r.srsubid = s.oid) AS tables,
            coalesce(x.apply_error_count + x.sync_error_count, 0) AS errors,
            obj_description(s.oid, 'pg_subscription') AS note, s.subsynccommit <> 'off' AS flushes
     FROM pg_subscription s LEFT JOIN pg_stat_subscription_stats x ON x.subid = s.oid
     WHERE s.subname = $1 AND s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [name],
  );
  const [row] = rows;
  if (!row) return null;
  return {
    enabled: row.enabled,
    readyTables: Number(row.ready),
    tables: Number(row.tables),
    errors: Number(row.errors),
    note: row.note,
    flushesAtOnce: row.flushes,
  };
}

/** The slot must exist: a subscription that makes its own cannot be made in a transaction, nor undone by halves. */
export async function createSubscription(
  client: pg.Client,
  name: string,
  source: string,
  publication: string,
): Promise<void> {
  await client.query(
    `CREATE SUBSCRIPTION ${identifier(name)} CONNECTION ${literal(source)} PUBLICATION ${identifier(publication)}
     WITH (create_slot = false, slot_name = ${literal(name)}, copy_data = true, streaming = true)`,
  );
}

/** Full names of the tables that changes are taken for. */
export async function readSubscribed(client: pg.Client, name: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name
     FROM pg_subscription s JOIN pg_subscription_rel r ON r.srsubid = s.oid
     JOIN pg_class c ON c.oid = r.srrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE s.subname = $1 AND s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [name],
  );
  return rows.map(({ name: table }) => table);
}

/** Takes in tables that the publication has got since. */
export async function refreshSubscription(client: pg.Client, name: string): Promise<void> {
  await client.query(`ALTER SUBSCRIPTION ${identifier(name)} REFRESH PUBLICATION`);
}

export async function enableSubscription(client: pg.Client, name: string): Promise<void> {
  await client.query(`ALTER SUBSCRIPTION ${identifier(name)} ENABLE`);
  await client.query(`COMMENT ON SUBSCRIPTION ${identifier(name)} IS NULL`);
}

export async function disableSubscription(client: pg.Client, name: string): Promise<void> {
  await client.query(`ALTER SUBSCRIPTION ${identifier(name)} DISABLE`);
}

/** Without it the copy's disk is written in intervals of up to 0.2 s, and what is there is confirmed after that. */
export async function flushAtOnce(client: pg.Client, name: string, atOnce: boolean): Promise<void> {
  const value = atOnce ? "local" : "off";
  await client.query(`ALTER SUBSCRIPTION ${identifier(name)} SET (synchronous_commit = ${value})`);
}

export async function noteOnSubscription(client: pg.Client, name: string, note: string): Promise<void> {
  await client.query(`COMMENT ON SUBSCRIPTION ${identifier(name)} IS ${literal(note)}`);
}

/** Whether a process of the copy's server still applies changes. */
export async function isApplying(client: pg.Client, name: string): Promise<boolean> {
  const { rowCount } = await client.query(
    "SELECT 1 FROM pg_stat_subscription WHERE subname = $1 AND pid IS NOT NULL",
    [name],
  );
  return (rowCount ?? 0) > 0;
}

/** Drops the subscriptions of a database without asking the other end, which may be gone. */
export async function forgetSubscriptions(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ subname: string }>(
    `SELECT subname FROM pg_subscription
     WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  for (const { subname } of rows) {
    const name = identifier(subname);
    await client.query(`ALTER SUBSCRIPTION ${name} DISABLE`);
    await client.query(`ALTER SUBSCRIPTION ${name} SET (slot_name = NONE)`);
    await client.query(`DROP SUBSCRIPTION ${name}`);
  }
}
