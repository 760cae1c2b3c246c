import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { UnderstudyError } from "../core/error.ts";
import { writeFileAtomically } from "./atomic-file.ts";
import { ensureStateDirectory } from "./state-directory.ts";

/** A project that another one has replaced on this machine. */
export interface KeptProject {
  /** Counts up; the highest is the last one replaced. */
  readonly number: number;
  readonly file: string;
  /** When it was replaced, ISO 8601. */
  readonly replacedAt: string;
  /** Pairs that were enabled with it. */
  readonly enabledPairs: readonly string[];
}

/** So many replaced projects are kept; the oldest goes first. */
export const mostKeptProjects = 20;

const folder = "replaced";

/**
 * Keeps the bytes of a project that is about to be replaced. The note beside it is written first, so that a
 * project that is there always has one. Throws what the file system says.
 */
export async function keepProject(
  stateDirectory: string,
  bytes: Uint8Array,
  note: { readonly replacedAt: Date; readonly enabledPairs: readonly string[] },
): Promise<KeptProject> {
  await ensureStateDirectory(stateDirectory);
  const directory = join(stateDirectory, folder);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const former = await keptProjects(stateDirectory);
  const number = (former.at(-1)?.number ?? 0) + 1;
  const kept: KeptProject = {
    number,
    file: fileOf(stateDirectory, number),
    replacedAt: note.replacedAt.toISOString(),
    enabledPairs: note.enabledPairs,
  };
  const { replacedAt, enabledPairs } = kept;
  await writeFileAtomically(
    noteOf(stateDirectory, number),
    `${JSON.stringify({ replacedAt, enabledPairs })}\n`,
    0o600,
  );
  await writeFileAtomically(kept.file, bytes, 0o600);
  for (const old of former.slice(0, Math.max(0, former.length + 1 - mostKeptProjects))) {
    await forgetProject(stateDirectory, old.number);
  }
  return kept;
}

/** The projects kept, oldest first. */
export async function keptProjects(stateDirectory: string): Promise<readonly KeptProject[]> {
  const names = await readdir(join(stateDirectory, folder)).catch(() => []);
  const numbers = names
    .flatMap((name) => /^([0-9]{6})\.xml$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  return Promise.all(numbers.map((number) => readNote(stateDirectory, number)));
}

/** The last project replaced. Throws DEPLOYMENT_NOTHING_KEPT. */
export async function lastKeptProject(stateDirectory: string): Promise<KeptProject> {
  const last = (await keptProjects(stateDirectory)).at(-1);
  if (last !== undefined) return last;
  throw new UnderstudyError(
    "DEPLOYMENT_NOTHING_KEPT",
    `${stateDirectory} keeps no project that a deployment has replaced, so there is nothing to bring back`,
  );
}

export async function forgetProject(stateDirectory: string, number: number): Promise<void> {
  await rm(fileOf(stateDirectory, number), { force: true });
  await rm(noteOf(stateDirectory, number), { force: true });
}

function fileOf(stateDirectory: string, number: number): string {
  return join(stateDirectory, folder, `${String(number).padStart(6, "0")}.xml`);
}

function noteOf(stateDirectory: string, number: number): string {
  return fileOf(stateDirectory, number).replace(/\.xml$/, ".json");
}

/** A note that is missing or damaged costs what it says, not the project. */
async function readNote(stateDirectory: string, number: number): Promise<KeptProject> {
  const file = fileOf(stateDirectory, number);
  try {
    const note = JSON.parse(await readFile(noteOf(stateDirectory, number), "utf8")) as Partial<KeptProject>;
    const { replacedAt, enabledPairs } = note;
    if (typeof replacedAt === "string" && Array.isArray(enabledPairs)) {
      return { number, file, replacedAt, enabledPairs: enabledPairs.map(String) };
    }
  } catch {
    // Falls through to what can be said without it.
  }
  return { number, file, replacedAt: "", enabledPairs: [] };
}
