import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import type { ReloadAnswer } from "../control/broker-api.ts";
import { applyChange, type Move } from "../manage/apply-change.ts";
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
  readonly moved?: Move;
}

/**
 * Edits the project file and has the broker that runs on it apply the change. Throws ProjectError and what the broker
 * says against the change; all is as it was then.
 */
export async function editProject(options: GlobalOptions, change: ProjectEdit): Promise<EditOutcome> {
  const { projectFile, stateDirectory } = options;
  const existing = await readProject(projectFile).catch((error: unknown) => {
    const missing = error instanceof ProjectError && error.code === "PROJECT_NOT_FOUND";
    if (missing && change.createIfMissing === true) return null;
    throw error;
  });
  const document = change.edit(existing ?? newProject(projectFile));
  const moved = change.moved ?? null;
  const created = existing === null;
  if (dirname(projectFile) === stateDirectory) await ensureStateDirectory(stateDirectory);

  const live = await withBrokerIfRunning(options, async (broker) => {
    if (!(await isSameFile(broker.info.projectFile, projectFile))) {
      await saveProject(document, projectFile);
      return { applied: "otherProject", reload: null } as const;
    }
    return { applied: "reloaded", reload: await applyChange(options, broker, { document, moved }) } as const;
  });
  if (live !== null) return { projectFile, created, ...live };
  await applyChange(options, null, { document, moved });
  return { projectFile, created, applied: "noBroker", reload: null };
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
