import { parseArgs } from "node:util";
import { environment } from "../environment.ts";
import { table } from "../report.ts";
import { measureFileDelta } from "./file-delta.ts";
import { type Measure, type MeasureSettings, nothingMeasured, type ServerFigures } from "./measure.ts";
import { measureTakeover } from "./takeover.ts";

export const serversUsage = `Usage: bench server-failover [options]
  --json               one JSON object instead of a table
  --repeats N          runs of each measurement; figures are medians (5)
  --ping-interval MS   of the probes (200)
  --ping-timeout MS    of the probes (200)
  --fail-after N       missed rounds until the takeover (3)
  --quiet              no progress on standard error`;

/** What there is to measure; each takes care of its own figures. */
const measures: readonly Measure[] = [measureTakeover, measureFileDelta];

/** Runs the bench of server failover. @throws Error with a message for the user. */
export async function runServersCommand(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean", default: false },
      quiet: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      repeats: { type: "string", default: "5" },
      "ping-interval": { type: "string", default: "200" },
      "ping-timeout": { type: "string", default: "200" },
      "fail-after": { type: "string", default: "3" },
    },
  });
  if (values.help) {
    console.log(serversUsage);
    return;
  }
  const settings: MeasureSettings = {
    repeats: whole("repeats", values.repeats, 1, 100),
    pingInterval: whole("ping-interval", values["ping-interval"], 50, 60_000),
    pingTimeout: whole("ping-timeout", values["ping-timeout"], 10, 60_000),
    failAfter: whole("fail-after", values["fail-after"], 1, 100),
  };
  const machine = environment();
  let figures: ServerFigures = nothingMeasured;
  let details: Readonly<Record<string, unknown>> = {};
  const skipped: string[] = [];
  for (const measure of measures) {
    const measured = await measure(settings, (text) => {
      if (!values.quiet) console.error(text);
    });
    figures = { ...figures, ...measured.figures };
    details = { ...details, ...measured.details };
    skipped.push(...measured.skipped);
  }
  if (values.json) {
    const report = { bench: "server-failover", environment: machine, settings, ...figures, details, skipped };
    console.log(JSON.stringify(report));
    return;
  }
  console.log(table({ rows: [{ ...figures }], details: [details], skipped }));
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name} must be a whole number from ${least} to ${most}, not "${text}"`);
}
