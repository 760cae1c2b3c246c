import { execFile } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import { UnderstudyError } from "../../core/error.ts";
import { writeFileAtomically } from "../../project/atomic-file.ts";
import type { ServiceManager } from "./manager.ts";

const run = promisify(execFile);
/** systemctl waits for the service manager, in ms. */
const commandTimeoutMs = 60_000;

/** systemd, of the machine or of one user. `content` is the text of the unit. */
export function systemdManager(options: {
  readonly unitFile: string;
  readonly isUser: boolean;
  readonly content: string;
}): ServiceManager {
  const { unitFile, isUser, content } = options;
  const unit = basename(unitFile);
  const systemctl = async (...args: readonly string[]): Promise<string> => {
    const all = [...(isUser ? ["--user"] : []), ...args];
    try {
      return (await run("systemctl", all, { timeout: commandTimeoutMs })).stdout.trim();
    } catch (cause) {
      const { code, stderr, message } = cause as { code?: unknown; stderr?: string; message: string };
      const detail =
        code === "ENOENT" ? "there is no systemctl on this machine" : (stderr ?? "").trim() || message;
      const text = `systemctl ${all.join(" ")}: ${detail}`;
      throw new UnderstudyError("SERVICE_MANAGER_FAILED", text, { cause });
    }
  };
  return {
    target: unitFile,
    scope: isUser ? "user" : "machine",
    content,
    isInstalled: async () => (await readFile(unitFile).catch(() => null)) !== null,
    async isRunning() {
      try {
        return (await systemctl("is-active", unit)) === "active";
      } catch (error) {
        // is-active ends with 3 where the unit is not active, and says so on standard output.
        const { cause } = error as { cause?: { code?: unknown; stdout?: string } };
        return cause?.code === 3 || cause?.code === 4 ? false : null;
      }
    },
    async install(text) {
      const before = await readFile(unitFile).catch(() => null);
      try {
        await mkdir(dirname(unitFile), { recursive: true });
        await writeFileAtomically(unitFile, text, 0o644);
      } catch (cause) {
        throw unwritable(unitFile, cause);
      }
      try {
        await systemctl("daemon-reload");
        await systemctl("enable", unit);
      } catch (error) {
        if (before === null) await rm(unitFile, { force: true });
        else await writeFileAtomically(unitFile, before, 0o644);
        throw error;
      }
    },
    async uninstall() {
      await systemctl("disable", unit);
      try {
        await rm(unitFile, { force: true });
      } catch (cause) {
        throw unwritable(unitFile, cause);
      }
      await systemctl("daemon-reload");
    },
  };
}

function unwritable(unitFile: string, cause: unknown): UnderstudyError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new UnderstudyError(
    "SERVICE_MANAGER_FAILED",
    `${unitFile} cannot be changed (${detail}); run the command as root, or with --user for a service of your own`,
    { cause },
  );
}
