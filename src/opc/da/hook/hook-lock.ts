import { mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { UnderstudyError } from "../../../core/error.ts";

const pauseMs = 50;

/**
 * Runs an action while no other process of this machine changes the registry by the same journal, so that what one of
 * them is just doing is not taken for what a crash left. A lock whose process has ended counts for nothing.
 * @throws (rejects) UnderstudyError DA_HOOK_BUSY, and what the action throws
 */
export async function withHookLock<T>(
  stateDirectory: string,
  action: () => Promise<T>,
  waitMs = 30_000,
): Promise<T> {
  const folder = join(stateDirectory, "da-hook");
  const file = join(folder, "lock");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (let waitedMs = 0; !(await take(file)); waitedMs += pauseMs) {
    const owner = await ownerOf(file);
    if (owner !== null && !isAlive(owner)) {
      await rm(file, { force: true });
      continue;
    }
    if (waitedMs >= waitMs) {
      const who = owner === null ? "another process" : `process ${owner}`;
      throw new UnderstudyError(
        "DA_HOOK_BUSY",
        `${who} is changing the registration of OPC DA pairs (${file})`,
      );
    }
    await delay(pauseMs);
  }
  try {
    return await action();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string): Promise<boolean> {
  try {
    const handle = await open(file, "wx", 0o600);
    await handle.writeFile(String(process.pid));
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Null where there is none any more, or its process has not yet said who it is. */
async function ownerOf(file: string): Promise<number | null> {
  const text = await readFile(file, "utf8").catch(() => "");
  return /^\d+$/.test(text) ? Number(text) : null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
