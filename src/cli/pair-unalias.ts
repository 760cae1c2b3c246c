import { Command } from "commander";
import type { CliContext } from "./command.ts";
import { dryRunOption, renamePair } from "./rename-pair.ts";

export function pairUnaliasCommand({ terminal }: CliContext): Command {
  return new Command("unalias")
    .summary("let clients see a pair under its server's own name")
    .description(
      "Takes a pair's alias away, so that clients see it under its server's own name again. Refused while another " +
        "pair is seen under that name. Clients of the pair must connect under the new name.",
    )
    .argument("<pair>", "name of the pair")
    .addOption(dryRunOption())
    .action((pair: string, _own: object, command: Command) => renamePair(terminal, command, pair, null));
}
