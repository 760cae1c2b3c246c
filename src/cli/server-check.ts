import { Command } from "commander";
import type { ServerCheck, ServersApi } from "../control/servers-api.ts";
import { UnderstudyError } from "../core/error.ts";
import { systemClock } from "../opc/clock.ts";
import { readProject } from "../project/project-file.ts";
import {
  answer,
  type CliContext,
  type GlobalOptions,
  globalOptions,
  withBrokerIfRunning,
} from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { createServers } from "./serve-servers.ts";
import { table } from "./text.ts";

export function serverCheckCommand(context: CliContext): Command {
  const { terminal } = context;
  return new Command("check")
    .summary("see whether a takeover of a server could succeed")
    .description(
      "Looks at everything a takeover depends on, and changes nothing: the probes, the witnesses, each step of the " +
        "plan and its programs, the way to the files and databases and the room for their copies. The running broker " +
        "looks, with its own rights; where none runs, this command does. Exit code 1 where something failed.",
    )
    .argument("[server]", "name of a server; without it, all of them")
    .action(async (name: string | undefined, _own: object, command: Command) => {
      const options = globalOptions(command, terminal);
      const live = await withBrokerIfRunning(options, async (broker) =>
        checkAll(
          broker,
          name,
          (await broker.serverStatus()).map((each) => each.name),
        ),
      );
      const checks = live ?? (await checkHere(options, name));
      await answer(terminal, { ...options, quiet: false }, checks, () => checksText(checks));
      const hasFailed = checks.some(({ findings }) => findings.some(({ verdict }) => verdict === "failed"));
      if (hasFailed) context.setExitCode(exitCodes.failed);
    });
}

async function checkHere(
  { projectFile, stateDirectory }: GlobalOptions,
  name: string | undefined,
): Promise<readonly ServerCheck[]> {
  const { project } = await readProject(projectFile);
  const servers = await createServers({
    project,
    projectFile,
    stateDirectory,
    report: () => undefined,
    clock: systemClock,
    askOpcState: undefined,
  });
  return await checkAll(
    servers,
    name,
    project.servers.map((each) => each.name),
  );
}

async function checkAll(
  servers: Pick<ServersApi, "serverCheck">,
  name: string | undefined,
  all: readonly string[],
): Promise<readonly ServerCheck[]> {
  if (name === undefined && all.length === 0) {
    throw new UnderstudyError(
      "SERVER_UNKNOWN",
      "The project has no protected servers. Add one with 'understudy server add'.",
    );
  }
  const checks: ServerCheck[] = [];
  // one after another: what two need would be looked at by both at once
  for (const each of name === undefined ? all : [name]) checks.push(await servers.serverCheck(each));
  return checks;
}

function checksText(checks: readonly ServerCheck[]): string {
  return checks.map(checkText).join("\n");
}

function checkText({ server, findings }: ServerCheck): string {
  const count = (wanted: string): number => findings.filter(({ verdict }) => verdict === wanted).length;
  const [failed, warnings] = [count("failed"), count("warning")];
  const rows = findings.map(({ part, name, verdict, detail }) => [`  ${verdict}`, part, name, detail]);
  return `${server}: ${failed} failed, ${warnings} warnings, ${count("ok")} ok.\n${table(rows)}`;
}
