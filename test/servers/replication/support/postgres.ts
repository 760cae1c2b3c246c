import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
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

/** Where a server runs that is not to run on this host's loopback interface. */
export interface PostgresHost {
  readonly address: string;
  /** Path of the network namespace that has the address. */
  readonly network: string;
}

/** A PostgreSQL server of the test's own on a port of its own, in a directory of its own. */
export class TestPostgres {
  readonly place: DatabasePlace;
  readonly #folder: string;
  readonly #settings: readonly string[];
  readonly #network: string | null;
  #child: ChildProcess | null = null;

  private constructor(
    folder: string,
    port: number,
    settings: readonly string[],
    { address, network }: PostgresHost | { readonly address: string; readonly network: null },
  ) {
    this.#folder = folder;
    this.#settings = settings;
    this.#network = network;
    this.place = { host: address, port, user, password, tls: "off" };
  }

  static async start(
    settings: readonly string[] = ["wal_level=logical"],
    host: PostgresHost | null = null,
  ): Promise<TestPostgres> {
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
    if (host) appendFileSync(join(folder, "data/pg_hba.conf"), "host all all all scram-sha-256\n");
    const where = host ?? { address: "127.0.0.1", network: null };
    const server = new TestPostgres(folder, await freePort(), settings, where);
    try {
      await server.up();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Starts the server (again) on what is in its directory. */
  async up(): Promise<void> {
    const settings = [
      `listen_addresses=${this.place.host}`,
      `port=${this.place.port}`,
      `unix_socket_directories=${this.#folder}`,
      // a stand-in that lost its server tries again soon
      "wal_retrieve_retry_interval=200ms",
      ...this.#settings,
    ];
    const command = [
      ...[`${programs}/postgres`, "-D", `${this.#folder}/data`],
      ...settings.flatMap((each) => ["-c", each]),
    ];
    const child = this.#spawn(command);
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

  #spawn(command: readonly string[]): ChildProcess {
    const owner = serverUser() ?? {};
    const network =
      this.#network === null || !("uid" in owner)
        ? null
        : [`--net=${this.#network}`, `--setgid=${owner.gid}`, `--setuid=${owner.uid}`];
    const [program = "", ...args] = network === null ? command : ["nsenter", ...network, ...command];
    return spawn(program, args, {
      stdio: ["ignore", "ignore", "pipe"],
      cwd: this.#folder,
      ...(network === null ? owner : {}),
    });
  }

  /** Ends all its processes at once, as a machine that loses its power. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null) return;
    const exited = once(child, "exit");
    signalAll(child, "SIGKILL");
    await exited;
    while (existsSync(`${this.#folder}/.s.PGSQL.${this.place.port}`)) {
      rmSync(`${this.#folder}/.s.PGSQL.${this.place.port}`, { force: true });
      rmSync(`${this.#folder}/.s.PGSQL.${this.place.port}.lock`, { force: true });
    }
    rmSync(`${this.#folder}/data/postmaster.pid`, { force: true });
  }

  /** Its connections stand, and nothing answers any more. */
  hang(): void {
    if (this.#child) signalAll(this.#child, "SIGSTOP");
  }

  goOn(): void {
    if (this.#child) signalAll(this.#child, "SIGCONT");
  }

  /** Ends it and removes all it had. */
  async stop(): Promise<void> {
    this.goOn();
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

/** The first one must not have time to tell the others. */
function signalAll(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
  for (const pid of [child.pid, ...children.split(" ").filter(Boolean).map(Number)]) {
    try {
      process.kill(pid, signal);
    } catch {
      // it ended by itself
    }
  }
}
