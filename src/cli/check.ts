import { Command } from "commander";
import { pairName } from "../project/project.ts";
import { ProjectError, problemText } from "../project/project-error.ts";
import { readProject } from "../project/project-file.ts";
import { answer, type CliContext, globalOptions } from "./command.ts";

export function checkCommand({ terminal }: CliContext): Command {
  return new Command("check")
    .summary("check the project file without running it")
    .description(
      "Reads the project file and checks all of it. Every problem is named with file, line, path and what was " +
        "expected; the exit code is then 2. Nothing is connected and nothing is changed.",
    )
    .addHelpText("after", "\nExample:\n  understudy check --project /etc/understudy/redundancymaster.xml")
    .action(async (_own: object, command: Command) => {
      const options = globalOptions(command, terminal);
      const { project } = await readProject(options.projectFile).catch((error: unknown) => {
        // The first problem is the error itself; the others belong to the answer of this command alone.
        if (error instanceof ProjectError && !options.json) {
          for (const problem of error.problems.slice(1)) {
            terminal.complain(`also ${problem.code}: ${problemText(error.file, problem)}\n`);
          }
        }
        throw error;
      });
      const names = project.pairs.map(pairName);
      await answer(terminal, options, { ok: true, projectFile: options.projectFile, pairs: names }, () => {
        const pairs = names.length === 1 ? "1 pair" : `${names.length} pairs`;
        return `${options.projectFile} is good: ${pairs}${names.length === 0 ? "" : ` (${names.join(", ")})`}.\n`;
      });
    });
}
