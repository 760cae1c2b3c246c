import { type Command, Option } from "commander";
import { findPair } from "../project/pairs.ts";
import { type Pair, pairName } from "../project/project.ts";
import type { ProjectDocument } from "../project/project-document.ts";
import { readProject } from "../project/project-file.ts";
import { answer, type GlobalOptions, globalOptions } from "./command.ts";
import { hookUnderNewName, isHooked, refuseHookedName, unhookPair } from "./da-hook.ts";
import { type EditOutcome, editProject, editText } from "./edit-project.ts";
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

/**
 * Gives a pair an alias, or with null takes it away; the pair stays as enabled as it was, and OPC DA clients of this
 * machine find it under the new name.
 */
export async function renamePair(
  terminal: Terminal,
  command: Command,
  name: string,
  alias: string | null,
): Promise<void> {
  const options = globalOptions(command, terminal);
  const dryRun = command.opts<RenameOptions>().dryRun === true;
  const before = await readProject(options.projectFile);
  // refuses a name that cannot be, before anything is changed
  const renamed = pairAt(before.setAlias(name, alias), alias ?? serverOf(before, name));
  const to = renamed === null ? (alias ?? name) : pairName(renamed);
  const from = knownName(before, name);
  const isMoved = from.toLowerCase() !== to.toLowerCase();
  if (isMoved) await refuseHookedName(options, to);
  const hooked = renamed !== null && (await isHooked(options, from)) ? renamed : null;
  if (dryRun) {
    const made = hooked === null ? [] : await hookUnderNewName(options, from, hooked, true);
    const undone = hooked === null ? [] : await unhookPair(options, from, true);
    const changes = [...made, ...undone];
    await answer(terminal, options, { pair: to, before: from, dryRun, changes }, () => changesText(changes));
    return;
  }
  if (hooked !== null) await hookUnderNewName(options, from, hooked, false);
  const outcome = await edit(options, from, alias, to).catch(async (error: unknown) => {
    if (hooked !== null && isMoved) await unhookPair(options, to, false).catch(() => undefined);
    throw error;
  });
  if (hooked !== null && isMoved) await unhookPair(options, from, false);
  await answer(terminal, options, { pair: to, before: from, ...outcome }, () =>
    editText(`Pair '${from}' is now called '${to}'`, outcome),
  );
}

function edit(options: GlobalOptions, from: string, alias: string | null, to: string): Promise<EditOutcome> {
  return editProject(options, {
    edit: (document) => document.setAlias(from, alias),
    moved: () => ({ from, to }),
  });
}

function pairAt({ project }: ProjectDocument, name: string): Pair | null {
  const found = findPair(project, name);
  return found.ok ? found.pair : null;
}

function serverOf(document: ProjectDocument, name: string): string {
  return pairAt(document, name)?.server ?? name;
}

/** The name as it stands in the project. */
function knownName(document: ProjectDocument, name: string): string {
  const pair = pairAt(document, name);
  return pair === null ? name : pairName(pair);
}
