import { Command } from "commander";
import { type DialogueLine, dialogueMarks } from "../notify/mail-server.ts";
import type { MailTest } from "../notify/test-mail.ts";
import { readProject } from "../project/project-file.ts";
import { answer, type CliContext, globalOptions, withBrokerIfRunning } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { testNotificationOf } from "./notifications.ts";

export function notifyCommand(context: CliContext): Command {
  return new Command("notify").summary("e-mail about events").addCommand(testCommand(context));
}

function testCommand({ terminal, setExitCode }: CliContext): Command {
  return new Command("test")
    .summary("send a test message through every mail server that is set")
    .description(
      "Sends a test message through the primary and the secondary mail server, whether notifications are enabled " +
        "or not, and shows what was said where one fails. Passwords are not shown. A running broker sends it " +
        "itself, with the settings and secrets it has; else the project file is used.",
    )
    .argument("[pair]", "settings of this pair or protected server instead of the project's")
    .action(async (pair: string | undefined, _own: unknown, command: Command) => {
      const options = globalOptions(command, terminal);
      const name = pair ?? null;
      const tests =
        (await withBrokerIfRunning(options, (broker) => broker.testNotification(name))) ??
        (await testNotificationOf(
          (
            await readProject(options.projectFile)
          ).project,
          options.projectFile,
          name,
        ));
      if (tests.some(({ error }) => error !== null)) setExitCode(exitCodes.failed);
      await answer(terminal, options, tests, () => tests.map(testText).join(""));
    });
}

function testText({ server, host, port, error, dialogue }: MailTest): string {
  const place = `${server} mail server ${host}:${port}`;
  if (error === null) return `The ${place} took the test message.\n`;
  return `The ${place} FAILED: ${error.message} (${error.code})\n${dialogue.map(lineText).join("")}`;
}

function lineText({ by, text }: DialogueLine): string {
  return `  ${dialogueMarks[by]} ${text}\n`;
}
