import { parseArgs } from "node:util";
import { failoverBench, throughputBench } from "./bench.ts";
import { runConsoleCommand } from "./console/command.ts";
import { runDaCommand } from "./da/command.ts";
import { environment } from "./environment.ts";
import { type PathName, pathNames } from "./paths/path.ts";
import { failoverReport, table, throughputReport } from "./report.ts";
import { runServersCommand } from "./servers/command.ts";
import { type BenchSettings, type Fault, faults } from "./settings.ts";

const usage = `Usage: bench ua-throughput|ua-failover [options]
       bench da [options]; see bench da --help
       bench server-failover [options]; see bench server-failover --help
       bench console [options]; see bench console --help
  --json               one JSON object instead of a table
  --paths A,B,...      of ${pathNames.join(", ")}
  --items N,N,...      numbers of items (1000,10000)
  --faults A,B         of ${faults.join(", ")}; ua-failover only
  --repeats N          runs of each cell; rows are medians (3)
  --duration MS        steady window of a run; ua-throughput only (5000)
  --period MS          time between two values of an item (100)
  --publishing MS      publishing interval (100)
  --queue N            queue size of each item (20)
  --reads N            single reads measured per run (1000)
  --query-interval MS  status query interval of the broker and HAProxy (100)
  --query-timeout MS   status query timeout (250)
  --secondary-phase MS offset of the secondary's publishing instants (3, as the primary's)
  --limit MS           begin no run after this time (600000)
  --quiet              no progress on standard error`;

type BenchName = "ua-throughput" | "ua-failover";

const defaultPaths: Readonly<Record<BenchName, readonly PathName[]>> = {
  "ua-throughput": ["direct", "relay", "cold", "warm", "hot"],
  "ua-failover": ["cold", "warm", "hot", "haproxy"],
};

interface Invocation {
  readonly bench: BenchName;
  readonly settings: BenchSettings;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** @throws Error with a message for the user. */
function parse(args: readonly string[]): Invocation | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      quiet: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      paths: { type: "string" },
      items: { type: "string", default: "1000,10000" },
      faults: { type: "string", default: faults.join(",") },
      repeats: { type: "string", default: "3" },
      duration: { type: "string", default: "5000" },
      period: { type: "string", default: "100" },
      publishing: { type: "string", default: "100" },
      queue: { type: "string", default: "20" },
      reads: { type: "string", default: "1000" },
      "query-interval": { type: "string", default: "100" },
      "query-timeout": { type: "string", default: "250" },
      "secondary-phase": { type: "string", default: "3" },
      limit: { type: "string", default: "600000" },
    },
  });
  if (values.help) return null;
  const [bench] = positionals;
  if (positionals.length !== 1 || (bench !== "ua-throughput" && bench !== "ua-failover")) {
    throw new Error(
      `say which bench: ua-throughput, ua-failover, da, server-failover or console\n\n${usage}`,
    );
  }
  const settings: BenchSettings = {
    paths: values.paths ? listOf("paths", values.paths, pathNames) : defaultPaths[bench],
    items: values.items.split(",").map((text) => whole("items", text, 1, 100_000)),
    faults: listOf<Fault>("faults", values.faults, faults),
    repeats: whole("repeats", values.repeats, 1, 100),
    durationMs: whole("duration", values.duration, 500, 600_000),
    periodMs: whole("period", values.period, 10, 10_000),
    publishingIntervalMs: whole("publishing", values.publishing, 10, 10_000),
    queueSize: whole("queue", values.queue, 1, 10_000),
    reads: whole("reads", values.reads, 10, 1_000_000),
    queryIntervalMs: whole("query-interval", values["query-interval"], 10, 60_000),
    queryTimeoutMs: whole("query-timeout", values["query-timeout"], 10, 60_000),
    secondaryPhaseMs: whole("secondary-phase", values["secondary-phase"], 0, 10_000),
    limitMs: whole("limit", values.limit, 1000, 86_400_000),
  };
  return { bench, settings, json: values.json, quiet: values.quiet };
}

function listOf<T extends string>(name: string, text: string, known: readonly T[]): readonly T[] {
  return text.split(",").map((entry) => {
    const found = known.find((one) => one === entry);
    if (found === undefined) throw new Error(`--${name} knows ${known.join(", ")}, not "${entry}"`);
    return found;
  });
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name} must be a whole number from ${least} to ${most}, not "${text}"`);
}

/** Runs the bench that the arguments name. @throws Error with a message for the user. */
export async function runCommand(args: readonly string[]): Promise<void> {
  if (args.includes("da")) {
    await runDaCommand(args.filter((argument) => argument !== "da"));
    return;
  }
  if (args.includes("server-failover")) {
    await runServersCommand(args.filter((argument) => argument !== "server-failover"));
    return;
  }
  if (args.includes("console")) {
    await runConsoleCommand(args.filter((argument) => argument !== "console"));
    return;
  }
  const invocation = parse(args);
  if (invocation === null) {
    console.log(usage);
    return;
  }
  const { bench, settings, json, quiet } = invocation;
  const machine = environment();
  const progress = (text: string) => {
    if (!quiet) console.error(text);
  };
  const report =
    bench === "ua-throughput"
      ? throughputReport(await throughputBench(settings, progress))
      : failoverReport(await failoverBench(settings, progress), settings.publishingIntervalMs);
  if (json) console.log(JSON.stringify({ bench, environment: machine, settings, ...report }));
  else console.log(table(report));
}
