import { setTimeout as delay } from "node:timers/promises";
import type { ReloadAnswer } from "../control/broker-api.ts";
import { protocolVersion } from "../control/protocol.ts";
import { type ControlServer, serveControl } from "../control/server.ts";
import { UnderstudyError } from "../core/error.ts";
import type { Broker } from "../opc/broker.ts";
import { systemClock } from "../opc/clock.ts";
import { type MachineState, readMachineState, withPairEnabled } from "../project/machine-state.ts";
import { type Project, pairName } from "../project/project.ts";
import { readProject } from "../project/project-file.ts";
import { ensureStateDirectory } from "../project/state-directory.ts";
import type { LoadBroker } from "./broker-loader.ts";
import type { GlobalOptions } from "./command.ts";
import { repairHooks } from "./da-hook.ts";
import { deferredApi } from "./deferred-api.ts";
import {
  brokerContext,
  createDiagnostics,
  type Diagnostics,
  emptyJournal,
  endpointsOf,
  limitsOf,
  preserveEvents,
  restoreEvents,
} from "./diagnostics.ts";
import { exitCodes } from "./exit-code.ts";
import { listenToSignals } from "./signals.ts";
import type { Terminal } from "./terminal.ts";
import { productVersion } from "./version.ts";

export interface RunOptions extends GlobalOptions {
  readonly enableAll: boolean;
}

/** Together less than the two seconds within which a stop is promised. */
const brokerStopTimeoutMs = 1200;
const finishTimeoutMs = 600;

/** A broker process; the broker itself is null while it starts and stops. */
interface Run extends Diagnostics {
  readonly options: RunOptions;
  project: Project;
  broker: Broker | null;
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
  const signals = listenToSignals(() => {
    if (run.broker !== null) reload(run, run.broker).catch(() => undefined);
  });
  try {
    await start(run, loadBroker);
    await announce(terminal, run);
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
  const diagnostics = createDiagnostics(terminal, options, emptyJournal(project), systemClock);
  return { ...diagnostics, options, project, broker: null };
}

function claimStateDirectory(run: Run): Promise<ControlServer> {
  return serveControl({
    api: deferredApi(
      () => run.broker,
      (broker) => reload(run, broker),
    ),
    journal: run.journal,
    stateDirectory: run.options.stateDirectory,
    info: {
      protocol: protocolVersion,
      version: productVersion(),
      pid: process.pid,
      projectFile: run.options.projectFile,
      startedAt: new Date(systemClock.wallMs()).toISOString(),
    },
    onInternalError: (error) => run.log.line("error", stackOf(error)),
  });
}

async function start(run: Run, loadBroker: LoadBroker): Promise<void> {
  const { options, project, report } = run;
  const { projectFile, stateDirectory } = options;
  await restoreEvents(run.journal, stateDirectory, project);
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
  try {
    await broker.start();
  } catch (error) {
    await within(brokerStopTimeoutMs, broker.stop("the start failed"));
    throw error;
  }
  run.broker = broker;
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
  try {
    const answer = await broker.reload();
    run.project = (await readProject(run.options.projectFile)).project;
    run.journal.configure(limitsOf(run.project));
    return answer;
  } catch (error) {
    const code = error instanceof UnderstudyError ? error.code : "INTERNAL";
    run.report({ kind: "projectRefused", code, detail: messageOf(error) }, brokerContext);
    throw error;
  }
}

async function stop(run: Run, signal: NodeJS.Signals): Promise<void> {
  const { broker } = run;
  run.broker = null;
  const orderly = broker === null || (await within(brokerStopTimeoutMs, broker.stop(signal)));
  const late = orderly ? "" : `; some connections did not end within ${brokerStopTimeoutMs} ms`;
  run.report({ kind: "brokerStopped", detail: `${signal}${late}` }, brokerContext);
  await within(finishTimeoutMs, preserve(run));
  // Whatever still holds the process open now is of no use to anybody.
  setTimeout(() => process.exit(), 100).unref();
}

async function preserve(run: Run): Promise<void> {
  try {
    await preserveEvents(run.journal, run.options.stateDirectory, run.project);
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
    const finish = Promise.all([preserve(run), control.close(), run.log.close()]);
    void within(finishTimeoutMs, finish).then(() => process.exit(exitCodes.failed));
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
