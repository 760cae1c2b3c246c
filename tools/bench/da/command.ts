import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { environment } from "../environment.ts";
import { table } from "../report.ts";
import { daBench } from "./bench.ts";
import type { DaSettings } from "./settings.ts";

export const daUsage = `Usage: bench da [options]
  --json               one JSON object instead of a table
  --quick              one run of each cell, short, a tenth of the items
  --repeats N          runs of each cell; rows are medians (3)
  --duration MS        steady window of a subscription (5000)
  --items N            items of the subscription (10000)
  --reads N            calls of each measured read (300)
  --query-interval MS  status query interval of the broker (100)
  --query-timeout MS   status query timeout (300)
  --limit MS           begin no run after this time (360000)
  --quiet              no progress on standard error`;

/** Runs the bench of OPC DA. @throws Error with a message for the user. */
export async function runDaCommand(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      quiet: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      repeats: { type: "string" },
      duration: { type: "string" },
      items: { type: "string" },
      reads: { type: "string" },
      "query-interval": { type: "string", default: "100" },
      "query-timeout": { type: "string", default: "300" },
      limit: { type: "string", default: "360000" },
    },
  });
  if (values.help) {
    console.log(daUsage);
    return;
  }
  const { quick } = values;
  const items = whole("items", values.items ?? (quick ? "1000" : "10000"), 1, 100_000);
  const settings: DaSettings = {
    repeats: whole("repeats", values.repeats ?? (quick ? "1" : "3"), 1, 20),
    durationMs: whole("duration", values.duration ?? (quick ? "2000" : "5000"), 500, 600_000),
    rateMs: 100,
    items,
    readItems: [1, 1000],
    reads: whole("reads", values.reads ?? (quick ? "100" : "300"), 10, 100_000),
    switchItems: items === 1000 ? [1000] : [1000, items],
    queryIntervalMs: whole("query-interval", values["query-interval"], 10, 60_000),
    queryTimeoutMs: whole("query-timeout", values["query-timeout"], 10, 60_000),
    limitMs: whole("limit", values.limit, 1000, 86_400_000),
  };
  const machine = { ...environment(), wine: wineVersion() };
  const report = await daBench(settings, (text) => {
    if (!values.quiet) console.error(text);
  });
  if (values.json) console.log(JSON.stringify({ bench: "da", environment: machine, settings, ...report }));
  else console.log(table(report));
}

/** Null where it is not installed. */
function wineVersion(): string | null {
  try {
    return execFileSync("wine", ["--version"], {
      encoding: "utf8",
      timeout: 10_000,
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return null;
  }
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name} must be a whole number from ${least} to ${most}, not "${text}"`);
}
