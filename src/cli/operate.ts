import { Command } from "commander";
import type { BrokerApi, PairStatus } from "../control/broker-api.ts";
import { answer, type CliContext, globalOptions, reasonOption, withBroker } from "./command.ts";

/** A command that asks the running broker something about one pair and prints the pair's new state. */
function pairOperation(
  context: CliContext,
  name: string,
  summary: string,
  description: string,
  done: string,
  operate: (broker: BrokerApi, pair: string, reason: string) => Promise<PairStatus>,
): Command {
  const { terminal } = context;
  return new Command(name)
    .summary(summary)
    .description(description)
    .argument("<pair>", "name of the pair")
    .addOption(reasonOption(terminal))
    .action(async (pair: string, own: { reason: string }, command: Command) => {
      const options = globalOptions(command, terminal);
      const status = await withBroker(options, (broker) => operate(broker, pair, own.reason));
      await answer(terminal, options, status, () => `${status.name}: ${done}\n`);
    });
}

export function suspendCommand(context: CliContext): Command {
  return pairOperation(
    context,
    "suspend",
    "stop automatic switchovers of a pair",
    "Stops automatic switchovers of a pair, for example while a server is being maintained. Clients stay " +
      "connected to the active member, whatever happens to it. Ends with 'understudy resume'.",
    "automatic switchovers are suspended until 'understudy resume'.",
    (broker, pair, reason) => broker.suspend(pair, reason),
  );
}

export function resumeCommand(context: CliContext): Command {
  return pairOperation(
    context,
    "resume",
    "allow automatic switchovers again",
    "Allows automatic switchovers again after 'understudy suspend'. What is due happens at once.",
    "automatic switchovers are resumed.",
    (broker, pair, reason) => broker.resume(pair, reason),
  );
}
