import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { PairStatus } from "../../../src/control/broker-api.ts";
import { type ControlClient, connectControl } from "../../../src/control/client.ts";
import type { Role } from "../../../src/core/role.ts";
import type { DiagnosticEvent } from "../../../src/diagnostics/event.ts";
import { Changes, within } from "./changes.ts";
import { heldUpDuring } from "./held-up.ts";

const program = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));
const startTimeoutMs = 20_000;
/** The status has no events for all that is in it. */
const lookAgainMs = 25;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The broker as it is delivered, in a process of its own, on a project and a state directory of its own. */
export class BrokerProcess {
  readonly pid: number;
  readonly projectFile: string;
  readonly stateDirectory: string;
  readonly endpoints: readonly string[];
  readonly control: ControlClient;
  /** All that the broker has reported so far. */
  readonly events: DiagnosticEvent[] = [];
  readonly exited: Promise<number | null>;
  readonly #directory: string;
  readonly #child: ChildProcess;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #changes = new Changes();
  #said = "";
  #hasEnded = false;

  private constructor(
    directory: string,
    child: ChildProcess,
    environment: NodeJS.ProcessEnv,
    endpoints: readonly string[],
    control: ControlClient,
  ) {
    this.#directory = directory;
    this.#environment = environment;
    this.projectFile = projectFileIn(directory);
    this.stateDirectory = stateDirectoryIn(directory);
    this.#child = child;
    this.pid = child.pid as number;
    this.endpoints = endpoints;
    this.control = control;
    this.exited = once(child, "exit").then(([code]) => {
      this.#hasEnded = true;
      this.#changes.announce();
      return code as number | null;
    });
    child.stderr?.on("data", (data: Buffer) => {
      this.#said = (this.#said + data.toString("utf8")).slice(-4000);
    });
    this.#follow().catch(() => undefined);
  }

  /** Starts a broker with all pairs enabled and resolves when clients can connect. */
  static async start(
    project: string,
    options: { readonly arguments?: readonly string[]; readonly environment?: NodeJS.ProcessEnv } = {},
  ): Promise<BrokerProcess> {
    const directory = mkdtempSync(join(tmpdir(), "understudy-e2e-"));
    writeFileSync(projectFileIn(directory), project);
    const args = ["run", ...place(directory), "--json", ...(options.arguments ?? ["--enable-all"])];
    const environment = { ...process.env, ...options.environment };
    const child = spawn(process.execPath, ["--enable-source-maps", program, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: environment,
    });
    try {
      const ready = await within(readyLine(child), "the start of the broker", startTimeoutMs);
      const control = await connectControl(stateDirectoryIn(directory));
      return new BrokerProcess(directory, child, environment, ready.endpoints, control);
    } catch (error) {
      child.kill("SIGKILL");
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  get isRunning(): boolean {
    return !this.#hasEnded;
  }

  /** Number of the latest event, for `untilEvent`. */
  get lastEventId(): number {
    return this.events.at(-1)?.id ?? 0;
  }

  /** The first event later than `after` that is one of those wanted. */
  untilEvent(
    isWanted: (event: DiagnosticEvent) => boolean,
    what: string,
    options: { readonly after?: number; readonly timeoutMs?: number } = {},
  ): Promise<DiagnosticEvent> {
    const { after = 0, ...rest } = options;
    return this.#changes.until(() => this.events.find((event) => event.id > after && isWanted(event)), what, {
      ...rest,
      state: () => this.#latest(),
    });
  }

  untilPromoted(pair: string, member: Role, after: number, timeoutMs?: number): Promise<DiagnosticEvent> {
    return this.untilEvent(
      (event) => event.code === "promoted" && event.pair === pair && event.member === member,
      `the ${member} of ${pair} to be promoted`,
      timeoutMs === undefined ? { after } : { after, timeoutMs },
    );
  }

  async status(pair: string): Promise<PairStatus> {
    const found = (await this.control.status()).find(({ name }) => name === pair);
    if (!found) throw new Error(`the broker has no pair ${pair}`);
    return found;
  }

