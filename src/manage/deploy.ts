import type { BrokerApi, ReloadAnswer } from "../control/broker-api.ts";
import { hasRegistry, hookPair, unhookPair } from "../opc/da/hook/pair-hooks.ts";
import { type DeploymentPlan, planDeployment } from "../project/deployment.ts";
import { finishDeployment } from "../project/deployment-mark.ts";
import { type Deployed, deployProject } from "../project/install-project.ts";
import { type KeptProject, lastKeptProject } from "../project/kept-projects.ts";
import { type MachineState, readMachineState } from "../project/machine-state.ts";
import { type Pair, pairName } from "../project/project.ts";
import type { ProjectDocument } from "../project/project-document.ts";
import { ProjectError } from "../project/project-error.ts";
import { readProject } from "../project/project-file.ts";
import { missingSecrets } from "../project/secret-references.ts";
import { liveState } from "./apply-change.ts";
import type { Place } from "./place.ts";

/** What is to be put in place, and what must be known before. */
export interface PreparedDeployment {
  readonly next: ProjectDocument;
  readonly plan: DeploymentPlan;
  readonly warnings: readonly string[];
  /** OPC DA servers of the new project that are not installed on this machine. */
  readonly notInstalled: readonly Pair[];
  /** What is enabled now. */
  readonly state: MachineState;
}

export interface DeploymentChoice {
  readonly keepEnabled: boolean;
  /** Pairs to be enabled whatever is enabled now. */
  readonly enabledAfter?: readonly string[];
  /** The broker that runs, where it is known: it may have more pairs enabled than is kept on disk. */
  readonly broker?: Pick<BrokerApi, "status">;
}

/**
 * Compares a project with the one that is here and looks for what it lacks on this machine. Throws what keeps the machine state from being read.
 */
export async function prepareDeployment(
  place: Place,
  next: ProjectDocument,
  choice: DeploymentChoice,
): Promise<PreparedDeployment> {
  const { projectFile, stateDirectory } = place;
  await finishDeployment(stateDirectory);
  const warnings: string[] = [];
  const present = await readProject(projectFile).catch((error: unknown) => {
    if (!(error instanceof ProjectError)) throw error;
    // A damaged project is no reason against a good one.
    if (error.code !== "PROJECT_NOT_FOUND") warnings.push(`the present project is faulty: ${error.message}`);
    return null;
  });
  const { keepEnabled, enabledAfter, broker } = choice;
  const state = broker ? await liveState(stateDirectory, broker) : await readMachineState(stateDirectory);
  const missing = await missingSecrets(next.project, { environment: process.env, projectFile });
  warnings.push(...missing.map(({ path, message }) => `${path}: ${message}`));
  const da = next.project.pairs.filter(({ protocol }) => protocol === "opcda");
  const notInstalled: Pair[] = [];
  if (hasRegistry()) {
    for (const pair of da) if (!(await isInstalled(place, pair))) notInstalled.push(pair);
    for (const pair of notInstalled) {
      warnings.push(
        `${pair.server} is not installed on this machine; 'understudy pair enable ${pairName(pair)} --register-server' makes the local registration clients need`,
      );
    }
  } else if (da.length > 0) {
    warnings.push(
      `OPC DA needs Windows: nothing is registered on this machine for ${da.map(pairName).join(", ")}`,
    );
  }
  const plan = planDeployment({ present, next, state, keepEnabled });
  return {
    next,
    plan: enabledAfter === undefined ? plan : { ...plan, enabledAfter },
    warnings,
    notInstalled,
    state,
  };
}

/** Prepares bringing back the project that was replaced last. Throws DEPLOYMENT_NOTHING_KEPT, ProjectError. */
export async function prepareUndo(
  place: Place,
  broker?: Pick<BrokerApi, "status">,
): Promise<{ readonly kept: KeptProject; readonly prepared: PreparedDeployment }> {
  const kept = await lastKeptProject(place.stateDirectory);
  const choice = {
    keepEnabled: false,
    enabledAfter: kept.enabledPairs,
    ...(broker ? { broker } : {}),
  };
  const prepared = await prepareDeployment(place, await readProject(kept.file), choice);
  return { kept, prepared };
}

async function isInstalled(place: Place, pair: Pair): Promise<boolean> {
  try {
    await hookPair(
      place,
      pair,
      { forbidOriginal: false, allowMinimalRegistration: false, knownClsid: null },
      true,
    );
    return true;
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === "DA_HOOK_SERVER_NOT_INSTALLED") return false;
    // What else is against it is told when the pair is enabled.
    return true;
  }
}

/** Puts a prepared project in place (`deployProject`) and takes OPC DA clients off the pairs that are disabled now. */
export async function carryOutDeployment(
  place: Place,
  { next, plan, state }: PreparedDeployment,
  keepOld: boolean,
  reload: (() => Promise<ReloadAnswer>) | null,
  progress?: (step: string) => void,
): Promise<Deployed<ReloadAnswer>> {
  const { projectFile, stateDirectory } = place;
  const installation = {
    document: next,
    projectFile,
    stateDirectory,
    state,
    enabledPairs: plan.enabledAfter,
    time: new Date(),
    keepOld,
  };
  const deployed = await deployProject<ReloadAnswer>(installation, reload, progress);
  // Clients of a DA pair are led to the broker exactly while the pair is enabled.
  const off = plan.enabledBefore.filter((name) => !plan.enabledAfter.includes(name));
  if (hasRegistry()) for (const name of off) await unhookPair(place, name, false);
  return deployed;
}
