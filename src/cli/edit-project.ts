import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import type { ReloadAnswer } from "../control/broker-api.ts";
import type { ControlClient } from "../control/client.ts";
import { UnderstudyError } from "../core/error.ts";
import {
  readMachineState,
  saveMachineState,
  withPairEnabled,
  withPairRenamed,
} from "../project/machine-state.ts";
import { newProject, type ProjectDocument } from "../project/project-document.ts";
import { ProjectError } from "../project/project-error.ts";
import { readProject, saveProject } from "../project/project-file.ts";
import { ensureStateDirectory } from "../project/state-directory.ts";
import { type GlobalOptions, withBrokerIfRunning } from "./command.ts";
import { reloadText } from "./reload.ts";

/** What became of an edit of the project file. */
export interface EditOutcome {
  readonly projectFile: string;
  /** The file did not exist before. */
  readonly created: boolean;
  /** `reloaded` by the running broker; or saved only, as none runs, or runs on another project. */
  readonly applied: "reloaded" | "noBroker" | "otherProject";
  readonly reload: ReloadAnswer | null;
}

export interface ProjectEdit {
  readonly edit: (document: ProjectDocument) => ProjectDocument;
  readonly createIfMissing?: boolean;
  /** A pair that gets another name, or goes (`to: null`): whether it is enabled goes with it. */
  readonly moved?: (document: ProjectDocument) => { readonly from: string; readonly to: string | null };
}

/**
 * Edits the project file and has the broker that runs on it apply the change. Throws ProjectError, in which
 * case the file is as it was, and what the broker says against the change.
 */
export async function editProject(options: GlobalOptions, change: ProjectEdit): Promise<EditOutcome> {
  const { projectFile, stateDirectory } = options;
  const existing = await readProject(projectFile).catch((error: unknown) => {
    const missing = error instanceof ProjectError && error.code === "PROJECT_NOT_FOUND";
    if (missing && change.createIfMissing === true) return null;
    throw error;
  });
  const before = existing ?? newProject(projectFile);
  const after = change.edit(before);
  const moved = change.moved?.(before) ?? null;
  const save = async (): Promise<void> => {
    if (dirname(projectFile) === stateDirectory) await ensureStateDirectory(stateDirectory);
    await saveProject(after, projectFile);
  };

  const live = await withBrokerIfRunning(options, async (broker) => {
    if (!(await isSameFile(broker.info.projectFile, projectFile))) {
      await save();
      return { applied: "otherProject", reload: null } as const;
    }
    return { applied: "reloaded", reload: await applyLive(broker, moved, save, projectFile) } as const;
  });
  if (live !== null) return { projectFile, created: existing === null, ...live };

  await save();
  if (moved !== null) await moveState(stateDirectory, moved.from, moved.to);
  return { projectFile, created: existing === null, applied: "noBroker", reload: null };
}

/** The running broker owns the machine state, so it is asked to change it. */
async function applyLive(
  broker: ControlClient,
  moved: { readonly from: string; readonly to: string | null } | null,
  save: () => Promise<void>,
  projectFile: string,
): Promise<ReloadAnswer> {
  const carried = moved !== null && (await isEnabled(broker, moved.from)) ? moved : null;
  const reason = carried?.to === null ? "removed from the project" : `now called '${carried?.to}'`;
  if (carried !== null) await broker.disable(carried.from, reason);
  try {
    await save();
    const answer = await broker.reload();
    if (carried !== null && carried.to !== null) {
      await broker.enable(carried.to, `was called '${carried.from}'`);
    }
    return answer;
  } catch (error) {
    if (carried !== null) await broker.enable(carried.from, "the change failed").catch(() => undefined);
    if (!(error instanceof UnderstudyError) || error.code === "PROJECT_UNWRITABLE") throw error;
    const message = `${projectFile} was saved, but the running broker did not apply it: ${error.message}`;
    throw new UnderstudyError(error.code, message, { cause: error });
  }
}

async function isEnabled(broker: ControlClient, name: string): Promise<boolean> {
  const pairs = await broker.status();
  return pairs.some((pair) => pair.enabled && pair.name.toLowerCase() === name.toLowerCase());
}

async function moveState(directory: string, from: string, to: string | null): Promise<void> {
  const state = await readMachineState(directory);
  const next = to === null ? withPairEnabled(state, from, false) : withPairRenamed(state, from, to);
  if (next !== state) await saveMachineState(directory, next);
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([one, other].map((file) => realpath(file).catch(() => file)));
  return first === second;
}

/** What was done and what follows, for people. */
export function editText(done: string, outcome: EditOutcome): string {
  const saved = `${done} in ${outcome.projectFile}${outcome.created ? " (new file)" : ""}.\n`;
  switch (outcome.applied) {
    case "reloaded":
      return `${saved}The running broker has applied it.\n${outcome.reload === null ? "" : reloadText(outcome.reload)}`;
    case "noBroker":
      return `${saved}No broker is running; the next 'understudy run' uses it.\n`;
    case "otherProject":
      return `${saved}The running broker uses another project file and was left alone.\n`;
  }
}
