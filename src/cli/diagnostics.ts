import type { BrokerApi } from "../control/broker-api.ts";
import type { Clock } from "../diagnostics/clock.ts";
import type { DiagnosticEvent, EventContext, ReportEvent } from "../diagnostics/event.ts";
import { createJournal, type Journal, type JournalLimits } from "../diagnostics/journal.ts";
import { type DiskJournal, keepOnDisk } from "../diagnostics/journal-disk.ts";
import { createLog, type Log } from "../diagnostics/log.ts";
import { createReporter, type EventSink } from "../diagnostics/report.ts";
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
  readonly disk: DiskJournal;
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

/** Journal (in memory and on disk), log and the function that feeds both and the sinks. */
export function createDiagnostics(
  terminal: Terminal,
  options: GlobalOptions,
  project: Project,
  clock: Clock,
  sinks: readonly EventSink[] = [],
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
  const disk = keepOnDisk({
    journal: createJournal(limitsOf(project)),
    stateDirectory: options.stateDirectory,
    onTrouble: (trouble) => {
      const record =
        trouble.kind === "failed"
          ? ({ kind: "journalFailed", detail: trouble.detail } as const)
          : ({ kind: "journalRecovered" } as const);
      report(record, brokerContext);
    },
  });
  const report = createReporter({ clock, journal: disk.journal, sinks: [log.event, ...sinks] });
  return { journal: disk.journal, disk, log, report };
}

/** The events the project wants kept over an orderly stop (seed: Preserve events to disk on shutdown). */
export function preservedEvents(journal: Journal, project: Project): readonly DiagnosticEvent[] {
  return journal.query().filter((event) => isPreserved(project, event.pair));
}

function isPreserved(project: Project, name: string | null): boolean {
  const pair = project.pairs.find((candidate) => pairName(candidate) === name);
  return (pair?.diagnostics ?? project.diagnostics).preserveOnShutdown;
}

/** The endpoints clients can connect to, for the line that says that the broker is ready. */
export async function endpointsOf(api: Pick<BrokerApi, "status">): Promise<readonly string[]> {
  const pairs = await api.status();
  return pairs.filter((pair) => pair.enabled).flatMap((pair) => pair.endpointUrls);
}
