import { Command } from "commander";
import { removePair } from "../manage/rename-pair.ts";
import { unhookPair } from "../opc/da/hook/pair-hooks.ts";
import { readProject } from "../project/project-file.ts";
import { answer, type CliContext, globalOptions } from "./command.ts";
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
      const document = await readProject(options.projectFile);
      const outcome = await removePair(options, document, pair, (edit, moved) =>
        editProject(options, { edit, moved }),
      );
      await answer(terminal, options, { pair, ...outcome }, () =>
        editText(`Removed pair '${pair}'`, outcome),
      );
    });
}
