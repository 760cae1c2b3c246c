import { Command } from "commander";
import { ConsoleUsers } from "../console/security/users.ts";
import { UnderstudyError } from "../core/error.ts";
import { answer, type CliContext, globalOptions } from "./command.ts";

interface PasswordOptions {
  readonly passwordStdin?: boolean;
}

export function consoleCommand(context: CliContext): Command {
  const user = new Command("user").summary("who may change things in the web console");
  for (const command of [addCommand(context), removeCommand(context), listCommand(context)])
    user.addCommand(command);
  return new Command("console").summary("users of the web console").addCommand(user);
}

function addCommand({ terminal }: CliContext): Command {
  return new Command("add")
    .summary("add a user, or give one a new password")
    .description(
      "Adds a user of the web console on this machine, or gives one a new password. The password is asked for at " +
        "the terminal, or read from standard input, or taken from UNDERSTUDY_CONSOLE_PASSWORD. There is no user at first.",
    )
    .argument("<name>", "name to log in with")
    .option("--password-stdin", "read the password from standard input")
    .action(async (name: string, own: PasswordOptions, command: Command) => {
      const options = globalOptions(command, terminal);
      const { UNDERSTUDY_CONSOLE_PASSWORD: fromEnvironment } = terminal.environment;
      const password =
        own.passwordStdin === true
          ? (await readAll()).replace(/\r?\n$/, "")
          : (fromEnvironment ?? (await askHidden(`Password for ${name}: `)));
      await new ConsoleUsers(options.stateDirectory).set(name, password);
      await answer(terminal, options, { user: name }, () => `User '${name}' can log in to the console.\n`);
    });
}

function removeCommand({ terminal }: CliContext): Command {
  return new Command("remove")
    .summary("remove a user")
    .argument("<name>", "name of the user")
    .action(async (name: string, _own: unknown, command: Command) => {
      const options = globalOptions(command, terminal);
      await new ConsoleUsers(options.stateDirectory).remove(name);
      await answer(terminal, options, { user: name }, () => `User '${name}' is removed.\n`);
    });
}

function listCommand({ terminal }: CliContext): Command {
  return new Command("list").summary("list the users").action(async (_own: unknown, command: Command) => {
    const options = globalOptions(command, terminal);
    const users = await new ConsoleUsers(options.stateDirectory).names();
    await answer(terminal, options, { users }, () =>
      users.length === 0
        ? "There is no user. Add one with: understudy console user add NAME\n"
        : users.map((name) => `${name}\n`).join(""),
    );
  });
}

async function readAll(): Promise<string> {
  let text = "";
  for await (const part of process.stdin.setEncoding("utf8")) text += part;
  return text;
}

/** Asks at the terminal without showing what is typed. Throws USAGE where there is none. */
async function askHidden(question: string): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) {
    throw new UnderstudyError("USAGE", "There is no terminal to ask for the password; use --password-stdin.");
  }
  stderr.write(question);
  stdin.setRawMode(true).setEncoding("utf8").resume();
  try {
    return await new Promise<string>((resolve, reject) => {
      let typed = "";
      stdin.on("data", (keys: string) => {
        for (const key of keys) {
          if (key === "\r" || key === "\n") resolve(typed);
          else if (key === "\u0003") reject(new UnderstudyError("USAGE", "Cancelled."));
          else if (key === "\u007f") typed = typed.slice(0, -1);
          else typed += key;
        }
      });
    });
  } finally {
    stdin.setRawMode(false).pause().removeAllListeners("data");
    stderr.write("\n");
  }
}
