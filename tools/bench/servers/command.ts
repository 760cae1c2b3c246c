import { parseArgs } from "node:util";
import { Lab } from "../../../test/servers/support/lab.ts";
import { environment } from "../environment.ts";
import { table } from "../report.ts";
import { measureAcknowledgedLost } from "./acknowledged-lost.ts";
import { measureCommitVisible } from "./commit-visible.ts";
import { measureFileDelta } from "./file-delta.ts";
import { type Measure, type MeasureSettings, nothingMeasured, type ServerFigures } from "./measure.ts";
import { measureTakeover } from "./takeover.ts";

export const serversUsage = `Usage: bench server-failover [options]
  --json               one JSON object instead of a table
  --measures A,B,...   of takeover, file-delta, commit-visible, acknowledged-lost (all)
  --repeats N          runs of takeover and file-delta; figures are medians (5)
  --commits N          commits that are timed (500)
  --kills N            kills of the live database server in each way to be acknowledged (3)
  --ping-interval MS   of the probes (200)
  --ping-timeout MS    of the probes (200)
  --fail-after N       missed rounds until the takeover (3)
  --quiet              no progress on standard error`;

/** What there is to measure; each takes care of its own figures. */
const measures = Object.freeze({
  takeover: measureTakeover,
  "file-delta": measureFileDelta,
  "commit-visible": measureCommitVisible,
  "acknowledged-lost": measureAcknowledgedLost,
}) satisfies Readonly<Record<string, Measure>>;
type MeasureName = keyof typeof measures;
const measureNames = Object.keys(measures) as readonly MeasureName[];

/** Time that a measurement has to tidy up after a signal, in ms. */
const tidyMs = 10_000;

/** What runs in the labs ends with them; measurements then fail, and remove the rest of what they made. */
function tidyUpAtSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      setTimeout(() => process.exit(1), tidyMs);
      Lab.removeAll().catch(() => undefined);
    });
  }
}

/** Runs the bench of server failover. @throws Error with a message for the user. */
export async function runServersCommand(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean", default: false },
      quiet: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      measures: { type: "string", default: measureNames.join(",") },
      repeats: { type: "string", default: "5" },
      commits: { type: "string", default: "500" },
      kills: { type: "string", default: "3" },
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
    commits: whole("commits", values.commits, 10, 100_000),
    kills: whole("kills", values.kills, 1, 100),
    pingInterval: whole("ping-interval", values["ping-interval"], 50, 60_000),
    pingTimeout: whole("ping-timeout", values["ping-timeout"], 10, 60_000),
    failAfter: whole("fail-after", values["fail-after"], 1, 100),
  };
  const wanted = values.measures.split(",").map(measureNamed);
  tidyUpAtSignals();
  const machine = environment();
  let figures: ServerFigures = nothingMeasured;
  let details: Readonly<Record<string, unknown>> = {};
  const skipped: string[] = [];
  for (const name of measureNames.filter((each) => wanted.includes(each))) {
    const measured = await measures[name](settings, (text) => {
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

function measureNamed(text: string): MeasureName {
  const found = measureNames.find((name) => name === text);
  if (found === undefined) throw new Error(`--measures knows ${measureNames.join(", ")}, not "${text}"`);
  return found;
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name} must be a whole number from ${least} to ${most}, not "${text}"`);
}
