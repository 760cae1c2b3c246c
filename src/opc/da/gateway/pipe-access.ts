import { execFile } from "node:child_process";
import { UnderstudyError } from "../../../core/error.ts";
import type { HookProgram } from "../hook/hook-program.ts";

/** For the program to answer, ms. */
const timeoutMs = 30_000;

/** Accounts or groups that may connect, from a list separated by semicolons; empty = people who use the machine. */
export function pipeClientsOf(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(";")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/**
 * Lets these accounts or groups (names or SIDs) connect to a named pipe of this process, besides its own user, the
 * system and administrators, and nobody over the network; tells the access list as SDDL.
 *
 * Node makes pipes with the access list that Windows gives them by default, so it is set after the pipe is there.
 *
 * @throws UnderstudyError DA_PIPE_ACCESS
 */
export async function guardPipe(
  program: HookProgram,
  pipe: string,
  clients: readonly string[],
): Promise<string> {
  const words = [...program.arguments, "pipe-access", pipe, ...clients];
  const { output, failure } = await run(program, words);
  const [head, first = "", second] = output.trim().split("\t");
  if (head === "ok") return first;
  const why = second === undefined ? failure : `${second} (Windows error ${first})`;
  throw new UnderstudyError("DA_PIPE_ACCESS", `${pipe}: who may connect could not be set: ${why}`);
}

function run(program: HookProgram, words: string[]): Promise<{ output: string; failure: string }> {
  const options = {
    env: program.environment ?? process.env,
    timeout: program.timeoutMs ?? timeoutMs,
    windowsHide: true,
    killSignal: "SIGKILL",
  } as const;
  return new Promise((resolve) => {
    execFile(program.command, words, options, (error, stdout) =>
      resolve({ output: stdout, failure: error?.message ?? "no answer" }),
    );
  });
}
