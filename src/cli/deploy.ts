import { realpath } from "node:fs/promises";
import { Command } from "commander";
import type { ReloadAnswer } from "../control/broker-api.ts";
import { UnderstudyError } from "../core/error.ts";
import { type DeploymentPlan, planDeployment } from "../project/deployment.ts";
import { finishDeployment } from "../project/deployment-mark.ts";
import { changesText } from "../project/difference-text.ts";
import { type Deployed, deployProject } from "../project/install-project.ts";
import { forgetProject, lastKeptProject } from "../project/kept-projects.ts";
import { readMachineState } from "../project/machine-state.ts";
import { type Pair, pairName } from "../project/project.ts";
import type { ProjectDocument } from "../project/project-document.ts";
import { ProjectError } from "../project/project-error.ts";
import { readProject } from "../project/project-file.ts";
import { missingSecrets } from "../project/secret-references.ts";
import { migrationText } from "./check.ts";
import {
  answer,
  type CliContext,
  type GlobalOptions,
  globalOptions,
  withBrokerIfRunning,
} from "./command.ts";
import { hasRegistry, hookPair, unhookPair } from "./da-hook.ts";
import { UsageError } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

interface DeployOptions {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly keepEnabled?: true;
  readonly undo?: true;
}

/** What is to be put in place, and what must be known before. */
interface Prepared {
  readonly next: ProjectDocument;
  readonly plan: DeploymentPlan;
  readonly warnings: readonly string[];
  /** OPC DA servers of the new project that are not installed on this machine. */
  readonly notInstalled: readonly Pair[];
}

export function deployCommand({ terminal }: CliContext): Command {
  return new Command("deploy")
    .summary("install a project file on this machine")
    .description(
      "Puts a project that was made and tested elsewhere in the place of this machine's. All of it is checked first; " +
        "a faulty one changes nothing and ends with exit code 2. What differs is shown, secrets excepted. The " +
        "replaced project is kept in the state directory (the last 20). A deployed project starts with every pair " +
        "disabled: 'understudy pair enable --all' enables them. A running broker takes the project over; where it " +
        "cannot, the old project is put back.",
    )
    .argument("[file]", "the project file to install; not with --undo")
    .option("--dry-run", "show what would change, and change nothing")
    .option("--yes", "do not ask")
    .option("--keep-enabled", "leave pairs enabled that are enabled on this machine now")
    .option("--undo", "bring back the project that was replaced last, with the pairs enabled then")
    .addHelpText(
      "after",
      "\nExample:\n  understudy deploy plant.xml --dry-run\n  understudy deploy --undo --yes",
    )
    .action(async (file: string | undefined, own: DeployOptions, command: Command) => {
      const options = globalOptions(command, terminal);
      if ((file === undefined) !== (own.undo === true)) {
        throw new UsageError("Name the project file to deploy, or give --undo, but not both. See --help.");
      }
      if (own.undo === true) await undo(terminal, options, own);
      else await deploy(terminal, options, own, file ?? "");
    });
}

async function deploy(
  terminal: Terminal,
  options: GlobalOptions,
  own: DeployOptions,
  file: string,
): Promise<void> {
  const next = await readProject(file);
  const prepared = await prepare(options, next, (present, state) =>
    planDeployment({ present, next, state, keepEnabled: own.keepEnabled === true }),
  );
  const { plan } = prepared;
  if (!(await isWanted(terminal, options, own, prepared, `Deploy ${file} to ${options.projectFile}?`)))
    return;
  const deployed = await carryOut(options, prepared, plan.enabledAfter, true);
  const result = { ...resultOf(options, prepared), deployed: true, kept: deployed.kept?.file ?? null };
  await answer(terminal, options, { ...result, reload: deployed.reload }, () =>
    [
      `Deployed to ${options.projectFile}.\n`,
      deployed.kept === null ? "" : `The project before is kept as ${deployed.kept.file}.\n`,
      runningText(deployed.reload),
      enabledText(plan),
    ].join(""),
  );
}

async function undo(terminal: Terminal, options: GlobalOptions, own: DeployOptions): Promise<void> {
  const kept = await lastKeptProject(options.stateDirectory);
  const next = await readProject(kept.file);
  const prepared = await prepare(options, next, (present, state) => {
    const plan = planDeployment({ present, next, state, keepEnabled: false });
    return { ...plan, enabledAfter: kept.enabledPairs };
  });
  const question = `Bring back the project that was replaced at ${kept.replacedAt}?`;
  if (!(await isWanted(terminal, options, own, prepared, question))) return;
  const deployed = await carryOut(options, prepared, kept.enabledPairs, false);
  await forgetProject(options.stateDirectory, kept.number);
  const result = { ...resultOf(options, prepared), deployed: true, kept: null, reload: deployed.reload };
  await answer(terminal, options, result, () =>
    [
      `Brought back the project that was replaced at ${kept.replacedAt}.\n`,
      runningText(deployed.reload),
      enabledText(prepared.plan),
    ].join(""),
  );
}

