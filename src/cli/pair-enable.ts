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
import { hasRegistry, hookPair, isHooked, unhookPair } from "./da-hook.ts";
import { changesText, dryRunOption } from "./rename-pair.ts";

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
    .addOption(dryRunOption())
    .addOption(serverOption().hideHelp(!enabled))
    .addOption(originalOption().hideHelp(!enabled))
    .action(async (pair: string, own: ToggleOptions, command: Command) => {
      const options = globalOptions(command, terminal);
      const wasHooked = await isHooked(options, pair);
      const changes = await changeRegistry(options, pair, enabled, own);
      if (own.dryRun === true) {
        await answer(terminal, options, { pair, dryRun: true, changes }, () => changesText(changes));
        return;
      }
      const result = await toggle(options, pair, enabled, own.reason).catch(async (error: unknown) => {
        // clients must not be led to a pair that is not enabled
        if (enabled && !wasHooked) await unhookPair(options, pair, false).catch(() => undefined);
        throw error;
      });
      await answer(terminal, options, result, () => {
        const later = result.brokerRunning ? "" : " No broker is running; the next 'understudy run' does so.";
        return `${result.pair} is ${result.enabled ? "enabled" : "disabled"} on this machine.${later}\n`;
      });
    });
}

interface Toggled {
  readonly pair: string;
  readonly enabled: boolean;
  readonly brokerRunning: boolean;
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

async function toggle(
  options: GlobalOptions,
  pair: string,
  enabled: boolean,
  reason: string,
): Promise<Toggled> {
  const live = await withBrokerIfRunning(options, async (broker) => {
    const status = await (enabled ? broker.enable(pair, reason) : broker.disable(pair, reason));
    return { pair: status.name, enabled: status.enabled, brokerRunning: true };
  });
  return live ?? (await toggleOffline(options, pair, enabled));
}

/** The registry leads OPC DA clients of a pair that admits them to the proxy exactly while the pair is enabled. */
async function changeRegistry(
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
  return hookPair(options, pair, choices, dryRun);
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
  const state = await readMachineState(options.stateDirectory);
  const next = withPairEnabled(state, pair, enabled);
  if (next !== state) await saveMachineState(options.stateDirectory, next);
  return { pair, enabled: isPairEnabled(next, pair), brokerRunning: false };
}
