import { parseArgs } from "node:util";
import { environment } from "../environment.ts";
import { table } from "../report.ts";
import { measureConsole } from "./measure.ts";
import type { ConsoleBenchSettings } from "./settings.ts";

const usage = `Usage: bench console [options]
  --json               one JSON object instead of a table
  --pairs N            pairs of the broker (200)
  --rate N             events per second (1000)
  --duration MS        how long the pages are used (30000)
  --quiet              no progress on standard error`;

/** Runs the bench of the console's pages. @throws Error with a message for the user. */
export async function runConsoleCommand(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean", default: false },
      quiet: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      pairs: { type: "string", default: "200" },
      rate: { type: "string", default: "1000" },
      duration: { type: "string", default: "30000" },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const settings: ConsoleBenchSettings = {
    pairs: whole("pairs", values.pairs, 1, 1000),
    rate: whole("rate", values.rate, 0, 10_000),
    durationMs: whole("duration", values.duration, 1000, 600_000),
  };
  const machine = environment();
  const { figures, details, skipped } = await measureConsole(settings, (text) => {
    if (!values.quiet) console.error(text);
  });
  if (values.json) {
    console.log(
      JSON.stringify({ bench: "console", environment: machine, settings, ...figures, details, skipped }),
    );
    return;
  }
  console.log(table({ rows: figures === null ? [] : [{ ...figures }], details: [details], skipped }));
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name} must be a whole number from ${least} to ${most}, not "${text}"`);
}
