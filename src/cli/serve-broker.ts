import { setTimeout as delay } from "node:timers/promises";
import type { BrokerApi, ReloadAnswer } from "../control/broker-api.ts";
import { protocolVersion } from "../control/protocol.ts";
import { type ControlServer, serveControl } from "../control/server.ts";
import { UnderstudyError } from "../core/error.ts";
import type { Notifier } from "../notify/notifier.ts";
import type { Broker } from "../opc/broker.ts";
import { systemClock } from "../opc/clock.ts";
import { repairHooks } from "../opc/da/hook/pair-hooks.ts";
import { finishDeployment } from "../project/deployment-mark.ts";
import { diffProjects } from "../project/difference.ts";
import { type MachineState, readMachineState, withPairEnabled } from "../project/machine-state.ts";
import { type Project, pairName } from "../project/project.ts";
import { readProject } from "../project/project-file.ts";
import { ensureStateDirectory } from "../project/state-directory.ts";
import type { ServersService } from "../servers/service.ts";
import type { LoadBroker } from "./broker-loader.ts";
import type { GlobalOptions } from "./command.ts";
import { deferredApi } from "./deferred-api.ts";
import { deferredServers } from "./deferred-servers.ts";
import {
  brokerContext,
  createDiagnostics,
  type Diagnostics,
  endpointsOf,
  limitsOf,
  preservedEvents,
} from "./diagnostics.ts";
import { exitCodes } from "./exit-code.ts";
import { createNotifier, testNotificationOf } from "./notifications.ts";
import { ServedConsole } from "./serve-console.ts";
import { createServers } from "./serve-servers.ts";
import { type ServiceNotifier, sendBySystemdNotify, serviceNotifier } from "./service/notify.ts";
import { completePending } from "./service.ts";
import { listenToSignals } from "./signals.ts";
import type { Terminal } from "./terminal.ts";
import { productVersion } from "./version.ts";

export interface RunOptions extends GlobalOptions {
  readonly enableAll: boolean;
}

/** One after the other, these are less than the two seconds within which a stop is promised. */
const brokerStopTimeoutMs = 1000;
const mailTimeoutMs = 500;
const preserveTimeoutMs = 300;
/** Whatever still holds the process open then is of no use to anybody. */
const lingerMs = 100;
const finishTimeoutMs = 500;
const consoleChangeDelayMs = 200;

/** A broker process; the broker itself is null while it starts and stops. */
interface Run extends Diagnostics {
  readonly options: RunOptions;
  readonly notifier: Notifier;
  readonly api: BrokerApi;
  readonly console: ServedConsole;
  readonly startedAt: string;
  project: Project;
  broker: Broker | null;
  readonly service: ServiceNotifier;
  servers: ServersService | null;
}

/** Runs a broker until a signal ends the process. Throws what keeps it from starting. */
export async function serveBroker(
  terminal: Terminal,
  options: RunOptions,
  loadBroker: LoadBroker,
): Promise<void> {
  terminal.outliveReader();
  const run = await prepare(terminal, options);
  // First of all: a second broker on the same state directory must be refused before it touches anything.
  const control = await claimStateDirectory(run);
  const unguard = guardAgainstDefects(run, control);
  await completeServiceRequest(terminal, run);
  const signals = listenToSignals(() => {
    if (run.broker !== null) reload(run, run.broker).catch(() => undefined);
  });
  try {
    await start(run, loadBroker);
    await announce(terminal, run);
    run.service.ready(await statusLine(run));
    run.service.watch(
      // A broker that has lost itself does not answer, and one that is ending is left alone.
      async () => run.broker === null || (await run.broker.status()).length === run.project.pairs.length,
      () => statusLine(run),
    );
    await stop(run, await signals.stop);
  } finally {
    await within(finishTimeoutMs, Promise.all([control.close(), run.log.close()]));
    signals.release();
    unguard();
  }
}

