import type { BrokerApi, ReloadAnswer } from "../control/broker-api.ts";
import { deployProject } from "../project/install-project.ts";
import {
  type MachineState,
  readMachineState,
  saveMachineState,
  withPairEnabled,
  withPairRenamed,
} from "../project/machine-state.ts";
import type { ProjectDocument } from "../project/project-document.ts";
import { saveProject } from "../project/project-file.ts";
import type { Place } from "./place.ts";

/** A pair that gets another name, or goes (`to: null`): whether it is enabled goes with it. */
export interface Move {
  readonly from: string;
  readonly to: string | null;
}

export interface Change {
  readonly document: ProjectDocument;
  readonly moved: Move | null;
}

/**
 * Puts a changed project in place and has the running broker (null = none runs) take it over. A kill at any moment
 * leaves the project before or the new one, and never one that the broker has not taken over; where it refuses the
 * project, all is as before and the refusal is thrown. `progress` is told of the steps.
 */
export async function applyChange(
  place: Place,
  broker: Pick<BrokerApi, "status" | "reload"> | null,
  { document, moved }: Change,
  progress?: (step: string) => void,
): Promise<ReloadAnswer | null> {
  const { projectFile, stateDirectory } = place;
  if (broker === null) {
    await saveProject(document, projectFile);
    if (moved !== null) await moveOffline(stateDirectory, moved);
    return null;
  }
  const state = moved === null ? null : await liveState(stateDirectory, broker);
  const next = state === null || moved === null ? null : withMove(state, moved);
  const { reload } = await deployProject(
    {
      document,
      projectFile,
      stateDirectory,
      state: state ?? (await readMachineState(stateDirectory)),
      enabledPairs: next === state ? null : (next?.enabledPairs ?? null),
      reason: moved === null || moved.to === null ? "removed from the project" : `was called '${moved.from}'`,
      time: new Date(),
      keepOld: false,
    },
    () => broker.reload(),
    progress,
  );
  return reload;
}

/** What is enabled on this machine, also where the broker was told so only when it was started. */
export async function liveState(
  stateDirectory: string,
  broker: Pick<BrokerApi, "status">,
): Promise<MachineState> {
  const stored = await readMachineState(stateDirectory);
  const running = (await broker.status()).filter(({ enabled }) => enabled);
  return running.reduce((state, { name }) => withPairEnabled(state, name, true), stored);
}

function withMove(state: MachineState, { from, to }: Move): MachineState {
  return to === null ? withPairEnabled(state, from, false) : withPairRenamed(state, from, to);
}

async function moveOffline(stateDirectory: string, moved: Move): Promise<void> {
  const state = await readMachineState(stateDirectory);
  const next = withMove(state, moved);
  if (next !== state) await saveMachineState(stateDirectory, next);
}
