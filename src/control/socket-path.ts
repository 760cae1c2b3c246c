import { createHash } from "node:crypto";
import { chmodSync, closeSync, existsSync, lstatSync, mkdirSync, openSync } from "node:fs";
import { join, resolve } from "node:path";
import { UnderstudyError } from "../core/error.ts";

/** Bytes a socket address holds beside its closing NUL (sun_path: 108 on Linux, 104 on BSD and macOS). */
const addressLimitBytes = process.platform === "linux" ? 107 : 103;

/** Where the control socket of a state directory is. */
export interface ControlPath {
  /** What to listen on or connect to. */
  readonly address: string;
  /** The socket in the file system; null for a named pipe. */
  readonly file: string | null;
  /** Frees what the address needs; call it when nothing listens or connects any more. */
  release(): void;
}

/** The directory of what only the running broker needs, open to its user alone. */
export function runDirectory(stateDirectory: string): string {
  return join(resolve(stateDirectory), "run");
}

/**
 * `<state directory>/run/control.sock`; on Windows a named pipe whose name follows from the state directory.
 * A path too long for a socket address goes through /proc where there is one.
 * Throws CONTROL_PATH_TOO_LONG.
 */
export function controlPath(stateDirectory: string): ControlPath {
  if (process.platform === "win32") {
    const hash = createHash("sha256").update(resolve(stateDirectory).toLowerCase()).digest("hex");
    return { address: `\\\\.\\pipe\\understudy-${hash.slice(0, 24)}`, file: null, release: () => undefined };
  }
  const directory = runDirectory(stateDirectory);
  const file = join(directory, "control.sock");
  if (Buffer.byteLength(file) <= addressLimitBytes) return { address: file, file, release: () => undefined };
  if (!existsSync("/proc/self/fd") || !existsSync(directory)) throw tooLong(file);
  const descriptor = openSync(directory, "r");
  let open = true;
  return {
    address: `/proc/self/fd/${descriptor}/control.sock`,
    file,
    release() {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}

/** Makes the run directory with mode 0700. Throws CONTROL_DIRECTORY_UNSAFE where another user could reach in. */
export function secureRunDirectory(stateDirectory: string): void {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const directory = runDirectory(stateDirectory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (process.platform === "win32") return;
  const status = lstatSync(directory);
  if (!status.isDirectory() || status.uid !== process.getuid?.()) {
    throw new UnderstudyError(
      "CONTROL_DIRECTORY_UNSAFE",
      `${directory} is not a directory of the user the broker runs as. Remove it or choose another --state-dir.`,
    );
  }
  if ((status.mode & 0o077) !== 0) chmodSync(directory, 0o700);
}

function tooLong(file: string): UnderstudyError {
  return new UnderstudyError(
    "CONTROL_PATH_TOO_LONG",
    `${file} is too long for a socket (at most ${addressLimitBytes} bytes). Choose a shorter --state-dir.`,
  );
}
