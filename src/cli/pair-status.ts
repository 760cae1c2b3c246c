import { Command } from "commander";
import { UnderstudyError } from "../core/error.ts";
import { answer, type CliContext, globalOptions, withBroker } from "./command.ts";
import { statusDetails, statusTable } from "./text.ts";

export function pairStatusCommand({ terminal }: CliContext): Command {
  return new Command("status")
    .summary("show how the pairs of the running broker are")
    .description(
      "Shows for each pair of the running broker which member is active, how both members are and how many " +
        "clients are served; with a name, everything about that pair. With --json always a list.",
    )
    .argument("[pair]", "name of a pair")
    .action(async (name: string | undefined, _own: object, command: Command) => {
      const options = globalOptions(command, terminal);
      const all = await withBroker(options, (broker) => broker.status());
      const wanted = name === undefined ? all : all.filter((pair) => isCalled(pair.name, name));
      if (name !== undefined && wanted.length === 0) {
        throw new UnderstudyError(
          "PAIR_UNKNOWN",
          `The running broker has no pair '${name}'. 'understudy pair status' shows those it has.`,
        );
      }
      await answer(terminal, { ...options, quiet: false }, wanted, () =>
        name === undefined ? statusTable(wanted) : wanted.map(statusDetails).join("\n"),
      );
    });
}

/** Upper and lower case are the same, as everywhere with names of pairs. */
function isCalled(pair: string, name: string): boolean {
  return pair.toLowerCase() === name.toLowerCase();
}
