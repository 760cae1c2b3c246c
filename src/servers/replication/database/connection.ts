import pg from "pg";
import { UnderstudyError } from "../../../core/error.ts";
import {
  applicationName,
  connectTimeoutMs,
  type DatabasePlace,
  type DatabaseRef,
  maintenanceDatabase,
  sessionOptions,
} from "./place.ts";

export interface DatabaseLimits {
  /** Cancels the statement that is running then, and ends the connection where that does not help. */
  readonly signal?: AbortSignal;
  /** Longest wait for the answer to one statement, in ms; none = as long as it takes. */
  readonly answerWithinMs?: number;
}

/** What is broken off ends by itself in this time, in ms; then its statement is cancelled, then its connection cut. */
const cancelAfterMs = 100;
const cutAfterMs = 1000;

/** Runs work on a connection of its own and closes it. @throws UnderstudyError DATABASE_*, CANCELLED */
export async function withDatabase<T>(
  { place, database }: DatabaseRef,
  work: (client: pg.Client) => Promise<T>,
  { signal, answerWithinMs }: DatabaseLimits = {},
): Promise<T> {
  const client = new pg.Client({
    host: place.host,
    port: place.port,
    user: place.user,
    ...(place.password === null ? {} : { password: place.password }),
    database,
    ssl: place.tls === "off" ? false : { rejectUnauthorized: place.tls === "verify" },
    application_name: applicationName,
    options: sessionOptions,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    ...(answerWithinMs === undefined ? {} : { query_timeout: answerWithinMs }),
  });
  // a connection that breaks while nothing is asked is noticed by the next question
  client.on("error", () => undefined);
  const breaking = signal === undefined ? null : new Breaking(client, place, signal);
  try {
    breaking?.begin();
    await client.connect();
    await breaking?.connected();
    return await work(client);
  } catch (error) {
    if (signal?.aborted) throw cancelled();
    throw databaseError(error, place, database);
  } finally {
    breaking?.end();
    await close(client);
  }
}

/** A server that hangs does not say good-bye. */
async function close(client: pg.Client): Promise<void> {
  const cut = setTimeout(() => client.connection.stream.destroy(), cutAfterMs);
  await client.end().catch(() => undefined);
  clearTimeout(cut);
}

/** Breaks off what a connection is used for, whether its server answers or not. */
class Breaking {
  readonly #client: pg.Client;
  readonly #place: DatabasePlace;
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => this.#break();
  #pid: number | null = null;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(client: pg.Client, place: DatabasePlace, signal: AbortSignal) {
    this.#client = client;
    this.#place = place;
    this.#signal = signal;
  }

  begin(): void {
    if (this.#signal.aborted) throw cancelled();
    this.#signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  async connected(): Promise<void> {
    const { rows } = await this.#client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    this.#pid = rows[0]?.pid ?? null;
  }

  end(): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #break(): void {
    const pid = this.#pid;
    if (pid !== null) this.#timers.push(setTimeout(() => void this.#cancel(pid), cancelAfterMs));
    this.#timers.push(setTimeout(() => this.#client.connection.stream.destroy(), cutAfterMs));
  }

  async #cancel(pid: number): Promise<void> {
    const server: DatabaseRef = { place: this.#place, database: maintenanceDatabase };
    await withDatabase(server, (other) => other.query("SELECT pg_cancel_backend($1)", [pid]), {
      answerWithinMs: cutAfterMs,
    }).catch(() => undefined);
  }
}

function cancelled(): UnderstudyError {
  return new UnderstudyError("CANCELLED", "The work on the database was cancelled.");
}

/** Names a failure by its SQLSTATE (PostgreSQL, Appendix A) or the system's code. */
export function databaseError(error: unknown, place: DatabasePlace, database: string): UnderstudyError {
  if (error instanceof UnderstudyError) return error;
  const { code = "", message } = error as { readonly code?: string; readonly message: string };
  const where = `${database} on ${place.host}:${place.port}`;
  const named = (name: string, what: string): UnderstudyError =>
    new UnderstudyError(name, `${what} (${where}): ${message || code}`, { cause: error });
  switch (code) {
    case "28P01":
    case "28000":
      return named("DATABASE_LOGIN_REFUSED", `The server refuses the user ${place.user}`);
    case "3D000":
      return named("DATABASE_UNKNOWN", "There is no such database");
    case "42501":
      return named("DATABASE_RIGHTS_MISSING", `The user ${place.user} may not do that`);
    case "53100":
      return named("REPLICATION_DISK_FULL", "The disk of the database server is full");
    case "55006":
      return named("DATABASE_IN_USE", "The database is in use");
    default:
      break;
  }
  // classes 08 connection, 57P server going down; the rest is of the network or this library
  if (/^(08|57P)/.test(code) || /^E[A-Z]+$/.test(code) || /terminated|timeout|ended/i.test(message)) {
    return named("DATABASE_UNREACHABLE", "The database server cannot be reached");
  }
  return named("DATABASE_FAILED", "The database server refused a command");
}
