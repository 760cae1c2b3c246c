import { Command, Option } from "commander";
import type { SwitchoverAnswer } from "../control/broker-api.ts";
import { type Role, roles } from "../core/role.ts";
import { answer, type CliContext, globalOptions, reasonOption, withBroker } from "./command.ts";
import { exitCodes } from "./exit-code.ts";

export function switchoverCommand({ terminal, setExitCode }: CliContext): Command {
  return new Command("switchover")
    .summary("make the other member of a pair active")
    .description(
      "Makes the other member of a pair active, or the one named with --to. A member that is known to be in a " +
        "worse state is refused unless --force is given. With --dry-run nothing happens; the answer says what " +
        "would happen and why. Exit code 1 if the switchover is (or would be) refused.",
    )
    .argument("<pair>", "name of the pair")
    .addOption(new Option("--to <member>", "member to make active (default: the other one)").choices(roles))
    .addOption(reasonOption(terminal))
    .option("--force", "also to a member that is known to be worse")
    .option("--dry-run", "only say what would happen and why")
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  understudy switchover Boiler --dry-run\n" +
        '  understudy switchover Boiler --to secondary --reason "patching plc-a"',
    )
    .action(
      async (
        pair: string,
        own: { to?: Role; reason: string; force?: boolean; dryRun?: boolean },
        command: Command,
      ) => {
        const options = globalOptions(command, terminal);
        const result = await withBroker(options, (broker) =>
          broker.switchover(pair, {
            to: own.to ?? null,
            reason: own.reason,
            force: own.force === true,
            dryRun: own.dryRun === true,
          }),
        );
        await answer(terminal, options, result, () => switchoverText(result));
        if (!result.accepted) setExitCode(exitCodes.failed);
      },
    );
}

export function switchoverText(result: SwitchoverAnswer): string {
  const from = result.from === null ? "" : ` from the ${result.from}`;
  const what = `${result.pair}:${from} to the ${result.to}`;
  const outcome = result.dryRun
    ? result.accepted
      ? "would switch over"
      : "would be refused"
    : result.accepted
      ? "switchover accepted"
      : "switchover refused";
  return [`${what}: ${outcome}${result.dryRun ? " (dry run, nothing was done)" : ""}.`, ...result.explanation]
    .map((line) => `${line}\n`)
    .join("");
}
