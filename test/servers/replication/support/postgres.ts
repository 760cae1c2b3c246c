import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { DatabasePlace } from "../../../../src/servers/replication/database/place.ts";
import { freePort } from "../../../../tools/bench/free-port.ts";

const programs = "/usr/lib/postgresql/15/bin";
const startTimeoutMs = 60_000;
const user = "understudy";
const password = "a 'secret' with \\ in it";

/** What of the tests' needs is not on this machine; null = nothing. */
export function missingForDatabases(): string | null {
  if (!existsSync(`${programs}/postgres`)) return "PostgreSQL 15 missing";
  return serverUser() === null ? "no user to run PostgreSQL as" : null;
}

/** PostgreSQL refuses to run as root. null = nobody else is there; empty = as this user. */
function serverUser(): { readonly uid: number; readonly gid: number } | Record<string, never> | null {
  if (process.getuid?.() !== 0) return {};
  try {
    const id = (what: string) =>
      Number(execFileSync("id", [what, "postgres"], { encoding: "utf8", stdio: "pipe" }));
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return null;
  }
}

/** A PostgreSQL server of the test's own on a loopback port, in a directory of its own. */
export class TestPostgres {
  readonly place: DatabasePlace;
  readonly #folder: string;
  readonly #settings: readonly string[];
  #child: ChildProcess | null = null;

  private constructor(folder: string, port: number, settings: readonly string[]) {
    this.#folder = folder;
    this.#settings = settings;
    this.place = { host: "127.0.0.1", port, user, password, tls: "off" };
  }

  static async start(settings: readonly string[] = ["wal_level=logical"]): Promise<TestPostgres> {
    const folder = mkdtempSync(join(tmpdir(), "understudy-pg-"));
    const owner = serverUser() ?? {};
    const secret = join(folder, "secret");
    writeFileSync(secret, password);
    if ("uid" in owner)
      for (const path of [folder, secret]) chownSync(path, owner.uid as number, owner.gid as number);
    chmodSync(folder, 0o700);
    execFileSync(
      `${programs}/initdb`,
      [
        `--pgdata=${folder}/data`,
        `--username=${user}`,
        `--pwfile=${secret}`,
        "--auth=scram-sha-256",
        "--no-sync",
      ],
      { stdio: "pipe", cwd: folder, ...owner },
    );
    const server = new TestPostgres(folder, await freePort(), settings);
    await server.up();
    return server;
  }

  /** Starts the server (again) on what is in its directory. */
  async up(): Promise<void> {
    const settings = [
      "listen_addresses=127.0.0.1",
      `port=${this.place.port}`,
      `unix_socket_directories=${this.#folder}`,
      // a stand-in that lost its server tries again soon
      "wal_retrieve_retry_interval=200ms",
      ...this.#settings,
    ];
    const child = spawn(
      `${programs}/postgres`,
      ["-D", `${this.#folder}/data`, ...settings.flatMap((each) => ["-c", each])],
      { stdio: ["ignore", "ignore", "pipe"], cwd: this.#folder, ...(serverUser() ?? {}) },
    );
    this.#child = child;
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4000);
    });
    const deadlineMs = performance.now() + startTimeoutMs;
    for (;;) {
      if (child.exitCode !== null || performance.now() > deadlineMs) throw new Error(`PostgreSQL: ${said}`);
      if (await this.query("postgres", "SELECT 1").catch(() => null)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends it at once, as a machine that loses its power. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    // its own processes notice and end a moment later
    while (existsSync(`${this.#folder}/.s.PGSQL.${this.place.port}`)) {
      rmSync(`${this.#folder}/.s.PGSQL.${this.place.port}`, { force: true });
      rmSync(`${this.#folder}/.s.PGSQL.${this.place.port}.lock`, { force: true });
    }
    rmSync(`${this.#folder}/data/postmaster.pid`, { force: true });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child && child.exitCode === null) {
      const exited = once(child, "exit");
      child.kill("SIGQUIT");
      await exited;
    }
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  /** Runs statements on a connection of their own; the rows of the last one. */
  async query<Row extends pg.QueryResultRow>(database: string, ...statements: string[]): Promise<Row[]> {
    const client = new pg.Client({ ...this.place, database, password, connectionTimeoutMillis: 5000 });
    client.on("error", () => undefined);
    await client.connect();
    try {
      let rows: Row[] = [];
      for (const statement of statements) rows = (await client.query<Row>(statement)).rows ?? [];
      return rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async databases(): Promise<string[]> {
    const rows = await this.query<{ datname: string }>(
      "postgres",
      "SELECT datname FROM pg_database WHERE datname NOT LIKE 'template%' AND datname <> 'postgres' ORDER BY 1",
    );
    return rows.map(({ datname }) => datname);
  }
}
