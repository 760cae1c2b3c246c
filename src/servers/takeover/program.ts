import { spawn } from "node:child_process";
import { UnderstudyError } from "../../core/error.ts";
import { killGroup, missing, onOneLine } from "../program-tools.ts";

/** Most that is kept of each output, in characters. */
const keptOutput = 1024 * 1024;

export interface ProgramCall {
  readonly program: string;
  readonly args: readonly string[];
  /** Text for its standard input; none = empty. */
  readonly input?: string | undefined;
  /** Most time it may take, in ms. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ProgramEnd {
  /** Exit status; null where a signal ended it. */
  readonly code: number | null;
  readonly output: string;
  /** What it said on standard error, on one line. */
  readonly complaint: string;
}

/**
 * Runs a program to its end, without a shell and in the C locale. Any exit status is a result.
 * Rejects with UnderstudyError PROGRAM_MISSING, PROGRAM_TIMEOUT or CANCELLED; the program and all it started
 * have been killed then.
 */
export type RunProgram = (call: ProgramCall) => Promise<ProgramEnd>;

/** The argument list that runs a program, in a network namespace where one is given. */
export function inNamespace(
  namespace: string | null,
  program: string,
  args: readonly string[],
): readonly [string, readonly string[]] {
  if (namespace === null) return [program, args];
  return ["ip", ["netns", "exec", namespace, program, ...args]];
}

/** Directories of system programs that a user's PATH may lack. */
export function searchPath(): string {
  return [process.env["PATH"] ?? "", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].filter(Boolean).join(":");
}

/** Runs programs in the given network namespace (iproute2's), or in the one of this process. */
export function createRunProgram(namespace: string | null): RunProgram {
  return (call) => {
    const [program, args] = inNamespace(namespace, call.program, call.args);
    return run(call, program, args);
  };
}

function run(call: ProgramCall, program: string, args: readonly string[]): Promise<ProgramEnd> {
  const { signal } = call;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(cancelled(call));
      return;
    }
    const child = spawn(program, args, {
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
      env: { ...process.env, PATH: searchPath(), LC_ALL: "C" },
    });
    const output = collector();
    const complaint = collector();
    child.stdout.on("data", output.add);
    child.stderr.on("data", complaint.add);
    // A program that ends without reading its input is judged by its exit status.
    child.stdin.on("error", () => undefined);
    child.stdin.end(call.input ?? "");
    const giveUp = (error: UnderstudyError): void => {
      killGroup(child.pid, "SIGKILL");
      child.stdout.destroy();
      child.stderr.destroy();
      settle();
      reject(error);
    };
    const timer = setTimeout(() => giveUp(tooLate(call)), call.timeoutMs);
    const onAbort = (): void => giveUp(cancelled(call));
    signal?.addEventListener("abort", onAbort, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    child.once("error", (cause) => {
      settle();
      reject(missing(program, cause));
    });
    child.once("close", (code) => {
      settle();
      const said = onOneLine(complaint.text());
      if (isMissingInside(call, program, code, said)) reject(missing(call.program, new Error(said)));
      else resolve({ code, output: output.text(), complaint: said });
    });
  });
}

/** `ip netns exec` says with status 255 that there is no such program. */
function isMissingInside(call: ProgramCall, program: string, code: number | null, said: string): boolean {
  return program !== call.program && code === 255 && /exec of .* failed: No such file/.test(said);
}

function collector(): { readonly add: (data: Buffer) => void; readonly text: () => string } {
  const pieces: Buffer[] = [];
  let size = 0;
  return {
    add: (data) => {
      if (size < keptOutput) pieces.push(data);
      size += data.length;
    },
    text: () => Buffer.concat(pieces).toString("utf8"),
  };
}

function tooLate({ program, timeoutMs }: ProgramCall): UnderstudyError {
  return new UnderstudyError(
    "PROGRAM_TIMEOUT",
    `${program} did not end within ${timeoutMs} ms and was killed.`,
  );
}

function cancelled({ program }: ProgramCall): UnderstudyError {
  return new UnderstudyError("CANCELLED", `${program} was broken off.`);
}
