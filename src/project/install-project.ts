import { readFile } from "node:fs/promises";
import { UnderstudyError } from "../core/error.ts";
import { writeFileAtomically } from "./atomic-file.ts";
import { confirmDeployment, finishDeployment, markDeployment } from "./deployment-mark.ts";
import { forgetProject, type KeptProject, keepProject } from "./kept-projects.ts";
import type { MachineState } from "./machine-state.ts";
import type { ProjectDocument } from "./project-document.ts";
import { saveProject } from "./project-file.ts";
import { ensureStateDirectory } from "./state-directory.ts";

export interface Installation {
  readonly document: ProjectDocument;
  readonly projectFile: string;
  readonly stateDirectory: string;
  /** Of this machine now; kept with the old project. */
  readonly state: MachineState;
  /** Pairs enabled with the new project; null = those that are enabled stay so. */
  readonly enabledPairs: readonly string[] | null;
  /** Why pairs are enabled or disabled with it, for the events. */
  readonly reason?: string;
  readonly time: Date;
  /** Keep the old project for `deploy --undo`. */
  readonly keepOld: boolean;
}

/** The project that was replaced: what is needed to put it back. */
interface Replaced {
  /** null = there was no file. */
  readonly bytes: Uint8Array | null;
  readonly kept: KeptProject | null;
}

export interface Deployed<Answer> {
  /** The old project, for `deploy --undo`; null = there was none, or it was not to be kept. */
  readonly kept: KeptProject | null;
  /** What the running broker says; null = none runs. */
  readonly reload: Answer | null;
}

/**
 * Puts a project in place, with its own pairs enabled, and has the running broker (`reload`; null = none runs) take it
 * over. A kill at any moment leaves the old project with its enabled pairs or the new one with `enabledPairs`, and never
 * one that the running broker has not taken over; what is left to do then is done by the next `finishDeployment`, which
 * every start of a broker calls. Where the broker refuses the project, the old one is put back and the refusal thrown.
 * `progress` is told of the steps. Throws ProjectError PROJECT_UNWRITABLE,
 * STATE_DIRECTORY_UNUSABLE, DEPLOYMENT_UNDER_WAY: nothing has changed then.
 */
export async function deployProject<Answer>(
  installation: Installation,
  reload: (() => Promise<Answer>) | null,
  progress: (step: string) => void = () => undefined,
): Promise<Deployed<Answer>> {
  const { stateDirectory } = installation;
  progress("saving");
  const { bytes, kept } = await install(installation, reload !== null);
  if (reload === null) {
    await finishDeployment(stateDirectory);
    return { kept, reload: null };
  }
  try {
    progress("applying");
    const answer = await reload();
    await confirmDeployment(stateDirectory);
    return { kept, reload: answer };
  } catch (error) {
    progress("putting the project before back");
    if (bytes !== null) await putBack(installation, bytes);
    if (kept !== null) await forgetProject(stateDirectory, kept.number);
    // What it may have taken over before it refused the rest is undone.
    await reload().catch(() => undefined);
    throw error;
  }
}

async function install(installation: Installation, isToBeConfirmed: boolean): Promise<Replaced> {
  const { projectFile, stateDirectory, state, enabledPairs, reason, time, keepOld } = installation;
  await ensureStateDirectory(stateDirectory);
  const bytes = await readFile(projectFile).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw new UnderstudyError("PROJECT_UNREADABLE", `${projectFile}: ${error.message}`, { cause: error });
  });
  const document = installation.document.upgraded();
  const before = { bytes: bytes ?? new Uint8Array(), enabledPairs: enabledPairs && state.enabledPairs };
  await markDeployment(stateDirectory, {
    projectFile,
    text: document.toString(),
    enabledPairs,
    reason,
    ...(isToBeConfirmed && bytes !== null ? { undo: before } : {}),
  });
  try {
    const note = { replacedAt: time, enabledPairs: state.enabledPairs };
    const kept = bytes !== null && keepOld ? await keepProject(stateDirectory, bytes, note) : null;
    await saveProject(document, projectFile);
    return { bytes, kept };
  } catch (error) {
    await finishDeployment(stateDirectory);
    throw error;
  }
}

async function putBack(installation: Installation, bytes: Uint8Array): Promise<void> {
  const { projectFile, stateDirectory, state } = installation;
  // what was marked is undone by this, too
  await finishDeployment(stateDirectory);
  if (installation.enabledPairs === null) return;
  const { enabledPairs } = state;
  await markDeployment(stateDirectory, { projectFile, text: bytes, enabledPairs });
  await writeFileAtomically(projectFile, bytes);
}
