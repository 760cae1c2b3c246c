import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { UnderstudyError } from "../../../core/error.ts";
import { writeFileAtomically } from "../../../project/atomic-file.ts";
import type { Change } from "./change.ts";
import type { HookChoices } from "./plan.ts";

/**
 * What was or is being done to the registry for one pair. It is on disk before the first change and until the last one
 * is undone, so that a crash at any moment leaves enough to restore all.
 */
export interface HookEntry {
  readonly version: 1;
  /** Name of the pair as clients see it. */
  readonly name: string;
  readonly state: "applying" | "applied" | "undoing";
  readonly isMinimalRegistration: boolean;
  /** What was decided when it was hooked; absent in entries of older versions. */
  readonly choices?: HookChoices;
  readonly changes: readonly Change[];
}

/** Where entries are kept. */
export interface HookJournal {
  list(): Promise<readonly HookEntry[]>;
  /** null where nothing is hooked under the name. */
  find(name: string): Promise<HookEntry | null>;
  write(entry: HookEntry): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Entries as files, one a pair, in the directory of the machine state. */
export function fileHookJournal(stateDirectory: string): HookJournal {
  const folder = join(stateDirectory, "da-hook");
  const fileOf = (name: string) => join(folder, `${encodeURIComponent(name.toLowerCase())}.json`);
  return Object.freeze({
    async list() {
      const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return [];
        throw error;
      });
      const entries: HookEntry[] = [];
      for (const file of files.sort())
        if (file.endsWith(".json")) entries.push(await readEntry(join(folder, file)));
      return entries;
    },
    async find(name: string) {
      return readEntry(fileOf(name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return null;
        throw error;
      });
    },
    async write(entry: HookEntry) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFileAtomically(fileOf(entry.name), `${JSON.stringify(entry, null, 2)}\n`, 0o600);
    },
    async remove(name: string) {
      await rm(fileOf(name), { force: true });
    },
  });
}

async function readEntry(file: string): Promise<HookEntry> {
  const text = await readFile(file, "utf8");
  try {
    const entry = JSON.parse(text) as HookEntry;
    if (entry.version === 1 && typeof entry.name === "string" && Array.isArray(entry.changes)) return entry;
  } catch {
    // Told below.
  }
  throw new UnderstudyError(
    "DA_HOOK_JOURNAL_DAMAGED",
    `${file} is damaged, so the registry cannot be restored from it; mend the file from a backup. Nothing was changed`,
  );
}
