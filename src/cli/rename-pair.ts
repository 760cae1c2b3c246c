import type { Command } from "commander";
import { findPair } from "../project/pairs.ts";
import { pairName } from "../project/project.ts";
import { answer, globalOptions } from "./command.ts";
import { editProject, editText } from "./edit-project.ts";
import type { Terminal } from "./terminal.ts";

/** Gives a pair an alias, or with null takes it away; the pair stays as enabled as it was. */
export async function renamePair(
  terminal: Terminal,
  command: Command,
  name: string,
  alias: string | null,
): Promise<void> {
  const options = globalOptions(command, terminal);
  let to = alias ?? name;
  const outcome = await editProject(options, {
    edit: (document) => document.setAlias(name, alias),
    moved({ project }) {
      const found = findPair(project, name);
      if (found.ok) to = alias ?? found.pair.server;
      return { from: found.ok ? pairName(found.pair) : name, to };
    },
  });
  await answer(terminal, options, { pair: to, before: name, ...outcome }, () =>
    editText(`Pair '${name}' is now called '${to}'`, outcome),
  );
}
