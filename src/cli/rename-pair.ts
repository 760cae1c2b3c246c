import { type Command, Option } from "commander";
import { describeRenaming, planRenaming, renamePair as rename } from "../manage/rename-pair.ts";
import { readProject } from "../project/project-file.ts";
import { answer, globalOptions } from "./command.ts";
import { editProject, editText } from "./edit-project.ts";
import type { Terminal } from "./terminal.ts";

export interface RenameOptions {
  readonly dryRun?: true;
}

export function dryRunOption(): Option {
  return new Option("--dry-run", "print which registry entries of OPC DA would change, and change nothing");
}

/** What was printed of a dry run. */
export function changesText(changes: readonly string[]): string {
  return changes.length === 0 ? "Nothing would change in a registry.\n" : `${changes.join("\n")}\n`;
}

/** `understudy pair alias`, and with null `unalias`. */
export async function renamePair(
  terminal: Terminal,
  command: Command,
  name: string,
  alias: string | null,
): Promise<void> {
  const options = globalOptions(command, terminal);
  const dryRun = command.opts<RenameOptions>().dryRun === true;
  const renaming = await planRenaming(options, await readProject(options.projectFile), name, alias);
  const { from, to } = renaming;
  if (dryRun) {
    const changes = await describeRenaming(options, renaming);
    await answer(terminal, options, { pair: to, before: from, dryRun, changes }, () => changesText(changes));
    return;
  }
  const outcome = await rename(options, renaming, alias, (edit, moved) =>
    editProject(options, { edit, moved }),
  );
  await answer(terminal, options, { pair: to, before: from, ...outcome }, () =>
    editText(`Pair '${from}' is now called '${to}'`, outcome),
  );
}