async function prepare(
  options: GlobalOptions,
  next: ProjectDocument,
  plan: (
    present: ProjectDocument | null,
    state: Awaited<ReturnType<typeof readMachineState>>,
  ) => DeploymentPlan,
): Promise<Prepared> {
  const { projectFile, stateDirectory } = options;
  await finishDeployment(stateDirectory);
  const warnings: string[] = [];
  const present = await readProject(projectFile).catch((error: unknown) => {
    if (!(error instanceof ProjectError)) throw error;
    // A damaged project is no reason against a good one.
    if (error.code !== "PROJECT_NOT_FOUND") warnings.push(`the present project is faulty: ${error.message}`);
    return null;
  });
  const state = await readMachineState(stateDirectory);
  const missing = await missingSecrets(next.project, { environment: process.env, projectFile });
  warnings.push(...missing.map(({ path, message }) => `${path}: ${message}`));
  const da = next.project.pairs.filter(({ protocol }) => protocol === "opcda");
  const notInstalled: Pair[] = [];
  if (hasRegistry()) {
    for (const pair of da) if (!(await isInstalled(options, pair))) notInstalled.push(pair);
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
  return { next, plan: plan(present, state), warnings, notInstalled };
}

async function isInstalled(options: GlobalOptions, pair: Pair): Promise<boolean> {
  try {
    await hookPair(
      options,
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

/** Shows the plan and asks; false = it stays at that. */
async function isWanted(
  terminal: Terminal,
  options: GlobalOptions,
  own: DeployOptions,
  prepared: Prepared,
  question: string,
): Promise<boolean> {
  const { plan, warnings } = prepared;
  if (!options.json) {
    if (!options.quiet || own.dryRun === true) {
      await terminal.print(changesText(plan.changes));
      if (plan.migration !== null) await terminal.print(migrationText(plan.migration));
    }
    for (const warning of warnings) terminal.complain(`warning: ${warning}\n`);
  }
  if (own.dryRun === true) {
    const result = { ...resultOf(options, prepared), deployed: false };
    await answer(terminal, options, result, () => "Nothing was changed (--dry-run).\n");
    return false;
  }
  if (own.yes === true) return true;
  if (terminal.ask === undefined) {
    throw new UsageError("Nobody can be asked here: give --yes to go on, or --dry-run to look only.");
  }
  if (/^y(es)?$/i.test((await terminal.ask(`${question} [y/N] `)).trim())) return true;
  await answer(
    terminal,
    options,
    { ...resultOf(options, prepared), deployed: false },
    () => "Nothing was changed.\n",
  );
  return false;
}

function resultOf(options: GlobalOptions, { plan, warnings, notInstalled }: Prepared) {
  return {
    projectFile: options.projectFile,
    ...plan,
    warnings,
    serversNotInstalled: notInstalled.map(({ server }) => server),
  };
}

async function carryOut(
  options: GlobalOptions,
  { next, plan }: Prepared,
  enabledPairs: readonly string[],
  keepOld: boolean,
): Promise<Deployed<ReloadAnswer>> {
  const { projectFile, stateDirectory } = options;
  const state = await readMachineState(stateDirectory);
  const installation = {
    document: next,
    projectFile,
    stateDirectory,
    state,
    enabledPairs,
    time: new Date(),
    keepOld,
  };
  const live = await withBrokerIfRunning(options, async (broker) => {
    const theirs = await realpath(broker.info.projectFile).catch(() => broker.info.projectFile);
    if (theirs !== (await realpath(projectFile).catch(() => projectFile))) {
      throw new UnderstudyError(
        "DEPLOYMENT_OTHER_PROJECT",
        `the broker that runs on ${stateDirectory} uses ${theirs}, not ${projectFile}; name its file with --project, or another --state-dir`,
      );
    }
    return deployProject(installation, () => broker.reload());
  });
  const deployed = live ?? (await deployProject<ReloadAnswer>(installation, null));
  // Clients of a DA pair are led to the broker exactly while the pair is enabled.
  const off = plan.enabledBefore.filter((name) => !enabledPairs.includes(name));
  if (hasRegistry()) for (const name of off) await unhookPair(options, name, false);
  return deployed;
}

function runningText(reload: ReloadAnswer | null): string {
  return reload === null
    ? "No broker is running; the next 'understudy run' uses it.\n"
    : "The running broker has taken it over.\n";
}

function enabledText({ enabledAfter, pairs }: DeploymentPlan): string {
  if (enabledAfter.length > 0) return `Enabled on this machine: ${enabledAfter.join(", ")}.\n`;
  if (pairs.length === 0) return "The project has no pairs.\n";
  return "All pairs are disabled on this machine: understudy pair enable --all\n";
}
