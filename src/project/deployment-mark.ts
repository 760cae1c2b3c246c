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
  /** null = those that are enabled stay so. */
  readonly enabledPairs: readonly string[] | null;
  /** Why pairs are enabled and disabled, for the events. */
  readonly reason?: string;
  /** What is put back unless the broker that runs has taken the project over; null = no broker has to. */
  readonly undo?: { readonly base64: string; readonly enabledPairs: readonly string[] | null } | null;
  /** Who deploys. What a process that lives has under way is left alone. */
  readonly pid: number;
}

/** A deployment that is announced. */
export interface AnnouncedDeployment {
  readonly projectFile: string;
  readonly text: string | Uint8Array;
  /** Pairs enabled with it; null = those that are enabled stay so. */
  readonly enabledPairs: readonly string[] | null;
  readonly reason?: string | undefined;
  /**
   * The project before and its enabled pairs, to be put back unless `confirmDeployment` is called: a project that the
   * running broker refuses must not be the one it starts with after a crash.
   */
  readonly undo?: { readonly bytes: Uint8Array; readonly enabledPairs: readonly string[] | null } | undefined;
}

const fileName = "deployment.json";

/** Announces a deployment. Throws DEPLOYMENT_UNDER_WAY where another one is being carried out. */
export async function markDeployment(stateDirectory: string, deployment: AnnouncedDeployment): Promise<void> {
  await finishDeployment(stateDirectory);
  const { projectFile, text, enabledPairs, reason, undo } = deployment;
  const file = await realpath(projectFile).catch(() => projectFile);
  const mark: Mark = {
    version: 1,
    projectFile: file,
    sha256: hashOf(text),
    enabledPairs,
    ...(reason === undefined ? {} : { reason }),
    undo: undo
      ? { base64: Buffer.from(undo.bytes).toString("base64"), enabledPairs: undo.enabledPairs }
      : null,
    pid: process.pid,
  };
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

/**
 * The pairs that are enabled with a project that was put in place but not yet taken over, and why; null = there is
 * none, or it leaves them as they are.
 */
export async function deployedPairs(
  stateDirectory: string,
): Promise<{ readonly pairs: readonly string[]; readonly reason: string | null } | null> {
  const mark = await readMark(stateDirectory);
  if (mark === null || mark.enabledPairs === null || !(await isInPlace(mark))) return null;
  return { pairs: mark.enabledPairs, reason: mark.reason ?? null };
}

/** The machine state becomes the one that a project in place asks for; whoever deploys it confirms it still. */
export async function adoptDeployment(stateDirectory: string): Promise<void> {
  const mark = await readMark(stateDirectory);
  if (mark === null || !(await isInPlace(mark))) return;
  await saveEnabledPairs(stateDirectory, mark.enabledPairs);
  if (!mark.undo) await forgetMark(stateDirectory);
}

/** Ends a deployment of this process whose project is in force. */
export async function confirmDeployment(stateDirectory: string): Promise<void> {
  const mark = await readMark(stateDirectory);
  if (mark === null) return;
  if (await isInPlace(mark)) await saveEnabledPairs(stateDirectory, mark.enabledPairs);
  await forgetMark(stateDirectory);
}

/**
 * Ends what a deployment has left: where its project is in place the machine state becomes the one it asks for, or,
 * where a broker had to take it over and nobody has confirmed that, the project before is put back (`undone`). Where
 * it is not in place, it did not happen and the mark goes. What a process that lives has under way is left alone,
 * unless a broker starts (`isStart`): then nobody can confirm it any more.
 */
export async function finishDeployment(
  stateDirectory: string,
  isStart = false,
): Promise<"done" | "undone" | "left"> {
  const mark = await readMark(stateDirectory);
  if (mark === null) return "done";
  const inPlace = await isInPlace(mark);
  const others = mark.pid !== process.pid && isAlive(mark.pid);
  if (others && (inPlace ? mark.undo && !isStart : true)) return "left";
  if (inPlace && mark.undo) {
    await writeFileAtomically(mark.projectFile, Buffer.from(mark.undo.base64, "base64"));
    await saveEnabledPairs(stateDirectory, mark.undo.enabledPairs);
  } else if (inPlace) {
    await saveEnabledPairs(stateDirectory, mark.enabledPairs);
  } else if (mark.undo) {
    // a rollback that was killed after the project was back
    await saveEnabledPairs(stateDirectory, mark.undo.enabledPairs);
  }
  await forgetMark(stateDirectory);
  return inPlace && mark.undo ? "undone" : "done";
}

async function saveEnabledPairs(stateDirectory: string, pairs: readonly string[] | null): Promise<void> {
  if (pairs === null) return;
  const state = pairs.reduce((next, name) => withPairEnabled(next, name, true), emptyMachineState);
  await saveMachineState(stateDirectory, state);
}

function forgetMark(stateDirectory: string): Promise<void> {
  return rm(join(stateDirectory, fileName), { force: true });
}

async function readMark(stateDirectory: string): Promise<Mark | null> {
  const text = await readFile(join(stateDirectory, fileName), "utf8").catch(() => null);
  if (text === null) return null;
  try {
    const mark = JSON.parse(text) as Mark;
    return mark.version === 1 && (mark.enabledPairs === null || Array.isArray(mark.enabledPairs))
      ? mark
      : null;
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
