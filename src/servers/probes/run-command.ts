import { spawn } from "node:child_process";
import { killGroup, onOneLine } from "../program-tools.ts";

export interface CommandEnd {
  /** Exit status; null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote to both outputs, on one line. */
  readonly output: string;
}

const keptOutput = 2000;

/**
 * Runs a program without a shell, in a process group of its own that is killed when `signal` is aborted: whatever
 * it started ends with it. Rejects where it cannot be started (code ENOENT, EACCES), or was aborted.
 */
export function runCommand(
  program: string,
  args: readonly string[],
  options: {
    readonly signal: AbortSignal;
    readonly environment?: Readonly<Record<string, string>>;
  },
): Promise<CommandEnd> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new Error(`${program} was broken off`));
      return;
    }
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      env: { ...process.env, LC_ALL: "C", ...options.environment },
    });
    let output = "";
    const keep = (text: string): void => {
      output = (output + text).slice(-keptOutput);
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    const kill = (): void => {
      killGroup(child.pid, "SIGKILL");
      // Somebody else may hold the pipes; what is killed has nothing more to say.
      child.stdout.destroy();
      child.stderr.destroy();
      reject(new Error(`${program} was broken off`));
    };
    signal.addEventListener("abort", kill, { once: true });
    child.once("error", (error) => {
      signal.removeEventListener("abort", kill);
      reject(error);
    });
    child.once("exit", (code, by) => {
      signal.removeEventListener("abort", kill);
      // What the program left behind in its group may hold the pipes open for ever.
      const end = (): void => {
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ code, signal: by, output: onOneLine(output) });
      };
      setImmediate(end);
    });
  });
}
