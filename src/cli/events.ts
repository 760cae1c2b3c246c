import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import type { ControlClient } from "../control/client.ts";
import { type Role, roles } from "../core/role.ts";
import { eventCodes } from "../diagnostics/catalogue.ts";
import type { DiagnosticEvent, Severity } from "../diagnostics/event.ts";
import { type ExportFormat, exportEvents, exportFormats } from "../diagnostics/export.ts";
import { type EventFilter, severities } from "../diagnostics/filter.ts";
import type { FollowItem } from "../diagnostics/follower.ts";
import { textLine } from "../diagnostics/log.ts";
import { writeFileAtomically } from "../project/atomic-file.ts";
import { answer, type CliContext, globalOptions, withBroker } from "./command.ts";

interface EventsOptions {
  readonly follow?: boolean;
  readonly pair?: string;
  readonly member?: Role;
  readonly severity?: Severity;
  readonly client?: string;
  readonly code?: readonly string[];
  readonly since?: string;
  readonly until?: string;
  readonly limit?: number;
  readonly clear?: boolean;
  readonly save?: string;
  readonly format?: ExportFormat;
}

/** Past events shown before new ones where `--limit` says nothing else. */
const pastBeforeFollow = 10;

export function eventsCommand({ terminal }: CliContext): Command {
  return new Command("events")
    .summary("show what has happened, and go on with what happens")
    .description(
      "Shows the events the running broker keeps, oldest first; with --follow also each new one as it happens, " +
        "until Ctrl-C. With --json each event is one line. The codes are described in docs/events.md. " +
        "Older events are in log/understudy.log in the state directory.",
    )
    .option("-f, --follow", "go on with new events")
    .option("--pair <name>", "only events of this pair")
    .addOption(new Option("--member <member>", "only events of this member").choices(roles))
    .addOption(
      new Option("--severity <severity>", "only events of this severity and worse").choices(severities),
    )
    .option("--client <name>", "only events of this client")
    .addOption(new Option("--code <code...>", "only events with one of these codes").argParser(parseCode))
    .option("--since <time>", "only events since then: 2026-01-31T08:00, or 30s, 15m, 2h, 7d ago", parseSince)
    .option("--until <time>", "only events until then", parseSince)
    .option(
      "--limit <number>",
      `at most so many of the newest past events (default: all; ${pastBeforeFollow} with --follow)`,
      parseCount,
    )
    .option("--save <file>", "save the events to a file instead of showing them")
    .addOption(
      new Option(
        "--format <format>",
        "of the file (default: by its ending .csv or .json, else text)",
      ).choices(exportFormats),
    )
    .option("--clear", "forget the events kept so far, all or those of --pair, instead of showing them")
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  understudy events --severity warning --since 1d\n" +
        "  understudy events --follow --pair Boiler --json\n" +
        "  understudy events --since 7d --save week.csv",
    )
    .action(async (own: EventsOptions, command: Command) => {
      const options = globalOptions(command, terminal);
      await withBroker(options, async (broker) => {
        if (own.clear === true) {
          await broker.clearEvents(own.pair ?? null);
          return;
        }
        if (own.save !== undefined) {
          const file = resolve(own.save);
          const events = await pastEvents(broker, own);
          await writeFileAtomically(file, exportEvents(events, own.format ?? formatOf(file)));
          await answer(
            terminal,
            options,
            { file, events: events.length },
            () => `${events.length} events saved to ${file}\n`,
          );
          return;
        }
        const follow = own.follow === true;
        const past = own.limit ?? (follow ? pastBeforeFollow : null);
        for await (const item of broker.events({ filter: filterOf(own), past, follow })) {
          await terminal.print(`${options.json ? jsonLine(item) : lineForPeople(item)}\n`);
        }
      });
    });
}

function filterOf(own: EventsOptions): EventFilter {
  return {
    pair: own.pair,
    member: own.member,
    severity: own.severity,
    client: own.client,
    codes: own.code,
    since: own.since,
    until: own.until,
  };
}

async function pastEvents(broker: ControlClient, own: EventsOptions): Promise<readonly DiagnosticEvent[]> {
  const events: DiagnosticEvent[] = [];
  const past = own.limit ?? null;
  for await (const item of broker.events({ filter: filterOf(own), past, follow: false })) {
    if (item.kind === "event") events.push(item.event);
  }
  return events;
}

function formatOf(file: string): ExportFormat {
  if (/\.csv$/i.test(file)) return "csv";
  return /\.json$/i.test(file) ? "json" : "text";
}

function jsonLine(item: FollowItem): string {
  return JSON.stringify(item.kind === "event" ? item.event : { missed: item.count });
}

function lineForPeople(item: FollowItem): string {
  return item.kind === "event"
    ? textLine(item.event, false)
    : `... ${item.count} events came faster than they could be shown ...`;
}

function parseCode(code: string, earlier: readonly string[] | undefined): readonly string[] {
  if (!(eventCodes as readonly string[]).includes(code)) {
    throw new InvalidArgumentError("The codes are listed in docs/events.md.");
  }
  return [...(earlier ?? []), code];
}

const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time, or a time span before now, as ISO 8601 in UTC. */
export function parseSince(text: string): string {
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const time =
    amount !== undefined && unit !== undefined
      ? Date.now() - Number(amount) * (unitsMs[unit] ?? 0)
      : Date.parse(text);
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) {
    throw new InvalidArgumentError("Give a time such as 2026-01-31T08:00 or a span such as 15m.");
  }
  return date.toISOString();
}

function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("Give a whole number.");
  return Number(text);
}
