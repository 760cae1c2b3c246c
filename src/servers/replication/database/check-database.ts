import type pg from "pg";
import { UnderstudyError } from "../../../core/error.ts";
import { finding, type ReplicationFinding } from "../check-finding.ts";
import { runProgram } from "../run-program.ts";
import { withDatabase } from "./connection.ts";
import { ofUsers } from "./of-users.ts";
import { maintenanceDatabase } from "./place.ts";
import type { DatabaseParts } from "./warm-replicator.ts";

type Said = string | Omit<ReplicationFinding, "name">;

/**
 * Whether a database can be copied: both servers, the rights of the users there, the programs here. Changes nothing.
 */
export async function checkDatabase(
  parts: DatabaseParts,
  mode: "warm" | "hot",
  signal: AbortSignal,
): Promise<readonly ReplicationFinding[]> {
  const { names, catalog } = parts;
  let sourceVersion = 0;
  let owners: readonly string[] = [];
  const source = await finding(`source of ${names.copy}`, async () => {
    const place = await parts.source();
    const look = async (client: pg.Client): Promise<Said> => {
      sourceVersion = await majorVersion(client);
      owners = await ownersOf(client);
      return await checkSource(client, mode, sourceVersion);
    };
    return await withDatabase({ place, database: catalog }, look, { signal });
  });
  const standIn = finding(`stand-in of ${names.copy}`, async () => {
    const place = await parts.standIn();
    const look = (client: pg.Client): Promise<Said> => checkStandIn(client, mode, sourceVersion, owners);
    return await withDatabase({ place, database: maintenanceDatabase }, look, { signal });
  });
  const programs = ["pg_dump", "pg_restore"].map((program) =>
    finding(program, () => checkProgram(program, sourceVersion, signal)),
  );
  return [source, ...(await Promise.all([standIn, ...programs]))];
}

async function checkSource(client: pg.Client, mode: "warm" | "hot", version: number): Promise<Said> {
  const what = mode === "hot" ? "published" : "read";
  const { rows } = await client.query<{ name: string; count: string }>(
    `SELECT min(format('%I.%I', n.nspname, c.relname)) AS name, count(*) AS count
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't'
       AND ${ofUsers}
       AND NOT ${mode === "hot" ? "pg_has_role(c.relowner, 'USAGE')" : "has_table_privilege(c.oid, 'SELECT')"}`,
  );
  const [{ name, count } = { name: null, count: "0" }] = rows;
  if (name !== null) {
    const others = count === "1" ? "" : ` and ${Number(count) - 1} more`;
    throw missing(`${name}${others} cannot be ${what} by this user`);
  }
  if (mode === "hot") await checkStream(client);
  return `PostgreSQL ${version}, all tables can be ${what}`;
}

/** What a stream of changes needs at the live server (PostgreSQL, 31.10 Configuration Settings). */
async function checkStream(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{
    level: string;
    may_stream: boolean;
    may_create: boolean;
    free_slots: string;
    free_senders: string;
  }>(
    `SELECT current_setting('wal_level') AS level,
            (SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = current_user) AS may_stream,
            has_database_privilege(current_database(), 'CREATE') AS may_create,
            current_setting('max_replication_slots')::int
              - (SELECT count(*) FROM pg_replication_slots WHERE slot_name NOT LIKE 'understudy\\_%') AS free_slots,
            current_setting('max_wal_senders')::int
              - (SELECT count(*) FROM pg_stat_replication WHERE application_name NOT LIKE 'understudy\\_%') AS free_senders`,
  );
  const [row] = rows;
  if (row === undefined) return;
  if (row.level !== "logical") {
    throw new UnderstudyError(
      "DATABASE_WAL_LEVEL",
      `wal_level is ${row.level}; hot replication needs logical: set it and restart that server`,
    );
  }
  if (!row.may_stream) throw missing("this user lacks the attribute REPLICATION");
  if (!row.may_create) throw missing("this user may not create a publication: GRANT CREATE ON DATABASE");
  if (Number(row.free_slots) < 1) throw missing("no replication slot is free: raise max_replication_slots");
  if (Number(row.free_senders) < 1) throw missing("no WAL sender is free: raise max_wal_senders");
}

/** Who owns parts of the database: whoever restores it must be able to give these away to them. */
async function ownersOf(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT DISTINCT pg_get_userbyid(o.owner) AS name FROM (
       SELECT 'pg_class'::regclass AS catalog, c.oid, c.relowner AS owner
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relpersistence <> 't' AND ${ofUsers}
       UNION ALL SELECT 'pg_proc'::regclass, p.oid, p.proowner
       FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${ofUsers}
       UNION ALL SELECT 'pg_namespace'::regclass, n.oid, n.nspowner FROM pg_namespace n WHERE ${ofUsers}) o
     WHERE NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = o.catalog AND e.objid = o.oid AND e.deptype = 'e')
       AND o.owner <> 'pg_database_owner'::regrole ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

async function checkStandIn(
  client: pg.Client,
  mode: "warm" | "hot",
  sourceVersion: number,
  owners: readonly string[],
): Promise<Said> {
  const version = await majorVersion(client);
  const { rows } = await client.query<{ is_super: boolean; may_create: boolean }>(
    `SELECT rolsuper AS is_super, rolsuper OR rolcreatedb AS may_create FROM pg_roles WHERE rolname = current_user`,
  );
  const [row = { is_super: false, may_create: false }] = rows;
  if (!row.may_create) throw missing("this user may not create databases (CREATEDB)");
  if (mode === "hot" && !row.is_super) throw missing("a subscription needs a superuser");
  if (!row.is_super) await requireMembership(client, owners);
  if (version < sourceVersion) {
    const detail = `PostgreSQL ${version}, older than the source's ${sourceVersion}: a copy may not be restorable`;
    return { verdict: "warning", detail };
  }
  return `PostgreSQL ${version}, this user may make the copy`;
}

async function requireMembership(client: pg.Client, owners: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ name: string; exists: boolean }>(
    `SELECT o.name, r.oid IS NOT NULL AS exists FROM unnest($1::text[]) AS o(name)
     LEFT JOIN pg_roles r ON r.rolname = o.name
     WHERE r.oid IS NULL OR NOT pg_has_role(r.oid, 'MEMBER') ORDER BY 1`,
    [owners],
  );
  const [first] = rows;
  if (first === undefined) return;
  throw missing(
    `${first.name} owns parts of the database, and this user is neither a superuser nor ` +
      `${first.exists ? "a member of that role" : "is there such a role"}`,
  );
}

async function checkProgram(program: string, sourceVersion: number, signal: AbortSignal): Promise<Said> {
  let output = "";
  const { code } = await runProgram(program, ["--version"], {
    signal,
    onOutput: (text) => {
      output += text;
    },
  });
  const version = Number(/(\d+)/.exec(output)?.[1] ?? Number.NaN);
  if (code !== 0 || Number.isNaN(version)) throw new Error(`it does not tell its version: ${output.trim()}`);
  if (version < sourceVersion) {
    throw new Error(`it is of version ${version} and refuses a server of version ${sourceVersion}`);
  }
  return `version ${version}`;
}

async function majorVersion(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ server_version_num: string }>("SHOW server_version_num");
  return Math.floor(Number(rows[0]?.server_version_num ?? 0) / 10_000);
}

function missing(what: string): UnderstudyError {
  return new UnderstudyError("DATABASE_RIGHTS_MISSING", what);
}
