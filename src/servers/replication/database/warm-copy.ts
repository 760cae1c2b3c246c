import type pg from "pg";
import { UnderstudyError } from "../../../core/error.ts";
import { withDatabase } from "./connection.ts";
import { pourDump } from "./dump.ts";
import type { CopyNames } from "./names.ts";
import { ofUsers } from "./of-users.ts";
import { type DatabasePlace, type DatabaseRef, maintenanceDatabase } from "./place.ts";
import { createIncoming, dropIncoming, swapIn } from "./swap.ts";

export interface WarmCopyOptions {
  readonly onProgress: (percent: number, bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Share of the work that is pouring; checking and changing places are the rest. */
const pouringPercent = 95;

/**
 * Makes a whole copy of a database beside the present one, checks it, and puts it in its place. Whatever fails,
 * the last good copy stays (seed: Database replication).
 * @throws UnderstudyError DATABASE_*, REPLICATION_DISK_FULL, PROGRAM_MISSING, CANCELLED
 */
export async function copyDatabase(
  from: DatabaseRef,
  to: DatabasePlace,
  names: Pick<CopyNames, "copy" | "incoming" | "outgoing">,
  { onProgress, signal }: WarmCopyOptions,
): Promise<void> {
  const size = await withDatabase(from, sizeOf, { signal });
  await requireRoles(from, to, signal);
  await createIncoming(from, to, names, signal);
  const incoming: DatabaseRef = { place: to, database: names.incoming };
  try {
    await pourDump(from, incoming, {
      signal,
      onBytes: (bytes) => onProgress(Math.min((bytes / size) * pouringPercent, pouringPercent), bytes),
    });
    await compareInventories(from, incoming, signal);
    if (signal.aborted) throw new UnderstudyError("CANCELLED", "The copy of the database was cancelled.");
    await swapIn(to, names);
    onProgress(100, size);
  } catch (error) {
    await dropIncoming(to, names).catch(() => undefined);
    throw error;
  }
}

async function sizeOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ size: string }>(
    "SELECT pg_database_size(current_database()) AS size",
  );
  return Math.max(Number(rows[0]?.size ?? 1), 1);
}

/**
 * Owners and grantees of the original must exist at the copy, else nobody could use it after a takeover.
 * @throws UnderstudyError DATABASE_ROLES_MISSING
 */
export async function requireRoles(from: DatabaseRef, to: DatabasePlace, signal: AbortSignal): Promise<void> {
  const needed = await withDatabase(from, rolesOf, { signal });
  const server: DatabaseRef = { place: to, database: maintenanceDatabase };
  const missing = await withDatabase(server, (client) => rolesMissing(client, needed), { signal });
  if (missing.length === 0) return;
  throw new UnderstudyError(
    "DATABASE_ROLES_MISSING",
    `The database server on ${to.host}:${to.port} lacks the roles ${missing.join(", ")}, which own or may use ` +
      `parts of ${from.database}. Create them there, e.g. with pg_dumpall --roles-only.`,
  );
}

/** Who owns or may use parts of a database. */
async function rolesOf(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ rolname: string }>(
    `SELECT DISTINCT rolname FROM pg_shdepend JOIN pg_roles ON pg_roles.oid = refobjid
     WHERE refclassid = 'pg_authid'::regclass
       AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return rows.map(({ rolname }) => rolname);
}

async function rolesMissing(client: pg.Client, needed: readonly string[]): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT name FROM unnest($1::text[]) AS name WHERE name NOT IN (SELECT rolname FROM pg_roles) ORDER BY name",
    [needed],
  );
  return rows.map(({ name }) => name);
}

/** What a database consists of, counted by kind. */
async function inventory(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ kind: string; count: string }>(
    `SELECT relkind::text AS kind, count(*) AS count FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
     WHERE ${ofUsers}
     GROUP BY relkind ORDER BY relkind`,
  );
  return rows.map(({ kind, count }) => `${kind}=${count}`).join(" ");
}

/** @throws UnderstudyError DATABASE_COPY_DIFFERS */
async function compareInventories(from: DatabaseRef, to: DatabaseRef, signal: AbortSignal): Promise<void> {
  const [original, copy] = await Promise.all(
    [from, to].map((each) => withDatabase(each, inventory, { signal })),
  );
  if (original === copy) return;
  throw new UnderstudyError(
    "DATABASE_COPY_DIFFERS",
    `The copy does not have what the original has (original ${original || "empty"}, copy ${copy || "empty"}); ` +
      "the schema may have changed meanwhile. The last good copy stays.",
  );
}
