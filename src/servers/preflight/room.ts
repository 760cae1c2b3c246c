import { stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";

/** Room on the disk that a path is on, or will be on once it is made. */
export interface Room {
  /** The path itself or the nearest directory above it that there is. */
  readonly folder: string;
  readonly isDirectory: boolean;
  readonly freeBytes: number;
}

/** @throws what the system says against looking there */
export async function roomAt(path: string): Promise<Room> {
  const { folder, isDirectory } = await nearestThatIs(path);
  const { bavail, bsize } = await statfs(folder);
  return { folder, isDirectory, freeBytes: bavail * bsize };
}

async function nearestThatIs(path: string): Promise<Pick<Room, "folder" | "isDirectory">> {
  try {
    return { folder: path, isDirectory: (await stat(path)).isDirectory() };
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || parent === path) throw error;
    return await nearestThatIs(parent);
  }
}

/** E.g. `12.3 GiB free`. */
export function roomText({ freeBytes }: Room): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = freeBytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(freeBytes) / 10), units.length - 1);
  return `${power === 0 ? freeBytes : (freeBytes / 1024 ** power).toFixed(1)} ${units[power]} free`;
}
