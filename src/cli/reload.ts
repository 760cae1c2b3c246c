import { Command } from "commander";
import type { ReloadAnswer } from "../control/broker-api.ts";
import { answer, type CliContext, globalOptions, withBroker } from "./command.ts";

export function reloadCommand({ terminal }: CliContext): Command {
  return new Command("reload")
    .summary("apply the changed project file")
    .description(
      "Makes the running broker read its project file again and apply what changed. Clients of pairs that did " +
        "not change notice nothing. A faulty file changes nothing at all and ends with exit code 2. " +
        "Sending SIGHUP to the broker does the same.",
    )
    .action(async (_own: object, command: Command) => {
      const options = globalOptions(command, terminal);
      const result = await withBroker(options, (broker) => broker.reload());
      await answer(terminal, options, result, () => reloadText(result));
    });
}

export function reloadText(result: ReloadAnswer): string {
  const lines = (
    [
      ["added", result.added],
      ["removed", result.removed],
      ["changed without reconnecting", result.changed],
      ["changed and reconnected", result.restarted],
    ] as const
  )
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what}: ${names.join(", ")}\n`);
  return lines.length === 0 ? "Nothing had changed.\n" : lines.join("");
}
