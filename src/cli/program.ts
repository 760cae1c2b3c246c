import { Command } from "commander";
import { approveCommand } from "./approve.ts";
import { checkCommand } from "./check.ts";
import { addGlobalOptions, type CliContext } from "./command.ts";
import { consoleCommand } from "./console.ts";
import { daCommand } from "./da.ts";
import { demoCommand } from "./demo.ts";
import { deployCommand } from "./deploy.ts";
import { eventsCommand } from "./events.ts";
import { exportCommand } from "./export.ts";
import { failbackCommand, failoverCommand, replicateCommand } from "./failover.ts";
import { notifyCommand } from "./notify.ts";
import { resumeCommand, suspendCommand } from "./operate.ts";
import { pairCommand } from "./pair.ts";
import { reloadCommand } from "./reload.ts";
import { replayCommand } from "./replay.ts";
import { runCommand } from "./run.ts";
import { serverCommand } from "./server.ts";
import { serviceCommand } from "./service.ts";
import { switchoverCommand } from "./switchover.ts";
import { productVersion, versionCommand } from "./version.ts";

const exitCodesHelp = `
Exit codes:
  0  done
  1  the operation was refused or failed
  2  wrong usage, or a project file that cannot be used
  3  the command needs a running broker, and none runs on the state directory
An error is one line on standard error: "error CODE: message" (with --json one JSON object).`;

const placesHelp = `
Places:
  project file     --project, else $UNDERSTUDY_PROJECT, else ./redundancymaster.xml if it is there,
                   else redundancymaster.xml in the state directory
  state directory  --state-dir, else $UNDERSTUDY_STATE_DIR, else /var/lib/understudy for root,
                   ~/.local/state/understudy for others, %ProgramData%\\Understudy on Windows

First steps:
  understudy pair add Boiler --primary opc.tcp://plc-a:4840 --secondary opc.tcp://plc-b:4840
  understudy pair enable Boiler
  understudy run
and in another window:
  understudy pair status
  understudy events --follow`;

/** The whole command line. `helpWidth`: columns of help texts; by default those of the terminal. */
export function createProgram(context: CliContext, helpWidth?: number): Command {
  const program = addGlobalOptions(new Command("understudy"))
    .description(
      "Stands between OPC clients and a pair of equal servers: when the active server fails, the other one goes " +
        "on and the clients keep their sessions, subscriptions and data.",
    )
    .version(productVersion(), "--version", "print the version")
    .addHelpText("after", `${placesHelp}\n${exitCodesHelp}`);

  const groups: readonly (readonly [string, readonly Command[]])[] = [
    [
      "Broker:",
      [
        runCommand(context),
        reloadCommand(context),
        eventsCommand(context),
        consoleCommand(context),
        serviceCommand(context),
        demoCommand(context),
      ],
    ],
    [
      "Project:",
      [
        checkCommand(context),
        pairCommand(context),
        deployCommand(context),
        exportCommand(context),
        notifyCommand(context),
        serverCommand(context),
        daCommand(context),
      ],
    ],
    [
      "Operating a pair:",
      [switchoverCommand(context), suspendCommand(context), resumeCommand(context), approveCommand(context)],
    ],
    [
      "Operating a protected server:",
      [failoverCommand(context), failbackCommand(context), replicateCommand(context)],
    ],
    ["Other:", [replayCommand(context), versionCommand(context)]],
  ];
  for (const [group, commands] of groups) {
    for (const command of commands) program.addCommand(command.helpGroup(group));
  }
  // The group of the help command, which commander adds by itself.
  program.commandsGroup("Other:").helpCommand(true);
  settle(program, context, helpWidth);
  return program;
}

/** Settings that commands do not inherit from the program they are added to. */
function settle(command: Command, context: CliContext, helpWidth: number | undefined): void {
  const { terminal } = context;
  command
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, ...(helpWidth === undefined ? {} : { helpWidth }) })
    .configureOutput({
      writeOut: (text) => void terminal.print(text),
      writeErr: (text) => terminal.complain(text),
      // The error is shown once, in the form all errors have.
      outputError: () => undefined,
    });
  for (const child of command.commands) settle(child, context, helpWidth);
}
