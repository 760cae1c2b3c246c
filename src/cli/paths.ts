import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type StateDirectoryContext, stateDirectory } from "../project/state-directory.ts";

/** What the places of files depend on. */
export interface Surroundings extends Omit<StateDirectoryContext, "option"> {
  readonly workingDirectory: string;
}

export const projectFileName = "redundancymaster.xml";

/** Where this machine's state is: `--state-dir`, else as src/project/state-directory.ts says. */
export function findStateDirectory(option: string | undefined, around: Surroundings): string {
  return stateDirectory({ ...around, option: option ?? null });
}

/**
 * The project file: `--project`, else UNDERSTUDY_PROJECT, else redundancymaster.xml in the working directory
 * if it is there, else the one in the state directory.
 */
export function findProjectFile(option: string | undefined, directory: string, around: Surroundings): string {
  const { UNDERSTUDY_PROJECT: variable } = around.environment;
  const chosen = option ?? (variable === "" ? undefined : variable);
  if (chosen !== undefined) return resolve(around.workingDirectory, chosen);
  const here = resolve(around.workingDirectory, projectFileName);
  return existsSync(here) ? here : join(directory, projectFileName);
}
