import { lstat, mkdir, readdir, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { partialFolder } from "./filter-rules.ts";

/**
 * An rsync that is killed cannot put away what it has of a file: it stays beside it as `.NAME.` and six characters.
 * Puts it where the next rsync looks for it. Nothing is done where there is no such file, or more than one, or one
 * that was there before: that is not ours.
 */
export async function keepPart(destination: string, name: string, beganMs: number): Promise<void> {
  const [folder, file] = [join(destination, dirname(name)), basename(name)];
  if (file === "" || name.endsWith("/")) return;
  const found = (await readdir(folder).catch(() => [])).filter(
    (each) =>
      each.length === file.length + 8 && each.startsWith(`.${file}.`) && /\.[A-Za-z0-9]{6}$/.test(each),
  );
  const [part] = found;
  if (part === undefined || found.length > 1) return;
  const keep = join(folder, partialFolder);
  try {
    const { mtimeMs } = await lstat(join(folder, part));
    if (mtimeMs < beganMs) return;
    await mkdir(keep, { mode: 0o700 }).catch(() => undefined);
    await rename(join(folder, part), join(keep, file));
  } catch {
    // then the next rsync begins with nothing, which is slower and no worse
  }
}