async function prepare(terminal: Terminal, options: RunOptions): Promise<Run> {
  const { project } = await readProject(options.projectFile);
  await ensureStateDirectory(options.stateDirectory);
  const notifier = createNotifier({
    clock: systemClock,
    projectFile: options.projectFile,
    project: () => run.project,
    report: () => run.report,
  });
  const diagnostics = createDiagnostics(terminal, options, project, systemClock, [
    notifier.take,
    (event) => run.console.event(event),
  ]);
  const service = serviceNotifier({
    environment: terminal.environment,
    pid: process.pid,
    send: sendBySystemdNotify,
    onError: (error) => diagnostics.log.line("warning", error.message),
  });
  const api = deferredApi(() => run.broker, {
    reload: (broker) => reload(run, broker),
    testNotification: (pair, following) =>
      testNotificationOf(run.project, options.projectFile, pair, following),
  });
  const startedAt = new Date(systemClock.wallMs()).toISOString();
  const servers = deferredServers(() => run.servers);
  const console = new ServedConsole({
    api,
    servers,
    journal: diagnostics.journal,
    report: diagnostics.report,
    projectFile: options.projectFile,
    stateDirectory: options.stateDirectory,
    version: productVersion(),
    startedAt,
    onInternalError: (error) => diagnostics.log.line("error", stackOf(error)),
  });
  const run: Run = {
    ...diagnostics,
    options,
    notifier,
    service,
    api,
    console,
    startedAt,
    project,
    broker: null,
    servers: null,
  };
  return run;
}

function claimStateDirectory(run: Run): Promise<ControlServer> {
  return serveControl({
    api: run.api,
    servers: deferredServers(() => run.servers),
    journal: run.journal,
    stateDirectory: run.options.stateDirectory,
    info: {
      protocol: protocolVersion,
      version: productVersion(),
      pid: process.pid,
      projectFile: run.options.projectFile,
      startedAt: run.startedAt,
    },
    onInternalError: (error) => run.log.line("error", stackOf(error)),
  });
}

async function start(run: Run, loadBroker: LoadBroker): Promise<void> {
  const { options, report } = run;
  const { projectFile, stateDirectory } = options;
  await run.disk.restore();
  await finishChanges(run);
  const { project } = run;
  await repair(run);
  const stored = await readMachineState(stateDirectory);
  const createBroker = await loadBroker((message) => run.log.line("information", `node-opcua: ${message}`));
  const broker = await createBroker({
    project,
    projectFile,
    stateDirectory,
    machineState: options.enableAll ? allEnabled(project, stored) : stored,
    report,
    clock: systemClock,
  });
  report({ kind: "brokerStarted", version: productVersion() }, brokerContext);
  const servers = await createServers({
    project,
    projectFile,
    stateDirectory,
    report,
    clock: systemClock,
    askOpcState: broker.askServerState,
  });
  try {
    await broker.start();
    await servers.start("broker started");
  } catch (error) {
    await within(brokerStopTimeoutMs, Promise.all([broker.stop("the start failed"), servers.stop()]));
    throw error;
  }
  run.broker = broker;
  run.servers = servers;
  await run.console.apply(project.console);
}

/** A change of the project that was cut off before the broker had taken it over did not happen. */
async function finishChanges(run: Run): Promise<void> {
  const { projectFile, stateDirectory } = run.options;
  if ((await finishDeployment(stateDirectory, true)) !== "undone") return;
  run.log.line("warning", "a change of the project was cut off before it was in force, and was undone");
  run.project = (await readProject(projectFile)).project;
  run.journal.configure(limitsOf(run.project));
}

/** What keeps the registry from being repaired must not keep the pairs from being served. */
async function repair({ options, log }: Run): Promise<void> {
  const lines = await repairHooks(options).catch((error: unknown) => [
    `The registration of OPC DA pairs was left half done and cannot be repaired: ${messageOf(error)}`,
  ]);
  for (const line of lines) log.line("warning", line);
}

function allEnabled(project: Project, state: MachineState): MachineState {
  return project.pairs.reduce((next, pair) => withPairEnabled(next, pairName(pair), true), state);
}

async function announce(terminal: Terminal, run: Run): Promise<void> {
  if (run.broker === null) return;
  const endpoints = await endpointsOf(run.broker);
  if (run.options.json) {
    await terminal.print(`${JSON.stringify({ ready: true, pid: process.pid, endpoints })}\n`);
  } else if (!run.options.quiet) {
    await terminal.print(
      endpoints.length === 0
        ? `Ready (process ${process.pid}). No pair is enabled: understudy pair enable <pair>\n`
        : `Ready (process ${process.pid}). Clients connect to ${endpoints.join(", ")}\n`,
    );
  }
}

