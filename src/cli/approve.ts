import { Command } from "commander";
import { answer, type CliContext, globalOptions, reasonOption, withBroker } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { switchoverText } from "./switchover.ts";

export function approveCommand({ terminal, setExitCode }: CliContext): Command {
  return new Command("approve")
    .summary("carry out the switchover that waits for approval")
    .description(
      "Carries out the switchover that a pair with manual approval is waiting for. " +
        "'understudy pair status' shows which pairs wait.",
    )
    .argument("<pair>", "name of the pair")
    .addOption(reasonOption(terminal))
    .action(async (pair: string, own: { reason: string }, command: Command) => {
      const options = globalOptions(command, terminal);
      const result = await withBroker(options, (broker) => broker.approve(pair, own.reason));
      await answer(terminal, options, result, () => switchoverText(result));
      if (!result.accepted) setExitCode(exitCodes.failed);
    });
}
