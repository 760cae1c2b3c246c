import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Command } from "commander";
import { withoutNotifications } from "../project/deployment.ts";
import { changesText, projectChanges } from "../project/difference-text.ts";
import { pairName } from "../project/project.ts";
import { readProject, saveProject } from "../project/project-file.ts";
import { answer, type CliContext, globalOptions } from "./command.ts";
import { UsageError } from "./exit-code.ts";

export function exportCommand({ terminal }: CliContext): Command {
  return new Command("export")
    .summary("write the project to a file for another machine")
    .description(
      "Writes the checked project to another file, in today's version, with comments and order as they are; " +
        "'understudy deploy' installs it on another machine. Secrets are not in it: the project only says where they " +
        "are found. An existing file is replaced only with --force. With --json what was left out is told, too.",
    )
    .argument("<file>", "where to write it")
    .option("--without-notifications", "leave out all e-mail settings")
    .option("--force", "replace an existing file")
    .addHelpText("after", "\nExample:\n  understudy export plant.xml --without-notifications")
    .action(async (file: string, own: { withoutNotifications?: true; force?: true }, command: Command) => {
      const options = globalOptions(command, terminal);
      const document = await readProject(options.projectFile);
      const target = resolve(terminal.workingDirectory, file);
      if (own.force !== true && (await stat(target).catch(() => null)) !== null) {
        throw new UsageError(`${target} exists already; give --force to replace it.`);
      }
      const exported = own.withoutNotifications === true ? withoutNotifications(document) : document;
      await saveProject(exported.upgraded(), target);
      const leftOut = projectChanges(document.project, exported.project);
      const pairs = exported.project.pairs.map(pairName);
      await answer(terminal, options, { file: target, pairs, leftOut }, () =>
        [
          `Wrote ${pairs.length === 1 ? "1 pair" : `${pairs.length} pairs`} to ${target}.\n`,
          leftOut.isEmpty ? "" : `Left out:\n${changesText(leftOut)}`,
        ].join(""),
      );
    });
}
