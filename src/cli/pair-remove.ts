import { Command } from "commander";
import { readProject } from "../project/project-file.ts";
import { answer, type CliContext, globalOptions } from "./command.ts";
import { unhookPair } from "./da-hook.ts";
import { editProject, editText } from "./edit-project.ts";
import { changesText, dryRunOption, type RenameOptions } from "./rename-pair.ts";

export function pairRemoveCommand({ terminal }: CliContext): Command {
  return new Command("remove")
    .summary("remove a pair from the project file")
    .description(
      "Removes a pair from the project file. Where a broker runs on it, the clients of the pair are disconnected.",
    )
    .argument("<pair>", "name of the pair")
    .addOption(dryRunOption())
    .action(async (pair: string, own: RenameOptions, command: Command) => {
      const options = globalOptions(command, terminal);
      if (own.dryRun === true) {
        const changes = await unhookPair(options, pair, true);
        await answer(terminal, options, { pair, dryRun: true, changes }, () => changesText(changes));
        return;
      }
      // refuses a pair that is not there, before anything is changed
      (await readProject(options.projectFile)).removePair(pair);
      // Clients get back what they had before the pair is gone.
      await unhookPair(options, pair, false);
      const outcome = await editProject(options, {
        edit: (document) => document.removePair(pair),
        moved: () => ({ from: pair, to: null }),
      });
      await answer(terminal, options, { pair, ...outcome }, () =>
        editText(`Removed pair '${pair}'`, outcome),
      );
    });
}
