import { Command } from "commander";
import { UnderstudyError } from "../core/error.ts";
import { readProject } from "../project/project-file.ts";
import {
  readServerStates,
  saveServerStates,
  serverStateOf,
  unknownServerState,
  withServerState,
} from "../project/server-state.ts";
import { findServer } from "../project/servers.ts";
import {
  answer,
  type CliContext,
  type GlobalOptions,
  globalOptions,
  reasonOption,
  withBrokerIfRunning,
} from "./command.ts";

export function serverEnableCommand(context: CliContext): Command {
  return toggleCommand(context, true)
    .summary("watch a server from this machine")
    .description(
      "Enables a protected server on this machine: it is watched and replicated from now on, and this machine " +
        "stands in for it when it fails. A project that was brought from another machine starts with all of them disabled.",
    );
}

export function serverDisableCommand(context: CliContext): Command {
  return toggleCommand(context, false)
    .summary("no longer watch a server from this machine")
    .description(
      "Disables a protected server on this machine: it is neither watched nor replicated. Refused while this machine " +
        "stands in for it. The settings stay.",
    );
}

function toggleCommand({ terminal }: CliContext, enabled: boolean): Command {
  return new Command(enabled ? "enable" : "disable")
    .argument("<server>", "name of the server")
    .addOption(reasonOption(terminal))
    .action(async (server: string, own: { readonly reason: string }, command: Command) => {
      const options = globalOptions(command, terminal);
      const live = await withBrokerIfRunning(options, async (broker) => {
        const status = await (enabled
          ? broker.serverEnable(server, own.reason)
          : broker.serverDisable(server, own.reason));
        return { server: status.name, enabled: status.enabled, brokerRunning: true };
      });
      const result = live ?? (await toggleOffline(options, server, enabled));
      await answer(terminal, options, result, () => {
        const later = result.brokerRunning ? "" : " No broker is running; the next 'understudy run' does so.";
        return `${result.server} is ${result.enabled ? "enabled" : "disabled"} on this machine.${later}\n`;
      });
    });
}

async function toggleOffline(
  options: GlobalOptions,
  name: string,
  enabled: boolean,
): Promise<{ server: string; enabled: boolean; brokerRunning: boolean }> {
  const { project } = await readProject(options.projectFile);
  const found = findServer(project, name);
  if (!found.ok) {
    const message = `${options.projectFile} has no protected server '${name}'; expected ${found.expected}.`;
    throw new UnderstudyError("SERVER_UNKNOWN", message);
  }
  const server = found.server.name;
  const states = await readServerStates(options.stateDirectory);
  const state = serverStateOf(states, server);
  if (!enabled && state.role !== "live") {
    const message = `This machine stands in for ${server}. Start Understudy and give its role back first.`;
    throw new UnderstudyError("SERVER_STANDING_IN", message);
  }
  const next = enabled ? { ...state, enabled } : unknownServerState;
  await saveServerStates(options.stateDirectory, withServerState(states, server, next));
  return { server, enabled, brokerRunning: false };
}
