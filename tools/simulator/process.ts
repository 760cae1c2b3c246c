import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { ControlAnswer, ControlCommand } from "./control.ts";

const startTimeoutMs = 20_000;
const answerTimeoutMs = 10_000;

export interface SimulatorProcessOptions {
  readonly name?: string;
  /** 0 or none = any free port. */
  readonly port?: number;
  readonly items?: number;
  readonly sines?: number;
  readonly writables?: number;
  readonly periodMs?: number;
  readonly phaseMs?: number;
  readonly secure?: boolean;
  readonly anonymous?: boolean;
  readonly users?: readonly { readonly name: string; readonly password: string }[];
  readonly serviceLevel?: number;
}

interface Ready {
  readonly port: number;
  readonly pid: number;
  readonly endpointUrl: string;
  readonly applicationUri: string;
}

/**
 * A simulator in a process of its own. It ends with the process that started it, even if that one is
 * killed; `stop` or `kill` end it earlier, by its pid.
 */
export class SimulatorProcess {
  readonly options: SimulatorProcessOptions;
  readonly port: number;
  readonly pid: number;
  readonly endpointUrl: string;
  readonly applicationUri: string;
  /** Resolves when the process has ended, however it did. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: Map<number, (answer: ControlAnswer) => void>;
  #lastId = 0;
  #hasEnded = false;

  private constructor(
    options: SimulatorProcessOptions,
    child: ChildProcessByStdio<Writable, Readable, null>,
    ready: Ready,
    waiting: Map<number, (answer: ControlAnswer) => void>,
  ) {
    this.options = options;
    this.#child = child;
    this.#waiting = waiting;
    this.port = ready.port;
    this.pid = ready.pid;
    this.endpointUrl = ready.endpointUrl;
    this.applicationUri = ready.applicationUri;
    this.exited = once(child, "exit").then(() => {
      this.#hasEnded = true;
    });
  }

  /** Starts a simulator and resolves when clients can connect. @throws Error where it does not come up. */
  static async start(options: SimulatorProcessOptions = {}): Promise<SimulatorProcess> {
    const main = fileURLToPath(new URL("./main.js", import.meta.url));
    const child = spawn(process.execPath, [main, "--watch-parent", ...argumentsOf(options)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    // Writing to one that was killed is no error of ours.
    child.stdin.on("error", () => {});
    const waiting = new Map<number, (answer: ControlAnswer) => void>();
    const ready = await new Promise<Ready>((resolve, reject) => {
      const fail = (why: string) => {
        child.kill("SIGKILL");
        reject(new Error(`the simulator ${options.name ?? ""} did not start: ${why}`));
      };
      const timer = setTimeout(() => fail(`not ready after ${startTimeoutMs} ms`), startTimeoutMs);
      child.once("error", (error) => fail(error.message));
      child.once("exit", (code) => {
        clearTimeout(timer);
        fail(`it ended with code ${code}`);
      });
      createInterface({ input: child.stdout }).on("line", (line) => {
        const message = parsed(line);
        if (message === null) return;
        if ("event" in message) {
          clearTimeout(timer);
          resolve(message);
        } else if (message.id !== null) {
          waiting.get(message.id)?.(message);
        }
      });
    });
    return new SimulatorProcess(options, child, ready, waiting);
  }

  get isRunning(): boolean {
    return !this.#hasEnded;
  }

  /** Sends a command and resolves with its answer; also while the server hangs. @throws Error if refused. */
  async control(command: ControlCommand): Promise<ControlAnswer> {
    const id = ++this.#lastId;
    const answer = new Promise<ControlAnswer>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`the simulator did not answer ${command.command}`)),
        answerTimeoutMs,
      );
      this.#waiting.set(id, (received) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(received);
      });
    });
    this.#child.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
    const received = await answer;
    if (!received.ok) throw new Error(`the simulator refused ${command.command}: ${received.error}`);
    return received;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends the process in good order. A stopped one is killed: it could not obey. */
  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    const timer = setTimeout(() => this.#signal("SIGKILL"), 2000);
    await this.#end("SIGTERM");
    clearTimeout(timer);
  }

  /** SIGSTOP: the process stands still, its connections stay open. */
  freeze(): void {
    this.#signal("SIGSTOP");
  }

  /** SIGCONT. */
  thaw(): void {
    this.#signal("SIGCONT");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (!this.#hasEnded) this.#signal(signal);
    await this.exited;
  }

  #signal(signal: NodeJS.Signals): void {
    if (!this.#hasEnded) process.kill(this.pid, signal);
  }
}

/** A primary and a secondary with the same items, and a way to end both. */
export async function startSimulatorPair(
  options: SimulatorProcessOptions = {},
): Promise<{ primary: SimulatorProcess; secondary: SimulatorProcess; stop: () => Promise<void> }> {
  const [primary, secondary] = await Promise.all([
    SimulatorProcess.start({ ...options, name: "primary" }),
    SimulatorProcess.start({ ...options, name: "secondary" }),
  ]);
  const stop = async () => {
    await Promise.all([primary.stop(), secondary.stop()]);
  };
  return { primary, secondary, stop };
}

function argumentsOf(options: SimulatorProcessOptions): string[] {
  const args: string[] = [];
  const add = (name: string, value: string | number | undefined) => {
    if (value !== undefined) args.push(`--${name}`, String(value));
  };
  add("name", options.name);
  add("port", options.port);
  add("items", options.items);
  add("sines", options.sines);
  add("writables", options.writables);
  add("period", options.periodMs);
  add("phase", options.phaseMs);
  add("service-level", options.serviceLevel);
  for (const user of options.users ?? []) add("user", `${user.name}:${user.password}`);
  if (options.secure) args.push("--secure");
  if (options.anonymous === false) args.push("--no-anonymous");
  return args;
}

function parsed(line: string): (ControlAnswer | (Ready & { readonly event: "ready" })) | null {
  try {
    return JSON.parse(line) as ControlAnswer | (Ready & { readonly event: "ready" });
  } catch {
    return null;
  }
}
