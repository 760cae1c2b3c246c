import { Command } from "commander";
import type { CliContext } from "./command.ts";
import { dryRunOption, renamePair } from "./rename-pair.ts";

export function pairAliasCommand({ terminal }: CliContext): Command {
  return new Command("alias")
    .summary("let clients see a pair under another name")
    .description(
      "Gives a pair another name for clients. Two pairs of servers with the same name need it. The characters " +
        "< > & are not allowed. Clients of the pair must connect under the new name.",
    )
    .argument("<pair>", "name of the pair")
    .argument("<alias>", "its new name")
    .addOption(dryRunOption())
    .addHelpText("after", "\nExample:\n  understudy pair alias Vendor.Server Vendor.Server.Boiler")
    .action((pair: string, alias: string, _own: object, command: Command) =>
      renamePair(terminal, command, pair, alias),
    );
}
