import { Command } from "commander";
import type { MigrationRecord } from "../project/migrations/migrate.ts";
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
      const { project, migration } = await readProject(options.projectFile).catch((error: unknown) => {
        // The first problem is the error itself; the others belong to the answer of this command alone.
        if (error instanceof ProjectError && !options.json) {
          for (const problem of error.problems.slice(1)) {
            terminal.complain(`also ${problem.code}: ${problemText(error.file, problem)}\n`);
          }
        }
        throw error;
      });
      const names = project.pairs.map(pairName);
      const servers = project.servers.map(({ name }) => name);
      const result = {
        ok: true,
        projectFile: options.projectFile,
        pairs: names,
        servers,
        ...(migration && { migration }),
      };
      await answer(terminal, options, result, () => {
        const pairs = counted(names, "pair");
        const protectedServers = servers.length === 0 ? "" : ` and ${counted(servers, "protected server")}`;
        const good = `${options.projectFile} is good: ${pairs}${protectedServers}.\n`;
        return migration === null ? good : good + migrationText(migration);
      });
    });
}

/** E.g. `2 pairs (Boiler, Pump)`. */
function counted(names: readonly string[], what: string): string {
  const list = names.length === 0 ? "" : ` (${names.join(", ")})`;
  return `${names.length} ${what}${names.length === 1 ? "" : "s"}${list}`;
}

/** What will be written differently in a file of an older version. */
export function migrationText({ from, to, changes }: MigrationRecord): string {
  const head = `It is of version ${from}. It is read as it is; the first change saves it in version ${to}:\n`;
  const lines = changes.length === 0 ? ["nothing but the version changes"] : changes;
  return head + lines.map((line) => `  ${line}\n`).join("");
}
