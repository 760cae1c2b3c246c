import { Command, Option } from "commander";
import { UnderstudyError } from "../core/error.ts";
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
import { type HookChoices, hasRegistry, hookPair, unhookPair } from "./da-hook.ts";

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

function toggleCommand({ terminal }: CliContext, enabled: boolean): Command {
  return new Command(enabled ? "enable" : "disable")
    .argument("<pair>", "name of the pair")
    .addOption(reasonOption(terminal))
    .option("--dry-run", "OPC DA: print which registry entries would change, and change nothing")
    .addOption(serverOption().hideHelp(!enabled))
    .addOption(originalOption().hideHelp(!enabled))
    .action(async (pair: string, own: ToggleOptions, command: Command) => {
      const options = globalOptions(command, terminal);
      const changes = await changeRegistry(options, pair, enabled, own);
      if (own.dryRun === true) {
        await answer(terminal, options, { pair, dryRun: true, changes }, () =>
          changes.length === 0 ? "Nothing would change in a registry.\n" : `${changes.join("\n")}\n`,
        );
        return;
      }
      const live = await withBrokerIfRunning(options, async (broker) => {
        const status = await (enabled ? broker.enable(pair, own.reason) : broker.disable(pair, own.reason));
        return { pair: status.name, enabled: status.enabled, brokerRunning: true };
      });
      const result = live ?? (await toggleOffline(options, pair, enabled));
      await answer(terminal, options, result, () => {
        const later = result.brokerRunning ? "" : " No broker is running; the next 'understudy run' does so.";
        return `${result.pair} is ${result.enabled ? "enabled" : "disabled"} on this machine.${later}\n`;
      });
    });
}

interface ToggleOptions {
  readonly reason: string;
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

/** The registry leads clients of a DA pair to the proxy exactly while the pair is enabled. */
async function changeRegistry(
  options: GlobalOptions,
  name: string,
  enabled: boolean,
  own: ToggleOptions,
): Promise<readonly string[]> {
  if (!hasRegistry()) return [];
  const pair = await knownPair(options, name);
  if (pair.protocol !== "opcda") return [];
  const dryRun = own.dryRun === true;
  if (!enabled) return unhookPair(options, pairName(pair), dryRun);
  const choices: HookChoices = {
    dryRun,
    registerServer: own.registerServer ?? false,
    forbidOriginal: own.forbidOriginal === true,
  };
  return hookPair(options, pair, choices);
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

async function toggleOffline(
  options: GlobalOptions,
  name: string,
  enabled: boolean,
): Promise<{ pair: string; enabled: boolean; brokerRunning: boolean }> {
  const pair = pairName(await knownPair(options, name));
  const state = await readMachineState(options.stateDirectory);
  const next = withPairEnabled(state, pair, enabled);
  if (next !== state) await saveMachineState(options.stateDirectory, next);
  return { pair, enabled: isPairEnabled(next, pair), brokerRunning: false };
}
