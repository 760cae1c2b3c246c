import { UnderstudyError } from "../core/error.ts";

/** Exit codes of every command; stable, for scripts and service managers. */
export const exitCodes = Object.freeze({
  ok: 0,
  /** The operation was refused or failed. */
  failed: 1,
  /** Wrong usage, or a project file that cannot be used. */
  badInput: 2,
  /** The command needs a running broker, and none runs on the state directory. */
  noBroker: 3,
});

/** A command line that cannot be carried out as it stands. */
export class UsageError extends UnderstudyError {
  constructor(message: string) {
    super("USAGE", message);
    this.name = "UsageError";
  }
}

/** The exit code that tells a script what kind of error it was. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof UnderstudyError)) return exitCodes.failed;
  if (error.code === "BROKER_NOT_RUNNING") return exitCodes.noBroker;
  if (error.code === "USAGE" || error.code.startsWith("PROJECT_")) return exitCodes.badInput;
  return exitCodes.failed;
}
