import { CommanderError } from "commander";
import { UnderstudyError } from "../core/error.ts";
import { ProjectError } from "../project/project-error.ts";
import type { LoadBroker } from "./broker-loader.ts";
import { exitCodeOf, exitCodes, UsageError } from "./exit-code.ts";
import { createProgram } from "./program.ts";
import type { Terminal } from "./terminal.ts";

/** Carries out one command line (without the program's name) and answers the exit code. */
export async function runCli(
  args: readonly string[],
  terminal: Terminal,
  loadBroker: LoadBroker,
): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = createProgram({
    terminal,
    loadBroker,
    setExitCode(code) {
      exitCode = code;
    },
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (thrown) {
    const error = fromCommander(thrown);
    if (error === null)
      return thrown instanceof CommanderError && thrown.exitCode === 0 ? exitCodes.ok : exitCodes.badInput;
    terminal.complain(`${args.includes("--json") ? jsonError(error) : textError(error)}\n`);
    return exitCodeOf(error);
  }
}

/** The commander library's errors as ours; null for help and version, which have been printed. */
function fromCommander(thrown: unknown): unknown {
  if (!(thrown instanceof CommanderError)) return thrown;
  const printed = ["commander.help", "commander.helpDisplayed", "commander.version"];
  if (printed.includes(thrown.code)) return null;
  return new UsageError(`${thrown.message.replace(/^error: /, "").replace(/\n/g, " ")} See --help.`);
}

function textError(error: unknown): string {
  return error instanceof UnderstudyError
    ? `error ${error.code}: ${error.message}`
    : `error INTERNAL: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function jsonError(error: unknown): string {
  const base =
    error instanceof UnderstudyError
      ? { code: error.code, message: error.message }
      : {
          code: "INTERNAL",
          message: error instanceof Error ? (error.stack ?? error.message) : String(error),
        };
  const place = error instanceof ProjectError ? { file: error.file, problems: error.problems } : {};
  return JSON.stringify({ error: { ...base, ...place } });
}
