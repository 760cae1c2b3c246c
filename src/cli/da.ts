import { Command } from "commander";
import { findDaServers } from "../opc/da/find-da-servers.ts";
import { availableHelper } from "../opc/da/helper/available-helper.ts";
import { answer, type CliContext, globalOptions, withBrokerIfRunning } from "./command.ts";
import { table } from "./text.ts";

export function daCommand(context: CliContext): Command {
  return new Command("da").summary("OPC DA servers of a machine").addCommand(serversCommand(context));
}

function serversCommand({ terminal }: CliContext): Command {
  return new Command("servers")
    .summary("list the OPC DA servers that are registered on a machine")
    .description(
      "Lists the OPC DA servers that a machine tells of: through its OPCEnum service, on this machine also without. A " +
        "running broker asks by itself, with the rights it has. Needs Windows, or Wine with the native parts.",
    )
    .argument("[machine]", "name or address of the machine (default: this one)")
    .addHelpText("after", "\nExample:\n  understudy da servers plc-a")
    .action(async (given: string | undefined, _own: object, command: Command) => {
      const options = globalOptions(command, terminal);
      const machine = given ?? null;
      const servers =
        (await withBrokerIfRunning(options, (broker) => broker.findServers(machine))) ??
        (await findDaServers(availableHelper(), machine));
      await answer(terminal, { ...options, quiet: false }, servers, () =>
        servers.length === 0
          ? `${machine ?? "This machine"} has no OPC DA servers.\n`
          : table([
              ["PROGID", "CLSID", "DESCRIPTION"],
              ...servers.map(({ progId, clsid, description }) => [progId, clsid, description]),
            ]),
      );
    });
}
