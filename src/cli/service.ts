import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { UnderstudyError } from "../core/error.ts";
import type { Project } from "../project/project.ts";
import { readProject } from "../project/project-file.ts";
import {
  answer,
  type CliContext,
  type GlobalOptions,
  globalOptions,
  withBrokerIfRunning,
} from "./command.ts";
import { UsageError } from "./exit-code.ts";
import type { ServiceManager } from "./service/manager.ts";
import type { ServiceRequest } from "./service/request.ts";
import {
  cancelRequest,
  completeRequest,
  completeUninstall,
  installService,
  type ServiceStatus,
  serviceStatus,
  uninstallService,
} from "./service/service.ts";
import { systemdManager } from "./service/systemd.ts";
import { unitText } from "./service/unit.ts";
import { serviceHost, windowsCommandLine, windowsManager, windowsServiceName } from "./service/windows.ts";
import type { Terminal } from "./terminal.ts";

interface PlaceOptions {
  readonly user?: true;
  readonly unitDir?: string;
}

interface ChangeOptions extends PlaceOptions {
  readonly now?: true;
  readonly dryRun?: true;
  readonly runAs?: string;
  readonly environmentFile?: string;
}

const unitName = "understudy.service";

export function serviceCommand(context: CliContext): Command {
  return new Command("service")
    .summary("run the broker as a service of this machine")
    .description(
      "Installs the broker as a service: a unit of systemd, or a Windows service. While a broker runs on the state " +
        "directory, installing and uninstalling wait until it is started again (or has ended as a service), and can " +
        "be cancelled until then.",
    )
    .addCommand(installCommand(context))
    .addCommand(uninstallCommand(context))
    .addCommand(cancelCommand(context))
    .addCommand(statusCommand(context))
    .addCommand(completeCommand(context), { hidden: true });
}

function withPlace(command: Command): Command {
  return command
    .option("--user", "systemd: a service of your own user, without rights of the machine")
    .option(
      "--unit-dir <directory>",
      "systemd: where unit files are (default: /etc/systemd/system, with --user ~/.config/systemd/user)",
    );
}

function installCommand({ terminal }: CliContext): Command {
  return withPlace(new Command("install"))
    .summary("install the service")
    .description(
      "Installs the service on the project file and the state directory of this command line, to be started with " +
        "the machine. The project must be a good one. systemd is told when clients can connect and that the broker " +
        "is alive, and starts it again when it fails or hangs.",
    )
    .option("--run-as <user[:group]>", "systemd: an existing user to run as (default: one made by systemd)")
    .option(
      "--environment-file <file>",
      "systemd: file with the variables that env:NAME in the project names",
    )
    .option("--now", "at once, also while a broker runs")
    .option("--dry-run", "print what would be installed, and change nothing")
    .action(async (own: ChangeOptions, command: Command) => {
      const options = globalOptions(command, terminal);
      const { project } = await readProject(options.projectFile);
      const manager = managerOf(terminal, options, own, project);
      if (own.dryRun === true) {
        const { target, content } = manager;
        await answer(terminal, options, { dryRun: true, target, content }, () => `# ${target}\n${content}`);
        return;
      }
      const outcome = await installService(await contextOf(options, manager), own.now === true);
      await answer(terminal, options, { outcome, target: manager.target }, () =>
        outcome === "done"
          ? `Installed as ${manager.target}. Start it with '${startHint(terminal, own)}', or with the machine.\n`
          : "A broker is running: the service is installed when it is started again ('understudy service cancel' takes that back).\n",
      );
    });
}

function uninstallCommand({ terminal }: CliContext): Command {
  return withPlace(new Command("uninstall"))
    .summary("uninstall the service")
    .description("Takes the service away. Project, state and events stay.")
    .option("--now", "at once, also while a broker runs")
    .option("--dry-run", "print what would be taken away, and change nothing")
    .action(async (own: ChangeOptions, command: Command) => {
      const options = globalOptions(command, terminal);
      const manager = managerOf(terminal, options, own, null);
      const { target } = manager;
      if (own.dryRun === true) {
        const isInstalled = await manager.isInstalled();
        await answer(terminal, options, { dryRun: true, target, isInstalled }, () =>
          isInstalled ? `Would take away ${target}.\n` : `${target} is not installed.\n`,
        );
        return;
      }
      const outcome = await uninstallService(await contextOf(options, manager), own.now === true);
      const texts = {
        done: `Took away ${target}.\n`,
        nothingToDo: `${target} is not installed.\n`,
        pending:
          "A broker is running: the service is taken away when it has ended or is started again ('understudy service cancel' takes that back).\n",
      } as const;
      await answer(terminal, options, { outcome, target }, () => texts[outcome]);
    });
}

function cancelCommand({ terminal }: CliContext): Command {
  return new Command("cancel")
    .summary("take back an installation or uninstallation that waits")
    .action(async (_own: object, command: Command) => {
      const options = globalOptions(command, terminal);
      const cancelled = await cancelRequest(options.stateDirectory);
      await answer(terminal, options, { cancelled }, () => `The service will not be ${cancelled}ed.\n`);
    });
}

