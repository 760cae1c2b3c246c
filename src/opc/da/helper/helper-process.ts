import { spawn } from "node:child_process";
import { UnderstudyError } from "../../../core/error.ts";
import type { Helper, HelperStarter } from "../upstream/helper.ts";
import { WireConnection } from "../upstream/wire-connection.ts";

/** How a helper process is started. */
export interface HelperCommand {
  readonly program: string;
  readonly arguments: readonly string[];
  /** The whole environment; undefined = that of the broker. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
}

export interface HelperProcessOptions {
  readonly command: HelperCommand;
  /** From the start of the process to its answer to Hello, in ms. Wine needs some. Default 15 000. */
  readonly startTimeoutMs?: number;
  /** Told what the process writes to standard error, line by line. */
  readonly onComplaint?: (line: string) => void;
}

const defaultStartTimeoutMs = 15_000;

/**
 * Starts helper processes and speaks with them over their standard input and output. Whatever a helper is doing,
 * it ends at once when it is not wanted any more or its connection is lost: that is what a hung COM call needs.
 */
export class HelperProcesses implements HelperStarter {
  readonly #options: HelperProcessOptions;

  constructor(options: HelperProcessOptions) {
    this.#options = options;
  }

  /** @throws (rejects) UnderstudyError HELPER_FAILED, also where `signal` gives up first. */
  async start(signal: AbortSignal): Promise<HelperProcess> {
    const { command, startTimeoutMs = defaultStartTimeoutMs, onComplaint } = this.#options;
    if (signal.aborted)
      throw new UnderstudyError("HELPER_FAILED", "the helper process is not wanted any more");
    const child = spawn(command.program, [...command.arguments], {
      env: command.environment ?? process.env,
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const kill = () => child.kill("SIGKILL");
    let failure: Error | null = null;
    child.once("error", (error) => {
      failure = error;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => onComplaint?.(text.trimEnd()));
    signal.addEventListener("abort", kill, { once: true });
    try {
      const connection = await WireConnection.open(
        { input: child.stdout, output: child.stdin, end: kill },
        { leg: "helper", program: "understudy", timeoutMs: startTimeoutMs },
      );
      return new HelperProcess(connection, child.pid ?? 0, exited);
    } catch (error) {
      kill();
      if (!failure) throw error;
      const { message } = failure as Error;
      throw new UnderstudyError("HELPER_FAILED", `${command.program} could not be started: ${message}`, {
        cause: failure,
      });
    } finally {
      signal.removeEventListener("abort", kill);
    }
  }
}

/** A running helper process. */
export class HelperProcess implements Helper {
  /** Of the operating system, where there is one; 0 once it could not be told. */
  readonly pid: number;
  /** Resolves when the process has ended, however it did. */
  readonly exited: Promise<void>;
  readonly #connection: WireConnection;

  constructor(connection: WireConnection, pid: number, exited: Promise<void>) {
    this.#connection = connection;
    this.pid = pid;
    this.exited = exited;
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  get onEvent(): Helper["onEvent"] {
    return this.#connection.onEvent;
  }

  set onEvent(listener: Helper["onEvent"]) {
    this.#connection.onEvent = listener;
  }

  get onLost(): Helper["onLost"] {
    return this.#connection.onLost;
  }

  set onLost(listener: Helper["onLost"]) {
    this.#connection.onLost = listener;
  }

  call: Helper["call"] = (name, body, deadlineMs) => this.#connection.call(name, body, deadlineMs);

  end(): void {
    this.#connection.end();
  }
}
