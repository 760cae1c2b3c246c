import { Command } from "commander";
import type { ServerStatus, ServersApi } from "../control/servers-api.ts";
import { UnderstudyError } from "../core/error.ts";
import { readProject } from "../project/project-file.ts";
import { readServerStates, serverStateOf } from "../project/server-state.ts";
import { answer, type CliContext, globalOptions, reasonOption, withBroker } from "./command.ts";
import { editProject, editText } from "./edit-project.ts";
import { serverAddCommand } from "./server-add.ts";
import { serverCheckCommand } from "./server-check.ts";
import { serverDisableCommand, serverEnableCommand } from "./server-enable.ts";
import { serverDetails, serverTable } from "./server-text.ts";
import { table } from "./text.ts";

export function serverCommand(context: CliContext): Command {
  const server = new Command("server")
    .summary("list, change, watch and maintain protected servers")
    .description(
      "Works on the protected servers: whole machines that this one watches, replicates and stands in for. What " +
        "stands in the project file (add, remove) moves with it to another machine; which servers are enabled " +
        "belongs to this machine.",
    );
  for (const command of [
    listCommand,
    statusCommand,
    serverAddCommand,
    serverCheckCommand,
    removeCommand,
    serverEnableCommand,
    serverDisableCommand,
  ]) {
    server.addCommand(command(context));
  }
  for (const operation of operations) server.addCommand(operationCommand(context, operation));
  return server;
}

function listCommand({ terminal }: CliContext): Command {
  return new Command("list")
    .summary("list the protected servers of the project file")
    .description(
      "Lists the protected servers of the project file and whether they are enabled on this machine. Needs no running broker.",
    )
    .action(async (_own: object, command: Command) => {
      const options = globalOptions(command, terminal);
      const [{ project }, states] = await Promise.all([
        readProject(options.projectFile),
        readServerStates(options.stateDirectory),
      ]);
      const servers = project.servers.map(({ name, address, failover, takeover, replication }) => ({
        name,
        address,
        ...serverStateOf(states, name),
        approval: failover.approval,
        assumeIpAddress: takeover.assumeIpAddress,
        trees: replication.files.length,
        databases: replication.databases.length,
      }));
      await answer(terminal, { ...options, quiet: false }, servers, () =>
        servers.length === 0
          ? `${options.projectFile} has no protected servers. Add one with 'understudy server add'.\n`
          : table([
              ["SERVER", "ADDRESS", "STATE", "TAKEOVER", "ADDRESSES", "TREES", "DATABASES"],
              ...servers.map((server) => [
                server.name,
                server.address,
                server.enabled
                  ? server.maintenance === "none"
                    ? "enabled"
                    : server.maintenance
                  : "disabled",
                server.approval,
                server.assumeIpAddress ? "assumed" : "not assumed",
                String(server.trees),
                String(server.databases),
              ]),
            ]),
      );
    });
}

function statusCommand({ terminal }: CliContext): Command {
  return new Command("status")
    .summary("show how the protected servers are")
    .description(
      "Shows for each protected server of the running broker how it is, who plays its role, how long it would take " +
        "until it counts as failed, and what is under way; with a name, everything about that server. With --json " +
        "always a list.",
    )
    .argument("[server]", "name of a server")
    .action(async (name: string | undefined, _own: object, command: Command) => {
      const options = globalOptions(command, terminal);
      const all = await withBroker(options, (broker) => broker.serverStatus());
      const wanted =
        name === undefined ? all : all.filter((each) => each.name.toLowerCase() === name.toLowerCase());
      if (name !== undefined && wanted.length === 0) {
        const message = `The running broker has no protected server '${name}'. 'understudy server status' shows those it has.`;
        throw new UnderstudyError("SERVER_UNKNOWN", message);
      }
      await answer(terminal, { ...options, quiet: false }, wanted, () =>
        name === undefined ? serverTable(wanted) : wanted.map(serverDetails).join("\n"),
      );
    });
}

function removeCommand({ terminal }: CliContext): Command {
  return new Command("remove")
    .summary("remove a protected server from the project file")
    .description(
      "Removes a protected server from the project file. Where this machine stands in for it, it does so until the " +
        "role is given back.",
    )
    .argument("<server>", "name of the server")
    .action(async (server: string, _own: object, command: Command) => {
      const options = globalOptions(command, terminal);
      const outcome = await editProject(options, { edit: (document) => document.removeServer(server) });
      await answer(terminal, options, { server, ...outcome }, () =>
        editText(`Removed server '${server}'`, outcome),
      );
    });
}

interface Operation {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly done: string;
  readonly operate: (servers: ServersApi, server: string, reason: string) => Promise<ServerStatus>;
}

const operations: readonly Operation[] = [
  {
    name: "suspend",
    summary: "maintenance: not watched, files not copied",
    description:
      "Suspends the watch over a server for maintenance: it is not failed over and its files are not copied; its " +
      "databases still are. Ends with 'understudy server resume', which brings the files up to date. Refused while " +
      "this machine stands in for it.",
    done: "not watched and its files not copied until 'understudy server resume'.",
    operate: (servers, server, reason) => servers.serverSuspend(server, reason),
  },
  {
    name: "stop",
    summary: "maintenance: neither watched nor copied",
    description:
      "Stops the watch over a server and all copying from it. What changes there meanwhile is copied after " +
      "'understudy server resume'. Refused while this machine stands in for it.",
    done: "neither watched nor copied until 'understudy server resume'.",
    operate: (servers, server, reason) => servers.serverStop(server, reason),
  },
  {
    name: "resume",
    summary: "watch a server again, also after a failed takeover",
    description:
      "Ends maintenance: the server is watched again and its copies are brought up to date. After a takeover or a " +
      "failback that failed, it allows the next one to start by itself; what is due happens at once.",
    done: "watched again.",
    operate: (servers, server, reason) => servers.serverResume(server, reason),
  },
  {
    name: "cancel",
    summary: "break off what is under way for a server",
    description:
      "Breaks off a takeover, failback, test or copy, between two steps. What was done stands; 'understudy failover " +
      "now' carries a takeover on, 'understudy failback' undoes it.",
    done: "asked to break off; 'understudy server status' shows the end.",
    operate: (servers, server, reason) => servers.serverCancel(server, reason),
  },
];

/** A command that asks the running broker something about one server and prints the server's new state. */
function operationCommand(
  context: CliContext,
  { name, summary, description, done, operate }: Operation,
): Command {
  const { terminal } = context;
  return new Command(name)
    .summary(summary)
    .description(description)
    .argument("<server>", "name of the server")
    .addOption(reasonOption(terminal))
    .action(async (server: string, own: { readonly reason: string }, command: Command) => {
      const options = globalOptions(command, terminal);
      const status = await withBroker(options, (broker) => operate(broker, server, own.reason));
      await answer(terminal, options, status, () => `${status.name}: ${done}\n`);
    });
}
