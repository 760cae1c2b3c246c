import { Command } from "commander";
import { UnderstudyError } from "../core/error.ts";
import {
  isPairEnabled,
  readMachineState,
  saveMachineState,
  withPairEnabled,
} from "../project/machine-state.ts";
import { findPair } from "../project/pairs.ts";
import { pairName } from "../project/project.ts";
import { readProject } from "../project/project-file.ts";
import {
  answer,
  type CliContext,
  type GlobalOptions,
  globalOptions,
  reasonOption,
  withBrokerIfRunning,
} from "./command.ts";

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
    .action(async (pair: string, own: { reason: string }, command: Command) => {
      const options = globalOptions(command, terminal);
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

async function toggleOffline(
  options: GlobalOptions,
  name: string,
  enabled: boolean,
): Promise<{ pair: string; enabled: boolean; brokerRunning: boolean }> {
  const { project } = await readProject(options.projectFile);
  const found = findPair(project, name);
  if (!found.ok) {
    throw new UnderstudyError(
      "PAIR_UNKNOWN",
      `${options.projectFile} has no pair '${name}'; expected ${found.expected}.`,
    );
  }
  const pair = pairName(found.pair);
  const state = await readMachineState(options.stateDirectory);
  const next = withPairEnabled(state, pair, enabled);
  if (next !== state) await saveMachineState(options.stateDirectory, next);
  return { pair, enabled: isPairEnabled(next, pair), brokerRunning: false };
}