function statusCommand({ terminal }: CliContext): Command {
  return withPlace(new Command("status"))
    .summary("say whether the service is installed, and whether it runs")
    .action(async (own: PlaceOptions, command: Command) => {
      const options = globalOptions(command, terminal);
      const status = await serviceStatus(await contextOf(options, managerOf(terminal, options, own, null)));
      await answer(terminal, options, status, () => statusText(status));
    });
}

/** Called by the service manager when the service has ended, see src/cli/service/unit.ts. */
function completeCommand({ terminal }: CliContext): Command {
  return withPlace(new Command("complete"))
    .summary("take the service away if that waits")
    .action(async (own: PlaceOptions, command: Command) => {
      const options = globalOptions(command, terminal);
      const manager = managerOf(terminal, options, own, null);
      const completed = await completeUninstall(options.stateDirectory, manager);
      await answer(terminal, options, { completed }, () =>
        completed ? "The service was uninstalled.\n" : "Nothing waits.\n",
      );
    });
}

/** Carries out a change of the service that waited for the broker to end; null = none did. */
export function completePending(
  terminal: Terminal,
  options: GlobalOptions,
): Promise<ServiceRequest["request"] | null> {
  return completeRequest(options.stateDirectory, ({ target, content, scope }) =>
    terminal.platform === "win32"
      ? managerOf(terminal, options, {}, null)
      : systemdManager({ unitFile: target, isUser: scope === "user", content }),
  );
}

async function contextOf(options: GlobalOptions, manager: ServiceManager) {
  const running = await withBrokerIfRunning(options, () => Promise.resolve(true));
  const { stateDirectory } = options;
  return { manager, stateDirectory, brokerRunning: running === true, now: new Date() };
}

/** The service manager of this platform; `project` null = nothing is to be installed. */
function managerOf(
  terminal: Terminal,
  options: GlobalOptions,
  own: ChangeOptions,
  project: Project | null,
): ServiceManager {
  const { projectFile, stateDirectory } = options;
  const script = fileURLToPath(new URL("./main.js", import.meta.url));
  if (terminal.platform === "win32") {
    const given = [own.user, own.unitDir, own.runAs, own.environmentFile].some(
      (value) => value !== undefined,
    );
    if (given)
      throw new UsageError("--user, --unit-dir, --run-as and --environment-file are for systemd only.");
    // The line with "ready" is how the service host knows that clients can connect.
    const run = ["run", "--json", "--quiet", "--project", projectFile, "--state-dir", stateDirectory];
    return windowsManager({
      host: knownHost(),
      content: windowsCommandLine([process.execPath, script, ...run]),
    });
  }
  const isUser = own.user === true;
  if (isUser && own.runAs !== undefined) throw new UsageError("--run-as has no meaning with --user.");
  const unitDirectory = unitDirectoryOf(terminal, own);
  const content = unitText({
    unitDirectory,
    node: process.execPath,
    script,
    projectFile,
    stateDirectory,
    isUser,
    runAs: own.runAs === undefined ? null : runAsOf(own.runAs),
    needsLowPort:
      project !== null && [project.opcUa, ...project.pairs].some(({ port }) => port !== null && port < 1024),
    environmentFile: own.environmentFile ?? null,
  });
  return systemdManager({ unitFile: join(unitDirectory, unitName), isUser, content });
}

function unitDirectoryOf({ environment, home }: Terminal, { user, unitDir }: PlaceOptions): string {
  if (unitDir !== undefined) return unitDir;
  if (user !== true) return "/etc/systemd/system";
  const { XDG_CONFIG_HOME: configHome } = environment;
  return join(configHome?.startsWith("/") ? configHome : join(home, ".config"), "systemd", "user");
}

function runAsOf(text: string): { readonly user: string; readonly group: string | null } {
  const match = /^([a-z_][a-z0-9_-]{0,30}\$?)(?::([a-z_][a-z0-9_-]{0,30}))?$/i.exec(text);
  if (match?.[1] === undefined) throw new UsageError(`--run-as: '${text}' is no user or user:group.`);
  return { user: match[1], group: match[2] ?? null };
}

function knownHost(): string {
  const host = serviceHost();
  if (host !== null) return host;
  throw new UnderstudyError(
    "SERVICE_HOST_MISSING",
    "understudy-service.exe is not part of this installation; build it with npm run build:native",
  );
}

function startHint({ platform }: Terminal, { user }: ChangeOptions): string {
  if (platform === "win32") return `sc start ${windowsServiceName}`;
  return `systemctl ${user === true ? "--user " : ""}start understudy`;
}

function statusText({ state, serviceRunning, brokerRunning, target }: ServiceStatus): string {
  const states = {
    installed: `installed (${target})`,
    notInstalled: "not installed",
    pendingInstall: "installed when the broker is started again",
    pendingUninstall: "taken away when the broker has ended or is started again",
  } as const;
  const running = serviceRunning === null ? "cannot be asked" : serviceRunning ? "running" : "not running";
  const broker = brokerRunning ? "a broker runs" : "no broker runs";
  return `Service: ${states[state]}, ${running}; ${broker} on the state directory.\n`;
}
