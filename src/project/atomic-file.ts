import { randomBytes } from "node:crypto";
import { type FileHandle, open, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Replaces a file as a whole: a temporary file beside it, synced and renamed, then the directory synced.
 * A kill at any moment leaves the old content or the new one. The mode of an existing file stays, a
 * symbolic link is followed. `mode` is for a new file, before the umask.
 */
export async function writeFileAtomically(
  file: string,
  data: string | Uint8Array,
  mode = 0o666,
): Promise<void> {
  const target = await realpath(file).catch(() => file);
  const existing = await stat(target).catch(() => null);
  const directory = dirname(target);
  const temporary = join(directory, `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const handle = await open(temporary, "wx", mode);
    try {
      if (existing !== null) await keepOwnerAndMode(handle, existing);
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncDirectory(directory);
}

async function keepOwnerAndMode(
  handle: FileHandle,
  existing: { readonly mode: number; readonly uid: number; readonly gid: number },
): Promise<void> {
  // Only root may give a file away; for others the owner is their own already or cannot be kept.
  await handle.chown(existing.uid, existing.gid).catch(() => undefined);
  await handle.chmod(existing.mode & 0o7777);
}

/** Makes a rename in the directory last. Windows cannot sync a directory and needs not. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