/** A refused project changes nothing; the refusal is recorded and told to whoever asked. */
async function reload(run: Run, broker: Broker): Promise<ReloadAnswer> {
  run.service.reloading();
  try {
    const answer = await broker.reload();
    const { project } = await readProject(run.options.projectFile);
    await run.servers?.apply(project, diffProjects(run.project, project).servers);
    run.project = project;
    run.journal.configure(limitsOf(run.project));
    // later: the console may have asked for it, and its answer has to leave first
    setTimeout(() => void run.console.apply(run.project.console), consoleChangeDelayMs).unref();
    return answer;
  } catch (error) {
    const code = error instanceof UnderstudyError ? error.code : "INTERNAL";
    run.report({ kind: "projectRefused", code, detail: messageOf(error) }, brokerContext);
    throw error;
  } finally {
    run.service.ready(await statusLine(run));
  }
}

/** For the service manager, one line. */
async function statusLine(run: Run): Promise<string> {
  const pairs = (await run.broker?.status()) ?? [];
  const enabled = pairs.filter((pair) => pair.enabled);
  const unserved = enabled.filter(({ active }) => active === null).map(({ name }) => name);
  const trouble = unserved.length === 0 ? "" : `, not served: ${unserved.slice(0, 5).join(", ")}`;
  return `${enabled.length} of ${pairs.length} pairs enabled${trouble}`;
}

/** A service that was to be installed or uninstalled with the next start. It must not keep the broker from starting. */
async function completeServiceRequest(terminal: Terminal, run: Run): Promise<void> {
  try {
    const completed = await completePending(terminal, run.options);
    if (completed !== null) run.log.line("information", `the service was ${completed}ed, as was asked for`);
  } catch (error) {
    run.log.line("warning", `a change of the service waits still: ${messageOf(error)}`);
  }
}

async function stop(run: Run, signal: NodeJS.Signals): Promise<void> {
  const { broker, servers } = run;
  run.broker = null;
  run.servers = null;
  run.service.end();
  run.service.stopping();
  const consoleStopped = within(finishTimeoutMs, run.console.stop());
  const ends = Promise.all([broker?.stop(signal), servers?.stop()]);
  const orderly = await within(brokerStopTimeoutMs, ends);
  const late = orderly ? "" : `; some connections did not end within ${brokerStopTimeoutMs} ms`;
  run.report({ kind: "brokerStopped", detail: `${signal}${late}` }, brokerContext);
  await Promise.all([run.notifier.close(mailTimeoutMs), consoleStopped]);
  // Last: mail that did not go has been reported by now.
  await within(preserveTimeoutMs, preserve(run));
  setTimeout(() => process.exit(), lingerMs).unref();
}

async function preserve(run: Run): Promise<void> {
  try {
    await run.disk.close(preservedEvents(run.journal, run.project));
  } catch (error) {
    run.log.line("error", messageOf(error));
  }
}

/**
 * An error nobody expected leaves the broker in an unknown state: it is recorded, and the process ends with
 * a failure so that a service manager starts it again. Clients and servers see broken connections.
 */
function guardAgainstDefects(run: Run, control: ControlServer): () => void {
  let ending = false;
  const end = (error: unknown): void => {
    if (ending) process.exit(exitCodes.failed);
    ending = true;
    run.report({ kind: "brokerFailed", detail: messageOf(error) }, brokerContext);
    run.log.line("error", stackOf(error));
    // whoever is to know of it must be told now: the next start is none the wiser
    const told = run.notifier.close(mailTimeoutMs).catch(() => undefined);
    const finish = told.then(() => Promise.all([run.disk.commit(), control.close(), run.log.close()]));
    void within(mailTimeoutMs + finishTimeoutMs, finish).then(() => process.exit(exitCodes.failed));
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
  return () => {
    process.off("uncaughtException", end);
    process.off("unhandledRejection", end);
  };
}

/** Whether the work was done in time; work that fails is done, too. */
async function within(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  const timeout = new AbortController();
  const done = work.then(
    () => true,
    () => true,
  );
  const late = delay(timeoutMs, false, { signal: timeout.signal }).catch(() => false);
  const result = await Promise.race([done, late]);
  timeout.abort();
  return result;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
