import { mkdir, stat } from "node:fs/promises";
import { isAbsolute, posix, resolve, win32 } from "node:path";
import { UnderstudyError } from "../core/error.ts";

/** What decides where machine state lives; from the process at the edge, given in tests. */
export interface StateDirectoryContext {
  /** From the command line; null = not given. */
  readonly option: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** The user runs with all rights (uid 0). */
  readonly isRoot: boolean;
  readonly home: string;
}

/** The context of this process. */
export function processContext(option: string | null, home: string): StateDirectoryContext {
  return {
    option,
    environment: process.env,
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    home,
  };
}

/**
 * Where this machine keeps what does not move with a project: enabled pairs, trust lists, preserved events.
 * The option, else UNDERSTUDY_STATE_DIR, else /var/lib/understudy for root and $XDG_STATE_HOME/understudy
 * (~/.local/state/understudy) for others; on Windows %ProgramData%\Understudy.
 */
export function stateDirectory(context: StateDirectoryContext): string {
  const variable = (name: string): string | undefined => context.environment[name];
  const chosen = nonEmpty(context.option) ?? nonEmpty(variable("UNDERSTUDY_STATE_DIR"));
  if (chosen !== null) return resolve(chosen);
  if (context.platform === "win32") {
    const programData = nonEmpty(variable("ProgramData")) ?? "C:\\ProgramData";
    return win32.join(programData, "Understudy");
  }
  if (context.isRoot) return "/var/lib/understudy";
  const xdg = nonEmpty(variable("XDG_STATE_HOME"));
  // The XDG specification says that relative paths are to be ignored.
  const base = xdg !== null && isAbsolute(xdg) ? xdg : posix.join(context.home, ".local", "state");
  return posix.join(base, "understudy");
}

function nonEmpty(text: string | null | undefined): string | null {
  return text === undefined || text === null || text === "" ? null : text;
}

/**
 * Creates the directory for its user alone (0700) where it is missing. Throws UnderstudyError
 * `STATE_DIRECTORY_UNUSABLE`. On Windows the directory inherits the rights of the one above it.
 */
export async function ensureStateDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    if ((await stat(directory)).isDirectory()) return;
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw unusable(directory, detail, cause);
  }
  throw unusable(directory, "it is no directory", undefined);
}

function unusable(directory: string, detail: string, cause: unknown): UnderstudyError {
  return new UnderstudyError(
    "STATE_DIRECTORY_UNUSABLE",
    `${directory}: cannot be used for this machine's state (${detail}); name another directory with --state-dir or UNDERSTUDY_STATE_DIR`,
    { cause },
  );
}
