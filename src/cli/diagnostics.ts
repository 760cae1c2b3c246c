import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { BrokerApi } from "../control/broker-api.ts";
import type { Clock } from "../diagnostics/clock.ts";
import type { EventContext, ReportEvent } from "../diagnostics/event.ts";
import { createJournal, type Journal, type JournalLimits } from "../diagnostics/journal.ts";
import { loadJournal, saveJournal } from "../diagnostics/journal-file.ts";
import { createLog, type Log } from "../diagnostics/log.ts";
import { createReporter } from "../diagnostics/report.ts";
import { type Project, pairName } from "../project/project.ts";
import type { GlobalOptions } from "./command.ts";
import type { Terminal } from "./terminal.ts";

/** Events of the broker itself, of no pair and no client. */
export const brokerContext: EventContext = Object.freeze({
  pair: null,
  server: null,
  machine: null,
  client: null,
});

export interface Diagnostics {
  readonly journal: Journal;
  readonly log: Log;
  readonly report: ReportEvent;
}

export function limitsOf(project: Project): JournalLimits {
  return {
    maximumEvents: project.diagnostics.maximumEvents,
    pairs: Object.fromEntries(
      project.pairs.flatMap((pair) =>
        pair.diagnostics === null ? [] : [[pairName(pair), pair.diagnostics.maximumEvents]],
      ),
    ),
  };
}

/** Journal, log and the function that feeds both. */
export function createDiagnostics(
  terminal: Terminal,
  options: GlobalOptions,
  journal: Journal,
  clock: Clock,
): Diagnostics {
  const { NO_COLOR: noColour } = terminal.environment;
  const log = createLog({
    stateDirectory: options.stateDirectory,
    clock,
    console: {
      format: options.json ? "json" : "text",
      colour: terminal.errorIsTty && noColour === undefined,
      severity: options.quiet ? "warning" : "information",
    },
    onFileTrouble: (trouble) => {
      const record =
        trouble.kind === "failed"
          ? ({ kind: "logFailed", detail: trouble.detail } as const)
          : ({ kind: "logRecovered", lost: trouble.lost } as const);
      report(record, brokerContext);
    },
  });
  const report = createReporter({ clock, journal, sinks: [log.event] });
  return { journal, log, report };
}

export function emptyJournal(project: Project): Journal {
  return createJournal(limitsOf(project));
}

function eventsFile(stateDirectory: string): string {
  return join(stateDirectory, "events.jsonl");
}

/** Brings back the events of the last run where the project wants them kept. */
export async function restoreEvents(
  journal: Journal,
  stateDirectory: string,
  project: Project,
): Promise<void> {
  const events = await loadJournal(eventsFile(stateDirectory));
  journal.restore(events.filter((event) => isPreserved(project, event.pair)));
}

/** Saves the events the project wants kept over a restart (seed: Preserve events to disk on shutdown). */
export async function preserveEvents(
  journal: Journal,
  stateDirectory: string,
  project: Project,
): Promise<void> {
  const wanted = [project, ...project.pairs].some((scope) => scope.diagnostics?.preserveOnShutdown === true);
  if (!wanted) {
    await rm(eventsFile(stateDirectory), { force: true });
    return;
  }
  const kept = journal.query().filter((event) => isPreserved(project, event.pair));
  await saveJournal(eventsFile(stateDirectory), kept);
}

function isPreserved(project: Project, name: string | null): boolean {
  const pair = project.pairs.find((candidate) => pairName(candidate) === name);
  return (pair?.diagnostics ?? project.diagnostics).preserveOnShutdown;
}

/** The endpoints clients can connect to, for the line that says that the broker is ready. */
export async function endpointsOf(api: BrokerApi): Promise<readonly string[]> {
  const pairs = await api.status();
  return pairs.filter((pair) => pair.enabled).flatMap((pair) => pair.endpointUrls);
}
