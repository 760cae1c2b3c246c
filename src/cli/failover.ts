import { Command } from "commander";
import type { ControlClient } from "../control/client.ts";
import type { OrderOptions, ServerAnswer } from "../control/servers-api.ts";
import { type CliContext, globalOptions, reasonOption } from "./command.ts";
import { orderAndFollow } from "./follow-work.ts";

interface PlanCommand {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly order: (broker: ControlClient, server: string, options: OrderOptions) => Promise<ServerAnswer>;
}

/** Takeovers of protected servers. */
export function failoverCommand(context: CliContext): Command {
  const failover = new Command("failover")
    .summary("take over a protected server, or try it out")
    .description(
      "Takes over the role of a protected server on demand, approves a takeover that waits, or tests one.",
    );
  for (const each of takeovers) failover.addCommand(planCommand(context, each));
  return failover;
}

const follows =
  " The command shows the steps and waits for the end; exit code 1 if it is refused or fails. With --dry-run it only " +
  "prints the plan.";

const takeovers: readonly PlanCommand[] = [
  {
    name: "now",
    summary: "take over a server now",
    description:
      "Takes over the role of a server at once, whether it has failed or not, and carries on a takeover that broke off." +
      follows,
    order: (broker, server, options) => broker.failover(server, options),
  },
  {
    name: "approve",
    summary: "carry out the takeover that waits for approval",
    description:
      "Carries out the takeover (or the failback) that waits for an operator; 'understudy server status' shows which do." +
      follows,
    order: (broker, server, options) => broker.failoverApprove(server, options),
  },
  {
    name: "test",
    summary: "try the takeover out, cut off from the network",
    description:
      "Runs the takeover in a network of its own that nobody else sees, and undoes it: a drill while the live server " +
      "goes on serving. Names in the DNS are checked but not changed." +
      follows,
    order: (broker, server, options) => broker.failoverTest(server, options),
  },
];

/** The live server gets its role back. */
export function failbackCommand(context: CliContext): Command {
  return planCommand(context, {
    name: "failback",
    summary: "give a protected server its role back",
    description:
      "Ends the stand-in role: stops what this machine serves, copies back what has changed, hands addresses and names " +
      "back and watches the live server again. Undoes a takeover that broke off, too." +
      follows,
    order: (broker, server, options) => broker.failback(server, options),
  });
}

function planCommand(context: CliContext, { name, summary, description, order }: PlanCommand): Command {
  const { terminal } = context;
  return new Command(name)
    .summary(summary)
    .description(description)
    .argument("<server>", "name of the server")
    .addOption(reasonOption(terminal))
    .option("--dry-run", "only print what would be done, step by step")
    .option("--no-wait", "do not wait for the end")
    .action(
      async (
        server: string,
        own: { readonly reason: string; readonly dryRun?: boolean; readonly wait: boolean },
        command: Command,
      ) => {
        const options = globalOptions(command, terminal);
        const { reason, dryRun = false } = own;
        await orderAndFollow(context, options, own.wait, (broker) =>
          order(broker, server, { reason, dryRun }),
        );
      },
    );
}

/** Whole copies on demand. */
export function replicateCommand(context: CliContext): Command {
  const replicate = new Command("replicate")
    .summary("copy everything from or to a live server now")
    .description("Copies all files and databases of a protected server as a whole, with progress.");
  for (const [name, direction, summary] of directions) {
    replicate.addCommand(copyCommand(context, name, direction, summary));
  }
  return replicate;
}

const directions = [
  ["from-live", "fromLive", "copy everything from the live server to this machine"],
  ["to-live", "toLive", "copy everything from this machine to the live server, whose data are replaced"],
] as const;

function copyCommand(
  context: CliContext,
  name: string,
  direction: "fromLive" | "toLive",
  summary: string,
): Command {
  const { terminal } = context;
  return new Command(name)
    .summary(summary)
    .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}. Shows the progress and waits for the end.`)
    .argument("<server>", "name of the server")
    .addOption(reasonOption(terminal))
    .option("--no-wait", "do not wait for the end")
    .action(
      async (server: string, own: { readonly reason: string; readonly wait: boolean }, command: Command) => {
        const options = globalOptions(command, terminal);
        await orderAndFollow(context, options, own.wait, (broker) =>
          broker.replicate(server, { direction, reason: own.reason }),
        );
      },
    );
}
