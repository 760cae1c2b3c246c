import { type ChildProcess, spawn } from "node:child_process";
import { access, constants, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { UnderstudyError } from "../../core/error.ts";
import type { CommandSettings } from "../../project/server.ts";
import { limitOf } from "../plan/limit.ts";
import { killGroup } from "../program-tools.ts";
import { inNamespace, searchPath } from "./program.ts";

/**
 * Runs the command given to it and leaves its end in a file, so that a command which outlives this process (kill -9)
 * is not run a second time. The command's arguments are arguments here too: nothing of them is read as shell text.
 * What it writes is kept up to a bound and thrown away beyond; a daemon it leaves behind may go on writing.
 */
const wrapper = `
base=$1; shift
cat "/proc/$$/stat" >"$base.pid" 2>/dev/null
{
  "$@" 3>&-
  status=$?
  { echo $status >"$base.end.new" && mv "$base.end.new" "$base.end"; } 2>/dev/null
  echo $status >&3
} </dev/null 2>&1 | {
  exec 3>&-
  dd bs=4096 count=64 status=none of="$base.out" 2>/dev/null
  exec cat >/dev/null
}
`;

/** Time between the request to end and the end by force, in ms. */
const endGraceMs = 1000;
/** How often a command left by an earlier process is looked at, in ms. */
const lookEveryMs = 50;
/** Time for the last of the output to arrive, in ms. */
const outputGraceMs = 200;
/** What an error or an event shows of the output, in characters. */
const shownOutput = 400;

export interface Job {
  /** The same for each attempt at this job; another job has another one. */
  readonly id: string;
  readonly command: CommandSettings;
  /** Variables beside PATH, HOME and LC_ALL: what else this process was given may be secret. */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Runs commands of the project so that a crash of this process makes none run twice. */
export class Jobs {
  readonly #directory: string;
  readonly #namespace: string | null;

  /** The directory is the caller's to empty, when no job in it may be asked for again. */
  constructor(directory: string, namespace: string | null) {
    this.#directory = directory;
    this.#namespace = namespace;
  }

  /**
   * Runs the command to its end, or waits for the end of the one that an earlier process began, or takes that end.
   * @returns the end of what it wrote, on one line
   * @throws UnderstudyError COMMAND_MISSING, COMMAND_FAILED, COMMAND_TIMEOUT, CANCELLED
   */
  async run(job: Job): Promise<string> {
    const base = join(this.#directory, job.id);
    const status = (await endOf(base)) ?? (await this.#waitOrStart(base, job));
    const output = await shownOutputOf(base);
    if (status === 0) return output;
    const said = output === "" ? "it wrote nothing" : `it wrote: ${output}`;
    throw new UnderstudyError(
      "COMMAND_FAILED",
      `${job.command.program} ended with status ${status}; ${said}. The whole output is in ${base}.out`,
    );
  }

  async #waitOrStart(base: string, job: Job): Promise<number> {
    const left = await runningOf(base);
    if (left === null) return this.#start(base, job);
    const limit = limitOf(job.signal, job.command.timeout);
    try {
      while (!limit.signal.aborted) {
        const status = await endOf(base);
        if (status !== null) return status;
        if ((await runningOf(base)) === null) return (await endOf(base)) ?? (await this.#start(base, job));
        await delay(lookEveryMs);
      }
    } finally {
      limit.end();
    }
    await endGroup(left);
    throw brokenOff(job);
  }

  async #start(base: string, job: Job): Promise<number> {
    const { program } = job.command;
    await access(program, constants.X_OK).catch((cause: unknown) => {
      throw new UnderstudyError("COMMAND_MISSING", `${program} is no program that can be run here.`, {
        cause,
      });
    });
    await mkdir(dirname(base), { recursive: true, mode: 0o700 }).catch(() => undefined);
    const [outer, args] = inNamespace(this.#namespace, program, job.command.arguments);
    const child = spawn("/bin/sh", ["-c", wrapper, "job", base, outer, ...args], {
      stdio: ["ignore", "ignore", "ignore", "pipe"],
      detached: true,
      cwd: "/",
      env: {
        PATH: searchPath(),
        HOME: process.env["HOME"] ?? "/",
        LC_ALL: "C",
        ...job.environment,
      },
    });
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    try {
      const status = await statusOf(child, exited, job);
      // Of a command that failed the last words are wanted.
      if (status !== 0) await Promise.race([exited, delay(outputGraceMs)]);
      return status;
    } finally {
      child.stdio[3]?.destroy();
      child.unref();
    }
  }
}

function statusOf(child: ChildProcess, exited: Promise<void>, job: Job): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = "";
    const { signal: limit, end: endLimit } = limitOf(job.signal, job.command.timeout);
    const onLimit = (): void => {
      killGroup(child.pid, "SIGTERM");
      const force = delay(endGraceMs).then(() => killGroup(child.pid, "SIGKILL"));
      // Those of the group that took no notice of the request are ended by force, also when the first one is gone.
      force.then(() => settle(() => reject(brokenOff(job)))).catch(reject);
    };
    const settle = (end: () => void): void => {
      limit.removeEventListener("abort", onLimit);
      endLimit();
      end();
    };
    child.once("error", (cause) =>
      settle(() => reject(new UnderstudyError("COMMAND_FAILED", `/bin/sh cannot be started`, { cause }))),
    );
    if (limit.aborted) onLimit();
    else limit.addEventListener("abort", onLimit, { once: true });
    child.stdio[3]?.on("data", (data: Buffer) => {
      text += data.toString("latin1");
      if (text.endsWith("\n") && !limit.aborted) settle(() => resolve(Number(text)));
    });
    exited
      .then(() => delay(outputGraceMs))
      .then(() => {
        if (limit.aborted) return;
        settle(() => reject(new UnderstudyError("COMMAND_FAILED", `${job.command.program} was killed.`)));
      })
      .catch(reject);
  });
}

async function endOf(base: string): Promise<number | null> {
  const text = await readFile(`${base}.end`, "utf8").catch(() => "");
  return /^\d+\n$/.test(text) ? Number(text) : null;
}

/** The process group of the command, where it is still running; a number alone may be another's by now. */
async function runningOf(base: string): Promise<number | null> {
  const left = identity(await readFile(`${base}.pid`, "utf8").catch(() => ""));
  if (left === null) return null;
  const now = identity(await readFile(`/proc/${left.pid}/stat`, "utf8").catch(() => ""));
  return now?.startTime === left.startTime && now.state !== "Z" ? left.pid : null;
}

/** From /proc/PID/stat: the name, in parentheses, may contain anything. */
function identity(stat: string): { pid: number; state: string; startTime: string } | null {
  const rest = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startTime] = [rest[0], rest[19]];
  const pid = Number.parseInt(stat, 10);
  return Number.isNaN(pid) || state === undefined || startTime === undefined
    ? null
    : { pid, state, startTime };
}

async function endGroup(pid: number): Promise<void> {
  killGroup(pid, "SIGTERM");
  await delay(endGraceMs);
  killGroup(pid, "SIGKILL");
}

async function shownOutputOf(base: string): Promise<string> {
  const text = await readFile(`${base}.out`, "utf8").catch(() => "");
  const line = text.trim().replace(/\s*\n\s*/g, "; ");
  return line.length > shownOutput ? `...${line.slice(-shownOutput)}` : line;
}

function brokenOff({ command, signal }: Job): UnderstudyError {
  if (signal.aborted)
    return new UnderstudyError("CANCELLED", `${command.program} was broken off and killed.`);
  return new UnderstudyError(
    "COMMAND_TIMEOUT",
    `${command.program} did not end within ${command.timeout} ms; it and all it started were killed.`,
  );
}
