import { Command } from "commander";
import type { CliContext } from "./command.ts";
import { pairAddCommand } from "./pair-add.ts";
import { pairAliasCommand } from "./pair-alias.ts";
import { pairDisableCommand, pairEnableCommand } from "./pair-enable.ts";
import { pairListCommand } from "./pair-list.ts";
import { pairRemoveCommand } from "./pair-remove.ts";
import { pairStatusCommand } from "./pair-status.ts";
import { pairUnaliasCommand } from "./pair-unalias.ts";

export function pairCommand(context: CliContext): Command {
  const pair = new Command("pair")
    .summary("list, change, enable and disable pairs")
    .description(
      "Works on the pairs of servers. What stands in the project file (add, remove, alias, unalias) moves with it to " +
        "another machine, and a broker that runs on it applies the change at once. Which pairs are enabled belongs " +
        "to this machine. Changes work with and without a running broker.",
    );
  for (const command of [
    pairListCommand,
    pairStatusCommand,
    pairAddCommand,
    pairRemoveCommand,
    pairAliasCommand,
    pairUnaliasCommand,
    pairEnableCommand,
    pairDisableCommand,
  ]) {
    pair.addCommand(command(context));
  }
  return pair;
}