  /** Resolves once the status of a pair is as wanted. */
  async untilStatus(
    pair: string,
    isWanted: (status: PairStatus) => boolean,
    what: string,
    timeoutMs?: number,
  ): Promise<PairStatus> {
    let latest: PairStatus | null = null;
    let isOver = false;
    const look = async (): Promise<void> => {
      while (!isOver && this.isRunning) {
        latest = await this.status(pair);
        this.#changes.announce();
        await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
      }
    };
    const looking = look().catch(() => undefined);
    try {
      return await this.#changes.until(
        () => (latest && isWanted(latest) ? latest : null),
        `${pair} ${what}`,
        {
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
          state: () => `${latest?.description}\n${this.#latest()}`,
        },
      );
    } finally {
      isOver = true;
      await looking;
    }
  }

  /** Resolves once a member is active and as many are linked as the mode of the pair wants. */
  untilServing(pair: string, active: Role = "primary"): Promise<PairStatus> {
    return this.untilStatus(
      pair,
      (status) =>
        status.active === active &&
        status.members.filter(({ link }) => link === "up").length >= (status.mode === "cold" ? 1 : 2),
      `with the ${active} active and all members linked`,
    );
  }

  /** Runs a command of the command line on this broker. */
  async cli(...args: readonly string[]): Promise<Finished> {
    const child = spawn(process.execPath, [program, ...args, ...place(this.#directory)], {
      stdio: ["ignore", "pipe", "pipe"],
      env: this.#environment,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data: Buffer) => {
      stdout += data.toString("utf8");
    });
    child.stderr.on("data", (data: Buffer) => {
      stderr += data.toString("utf8");
    });
    const [code] = (await within(once(child, "close"), args.join(" "), startTimeoutMs)) as [number | null];
    return { code, stdout, stderr };
  }

  writeProject(text: string): void {
    writeFileSync(this.projectFile, text);
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.#hasEnded) process.kill(this.pid, signal);
  }

  /**
   * SIGTERM; resolves with the exit code and the time it took, of which the machine had it wait for a processor for
   * `heldUpMs`.
   */
  async terminate(): Promise<{
    readonly code: number | null;
    readonly tookMs: number;
    readonly heldUpMs: number;
  }> {
    const startedMs = performance.now();
    const ended = heldUpDuring(this.pid, within(this.exited, "the end of the broker"));
    this.signal("SIGTERM");
    const { result: code, heldUpMs } = await ended;
    return { code, tookMs: performance.now() - startedMs, heldUpMs };
  }

  async stop(): Promise<void> {
    this.control.close();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    if (!this.#hasEnded) this.signal("SIGTERM");
    await this.exited;
    clearTimeout(timer);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #follow(): Promise<void> {
    for await (const item of this.control.events({ past: null, follow: true })) {
      if (item.kind !== "event") continue;
      this.events.push(item.event);
      this.#changes.announce();
    }
  }

  #latest(): string {
    const lines = this.events.slice(-25).map(({ time, code, pair, member, message }) => {
      return `${time} ${code} ${pair ?? ""} ${member ?? ""}: ${message}`;
    });
    const ended = this.#hasEnded ? `\nthe broker has ended:\n${this.#said}` : "";
    return `latest events:\n${lines.join("\n")}${ended}`;
  }
}

function projectFileIn(directory: string): string {
  return join(directory, "redundancymaster.xml");
}

function stateDirectoryIn(directory: string): string {
  return join(directory, "state");
}

function place(directory: string): string[] {
  return ["--project", projectFileIn(directory), "--state-dir", stateDirectoryIn(directory)];
}

function readyLine(child: ChildProcess): Promise<{ readonly endpoints: readonly string[] }> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (data: Buffer) => {
      said = (said + data.toString("utf8")).slice(-4000);
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the broker ended with code ${code}:\n${said}`)));
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith('{"ready":true')) resolve(JSON.parse(line) as { endpoints: string[] });
    });
  });
}
