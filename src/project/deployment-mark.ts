import { createHash, randomBytes } from "node:crypto";
import { link, readFile, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { UnderstudyError } from "../core/error.ts";
import { writeFileAtomically } from "./atomic-file.ts";
import { emptyMachineState, saveMachineState, withPairEnabled } from "./machine-state.ts";

/**
 * A deployment replaces two files, the project and the machine state. This mark makes that one step: it is
 * written before the project is replaced and says which pairs are enabled with the new one. The replacement of
 * the project is the moment the deployment happens; whoever comes after a crash finds the mark, sees by the
 * project's hash whether it happened, and writes the machine state or leaves it.
 */
interface Mark {
  readonly version: 1;
  readonly projectFile: string;
  /** Of the new project, hexadecimal. */
  readonly sha256: string;
  readonly enabledPairs: readonly string[];
  /** Who deploys. A mark of a process that lives is left alone while the project is still the old one. */
  readonly pid: number;
}

const fileName = "deployment.json";

/** Announces a deployment. Throws DEPLOYMENT_UNDER_WAY where another one is being carried out. */
export async function markDeployment(
  stateDirectory: string,
  deployment: {
    readonly projectFile: string;
    readonly text: string | Uint8Array;
    readonly enabledPairs: readonly string[];
  },
): Promise<void> {
  await finishDeployment(stateDirectory);
  const { projectFile, text, enabledPairs } = deployment;
  const file = await realpath(projectFile).catch(() => projectFile);
  const mark: Mark = { version: 1, projectFile: file, sha256: hashOf(text), enabledPairs, pid: process.pid };
  const temporary = join(stateDirectory, `.${fileName}.${randomBytes(6).toString("hex")}`);
  await writeFileAtomically(temporary, `${JSON.stringify(mark)}\n`, 0o600);
  try {
    // A link is made whole or not at all, and never over another one.
    await link(temporary, join(stateDirectory, fileName));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== "EEXIST") {
      // A file system without hard links: whole, too, but two deployments at once are not kept apart.
      await writeFileAtomically(join(stateDirectory, fileName), `${JSON.stringify(mark)}\n`, 0o600);
      return;
    }
    throw new UnderstudyError(
      "DEPLOYMENT_UNDER_WAY",
      "another deployment is being carried out on this machine; try again when it has ended",
      { cause },
    );
  } finally {
    await rm(temporary, { force: true });
  }
}

/** The pairs that are enabled with a project that was put in place but not yet taken over; null = there is none. */
export async function deployedPairs(stateDirectory: string): Promise<readonly string[] | null> {
  const mark = await readMark(stateDirectory);
  return mark !== null && (await isInPlace(mark)) ? mark.enabledPairs : null;
}

/**
 * Ends a deployment: where its project is in place the machine state becomes the one it asks for. Where it is
 * not, it did not happen and the mark goes, unless the process that made it still lives.
 */
export async function finishDeployment(stateDirectory: string): Promise<void> {
  const mark = await readMark(stateDirectory);
  if (mark === null) return;
  if (await isInPlace(mark)) {
    const state = mark.enabledPairs.reduce(
      (next, name) => withPairEnabled(next, name, true),
      emptyMachineState,
    );
    await saveMachineState(stateDirectory, state);
  } else if (mark.pid !== process.pid && isAlive(mark.pid)) {
    return;
  }
  await rm(join(stateDirectory, fileName), { force: true });
}

async function readMark(stateDirectory: string): Promise<Mark | null> {
  const text = await readFile(join(stateDirectory, fileName), "utf8").catch(() => null);
  if (text === null) return null;
  try {
    const mark = JSON.parse(text) as Mark;
    return mark.version === 1 && Array.isArray(mark.enabledPairs) ? mark : null;
  } catch {
    return null;
  }
}

async function isInPlace(mark: Mark): Promise<boolean> {
  const bytes = await readFile(mark.projectFile).catch(() => null);
  return bytes !== null && hashOf(bytes) === mark.sha256;
}

function hashOf(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
