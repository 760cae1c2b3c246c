import { Command } from "commander";
import { isPairEnabled, readMachineState } from "../project/machine-state.ts";
import { type MemberSettings, pairName } from "../project/project.ts";
import { readProject } from "../project/project-file.ts";
import { answer, type CliContext, globalOptions } from "./command.ts";
import { table } from "./text.ts";

export function pairListCommand({ terminal }: CliContext): Command {
  return new Command("list")
    .summary("list the pairs of the project file")
    .description(
      "Lists the pairs of the project file and whether they are enabled on this machine. Needs no running broker.",
    )
    .action(async (_own: object, command: Command) => {
      const options = globalOptions(command, terminal);
      const [{ project }, state] = await Promise.all([
        readProject(options.projectFile),
        readMachineState(options.stateDirectory),
      ]);
      const pairs = project.pairs.map((pair) => ({
        name: pairName(pair),
        enabled: isPairEnabled(state, pairName(pair)),
        server: pair.server,
        alias: pair.alias,
        protocol: pair.protocol,
        mode: pair.connectionMode,
        primary: placeOf(pair.primary),
        secondary: placeOf(pair.secondary),
      }));
      await answer(terminal, { ...options, quiet: false }, pairs, () =>
        pairs.length === 0
          ? `${options.projectFile} has no pairs. Add one with 'understudy pair add'.\n`
          : table([
              ["PAIR", "STATE", "PROTOCOL", "MODE", "PRIMARY", "SECONDARY"],
              ...pairs.map((pair) => [
                pair.name,
                pair.enabled ? "enabled" : "disabled",
                pair.protocol,
                pair.mode,
                pair.primary,
                pair.secondary,
              ]),
            ]),
      );
    });
}

function placeOf(member: MemberSettings): string {
  return member.endpointUrl ?? member.machine;
}
