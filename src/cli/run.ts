import { Command } from "commander";
import { type CliContext, globalOptions } from "./command.ts";
import { serveBroker } from "./serve-broker.ts";

export function runCommand(context: CliContext): Command {
  const { terminal, loadBroker } = context;
  return new Command("run")
    .summary("run the broker until it is stopped")
    .description(
      "Runs the broker on the project file until Ctrl-C or SIGTERM; it then ends within two seconds, at once on " +
        "a second signal. SIGHUP applies a changed project file. When clients can connect, one line is printed: " +
        'with --json {"ready":true,"pid":...,"endpoints":[...]}. Events go to standard error and to ' +
        "log/understudy.log in the state directory; with --quiet only warnings and errors go to standard error. " +
        "Only one broker can run on a state directory. A project file that cannot be used ends with exit code 2.",
    )
    .option("--enable-all", "treat all pairs as enabled on this machine, for this run only")
    .addHelpText("after", "\nExample:\n  understudy run --project /etc/understudy/redundancymaster.xml")
    .action(async (own: { enableAll?: boolean }, command: Command) => {
      const options = globalOptions(command, terminal);
      await serveBroker(terminal, { ...options, enableAll: own.enableAll === true }, loadBroker);
    });
}
