import { Command } from "commander";
import { answer, type CliContext, globalOptions } from "./command.ts";
import { hasRegistry, unhookPair } from "./da-hook.ts";
import { editProject, editText } from "./edit-project.ts";

export function pairRemoveCommand({ terminal }: CliContext): Command {
  return new Command("remove")
    .summary("remove a pair from the project file")
    .description(
      "Removes a pair from the project file. Where a broker runs on it, the clients of the pair are disconnected.",
    )
    .argument("<pair>", "name of the pair")
    .action(async (pair: string, _own: object, command: Command) => {
      const options = globalOptions(command, terminal);
      // Clients get back what they had before the pair is gone.
      if (hasRegistry()) await unhookPair(options, pair, false);
      const outcome = await editProject(options, {
        edit: (document) => document.removePair(pair),
        moved: () => ({ from: pair, to: null }),
      });
      await answer(terminal, options, { pair, ...outcome }, () =>
        editText(`Removed pair '${pair}'`, outcome),
      );
    });
}
