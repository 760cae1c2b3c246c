import { spawn } from "node:child_process";
import { UnderstudyError } from "../../core/error.ts";
import { missing } from "../program-tools.ts";

/** What is kept of a program's error output, in characters: its end, where the reason stands. */
const keptErrorOutput = 8000;
/** Time between the request to end and the end by force, in ms. */
const endGraceMs = 3000;

export interface ProgramOptions {
  /** Ends the program: SIGTERM, then SIGKILL. */
  readonly signal?: AbortSignal | undefined;
  /** Most time it may take, in ms; none = no limit. */
  readonly timeoutMs?: number | undefined;
  /** Variables beside those of this process; the locale is always C, so that messages can be read. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Takes the output as it comes, in pieces of any size. */
  readonly onOutput?: ((text: string) => void) | undefined;
}

export interface ProgramResult {
  /** Exit status; null where a signal ended it. */
  readonly code: number | null;
  readonly errorOutput: string;
}

/**
 * Runs a program without a shell and waits for its end. Whatever its exit status, that is no error here.
 * @throws UnderstudyError PROGRAM_MISSING, PROGRAM_TIMEOUT, CANCELLED
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const { signal, timeoutMs } = options;
  if (signal?.aborted) throw cancelled(program);
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.environment, LC_ALL: "C" },
  });
  let errorOutput = "";
  let timedOut = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => options.onOutput?.(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errorOutput = (errorOutput + text).slice(-keptErrorOutput);
  });
  let force: NodeJS.Timeout | undefined;
  const end = (): void => {
    child.kill("SIGTERM");
    force ??= setTimeout(() => child.kill("SIGKILL"), endGraceMs);
  };
  const limit =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          end();
        }, timeoutMs);
  signal?.addEventListener("abort", end, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", (cause) => reject(missing(program, cause)));
      child.once("close", (status) => resolve(status));
    });
    if (signal?.aborted) throw cancelled(program);
    if (timedOut) {
      throw new UnderstudyError("PROGRAM_TIMEOUT", `${program} did not end within ${timeoutMs} ms.`);
    }
    return { code, errorOutput };
  } finally {
    clearTimeout(limit);
    clearTimeout(force);
    signal?.removeEventListener("abort", end);
  }
}

function cancelled(program: string): UnderstudyError {
  return new UnderstudyError("CANCELLED", `${program} was cancelled.`);
}
