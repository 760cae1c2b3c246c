import { realpath } from "node:fs/promises";
import { Command } from "commander";
import type { ReloadAnswer } from "../control/broker-api.ts";
import { UnderstudyError } from "../core/error.ts";
import {
  carryOutDeployment,
  type PreparedDeployment,
  prepareDeployment,
  prepareUndo,
} from "../manage/deploy.ts";
import type { DeploymentPlan } from "../project/deployment.ts";
import { changesText } from "../project/difference-text.ts";
import type { Deployed } from "../project/install-project.ts";
import { forgetProject } from "../project/kept-projects.ts";
import { readProject } from "../project/project-file.ts";
import { migrationText } from "./check.ts";
import {
  answer,
  type CliContext,
  type GlobalOptions,
  globalOptions,
  withBrokerIfRunning,
} from "./command.ts";
import { UsageError } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

interface DeployOptions {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly keepEnabled?: true;
  readonly undo?: true;
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
  const prepared = await prepareDeployment(options, next, { keepEnabled: own.keepEnabled === true });
  const { plan } = prepared;
  if (!(await isWanted(terminal, options, own, prepared, `Deploy ${file} to ${options.projectFile}?`)))
    return;
  const deployed = await carryOut(options, prepared, true);
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
  const { kept, prepared } = await prepareUndo(options);
  const question = `Bring back the project that was replaced at ${kept.replacedAt}?`;
  if (!(await isWanted(terminal, options, own, prepared, question))) return;
  const deployed = await carryOut(options, prepared, false);
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

/** Shows the plan and asks; false = it stays at that. */
async function isWanted(
  terminal: Terminal,
  options: GlobalOptions,
  own: DeployOptions,
  prepared: PreparedDeployment,
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

function resultOf(options: GlobalOptions, { plan, warnings, notInstalled }: PreparedDeployment) {
  return {
    projectFile: options.projectFile,
    ...plan,
    warnings,
    serversNotInstalled: notInstalled.map(({ server }) => server),
  };
}

async function carryOut(
  options: GlobalOptions,
  prepared: PreparedDeployment,
  keepOld: boolean,
): Promise<Deployed<ReloadAnswer>> {
  const { projectFile, stateDirectory } = options;
  const live = await withBrokerIfRunning(options, async (broker) => {
    const theirs = await realpath(broker.info.projectFile).catch(() => broker.info.projectFile);
    if (theirs !== (await realpath(projectFile).catch(() => projectFile))) {
      throw new UnderstudyError(
        "DEPLOYMENT_OTHER_PROJECT",
        `the broker that runs on ${stateDirectory} uses ${theirs}, not ${projectFile}; name its file with --project, or another --state-dir`,
      );
    }
    return carryOutDeployment(options, prepared, keepOld, () => broker.reload());
  });
  return live ?? (await carryOutDeployment(options, prepared, keepOld, null));
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
