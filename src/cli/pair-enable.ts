import { Command, Option } from "commander";
import { UnderstudyError } from "../core/error.ts";
import { hasRegistry, hookPair, isHooked, unhookPair } from "../opc/da/hook/pair-hooks.ts";
import { finishDeployment } from "../project/deployment-mark.ts";
import {
  isPairEnabled,
  readMachineState,
  saveMachineState,
  withPairEnabled,
} from "../project/machine-state.ts";
import { findPair } from "../project/pairs.ts";
import { type Pair, pairName } from "../project/project.ts";
import { readProject } from "../project/project-file.ts";
import {
  answer,
  type CliContext,
  type GlobalOptions,
  globalOptions,
  reasonOption,
  withBrokerIfRunning,
} from "./command.ts";
import { exitCodes, UsageError } from "./exit-code.ts";
import { dryRunOption } from "./rename-pair.ts";
import type { Terminal } from "./terminal.ts";

export function pairEnableCommand(context: CliContext): Command {
  return toggleCommand(context, true)
    .summary("enable a pair on this machine")
    .description(
      "Enables a pair on this machine: the broker connects to its members and admits clients. A project that was " +
        "brought from another machine starts with all pairs disabled.",
    );
}

export function pairDisableCommand(context: CliContext): Command {
  return toggleCommand(context, false)
    .summary("disable a pair on this machine")
    .description(
      "Disables a pair on this machine: its clients are disconnected and its members are let go. The settings stay.",
    );
}

function toggleCommand({ terminal, setExitCode }: CliContext, enabled: boolean): Command {
  return new Command(enabled ? "enable" : "disable")
    .argument("[pair]", "name of the pair")
    .option("--all", "every pair of the project")
    .addOption(reasonOption(terminal))
    .addOption(dryRunOption())
    .addOption(serverOption().hideHelp(!enabled))
    .addOption(originalOption().hideHelp(!enabled))
    .action(async (pair: string | undefined, own: ToggleOptions, command: Command) => {
      const options = globalOptions(command, terminal);
      if ((pair === undefined) !== (own.all === true)) {
        throw new UsageError("Name a pair, or give --all for every pair of the project, but not both.");
      }
      if (pair !== undefined) {
        const result = await toggle(terminal, options, pair, enabled, own);
        await answer(terminal, options, result, () => toggledText(result));
        return;
      }
      const { project } = await readProject(options.projectFile);
      const outcomes: (Toggled | Failed)[] = [];
      for (const name of project.pairs.map(pairName)) {
        // One pair that cannot be enabled keeps no other from it.
        outcomes.push(
          await toggle(terminal, options, name, enabled, own).catch((error) => failedOf(name, error)),
        );
      }
      if (outcomes.some((outcome) => "error" in outcome)) setExitCode(exitCodes.failed);
      await answer(terminal, options, { pairs: outcomes }, () => outcomes.map(toggledText).join(""));
    });
}

interface Toggled {
  readonly pair: string;
  readonly enabled?: boolean;
  readonly brokerRunning?: boolean;
  readonly dryRun?: true;
  /** What would change in a registry. */
  readonly changes?: readonly string[];
}

interface Failed {
  readonly pair: string;
  readonly error: { readonly code: string; readonly message: string };
}

function failedOf(pair: string, error: unknown): Failed {
  if (!(error instanceof UnderstudyError)) throw error;
  return { pair, error: { code: error.code, message: error.message } };
}

async function toggle(
  terminal: Terminal,
  options: GlobalOptions,
  pair: string,
  enabled: boolean,
  own: ToggleOptions,
): Promise<Toggled> {
  const wasHooked = await isHooked(options, pair);
  const changes = await changeRegistry(terminal, options, pair, enabled, own);
  if (own.dryRun === true) return { pair, dryRun: true, changes };
  try {
    const live = await withBrokerIfRunning(options, async (broker) => {
      const status = await (enabled ? broker.enable(pair, own.reason) : broker.disable(pair, own.reason));
      return { pair: status.name, enabled: status.enabled, brokerRunning: true };
    });
    return live ?? (await toggleOffline(options, pair, enabled));
  } catch (error) {
    // clients must not be led to a pair that is not enabled
    if (enabled && !wasHooked) await unhookPair(options, pair, false).catch(() => undefined);
    throw error;
  }
}

function toggledText(outcome: Toggled | Failed): string {
  if ("error" in outcome) return `${outcome.pair}: error ${outcome.error.code}: ${outcome.error.message}\n`;
  if (outcome.changes !== undefined) {
    return outcome.changes.length === 0
      ? "Nothing would change in a registry.\n"
      : `${outcome.changes.join("\n")}\n`;
  }
  const later =
    outcome.brokerRunning === true ? "" : " No broker is running; the next 'understudy run' does so.";
  return `${outcome.pair} is ${outcome.enabled === true ? "enabled" : "disabled"} on this machine.${later}\n`;
}

interface ToggleOptions {
  readonly reason: string;
  readonly all?: true;
  readonly dryRun?: true;
  readonly registerServer?: true | string;
  readonly forbidOriginal?: true;
}

function serverOption(): Option {
  const text = "OPC DA: the server is not installed here; make a minimal local registration of it";
  return new Option("--register-server [clsid]", text);
}

function originalOption(): Option {
  return new Option(
    "--forbid-original",
    "OPC DA: without a broker, clients get an error, not the original server",
  );
}

/** The registry leads OPC DA clients of a pair that admits them to the proxy exactly while the pair is enabled. */
async function changeRegistry(
  terminal: Terminal,
  options: GlobalOptions,
  name: string,
  enabled: boolean,
  own: ToggleOptions,
): Promise<readonly string[]> {
  const dryRun = own.dryRun === true;
  // also of a pair that is in the project no more
  if (!enabled) return unhookPair(options, name, dryRun);
  if (!hasRegistry()) return [];
  const pair = await knownPair(options, name);
  const server = own.registerServer ?? false;
  const choices = {
    forbidOriginal: own.forbidOriginal === true,
    allowMinimalRegistration: server !== false,
    knownClsid: typeof server === "string" ? server : null,
  };
  try {
    return await hookPair(options, pair, choices, dryRun);
  } catch (error) {
    const missing = error instanceof UnderstudyError && error.code === "DA_HOOK_SERVER_NOT_INSTALLED";
    if (!missing || terminal.ask === undefined || dryRun) throw error;
    const question = `${pair.server} is not installed on this machine. Create the local registration clients need? [y/N] `;
    if (!/^y(es)?$/i.test((await terminal.ask(question)).trim())) throw error;
    return hookPair(options, pair, { ...choices, allowMinimalRegistration: true }, dryRun);
  }
}

async function knownPair(options: GlobalOptions, name: string): Promise<Pair> {
  const { project } = await readProject(options.projectFile);
  const found = findPair(project, name);
  if (found.ok) return found.pair;
  throw new UnderstudyError(
    "PAIR_UNKNOWN",
    `${options.projectFile} has no pair '${name}'; expected ${found.expected}.`,
  );
}

async function toggleOffline(options: GlobalOptions, name: string, enabled: boolean): Promise<Toggled> {
  const pair = pairName(await knownPair(options, name));
  await finishDeployment(options.stateDirectory);
  const state = await readMachineState(options.stateDirectory);
  const next = withPairEnabled(state, pair, enabled);
  if (next !== state) await saveMachineState(options.stateDirectory, next);
  return { pair, enabled: isPairEnabled(next, pair), brokerRunning: false };
}
