import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { Command, InvalidArgumentError } from "commander";
import { asTranscript } from "./as-transcript.ts";
import { runSchedules } from "./run.ts";

interface Options {
  readonly seed: number;
  readonly count: number;
  readonly out: string;
  readonly verbose: boolean;
  readonly json: boolean;
}

const options = new Command("sim")
  .description("Drives the failover core through random faults on a virtual clock and checks every step.")
  .option("--seed <number>", "seed of the first schedule; each further one counts up", wholeNumber, 1)
  .option("--count <number>", "how many schedules to run; 1 replays a single seed", wholeNumber, 1000)
  .option("--out <directory>", "where transcripts of failing seeds are kept", "dist/sim-failures")
  .option("--verbose", "one line a schedule", false)
  .option("--json", "print one JSON object", false)
  .parse()
  .opts<Options>();

const startedMs = performance.now();
const tally = runSchedules(options.seed, options.count, {
  onSchedule(schedule, outcome) {
    if (!options.verbose) return;
    const end =
      outcome.failure === null ? `well after ${outcome.recoveredAfterMs} ms` : outcome.failure.detail;
    console.error(`seed ${schedule.seed}: ${outcome.steps} steps, ${outcome.switchovers} promotions, ${end}`);
  },
});
const seconds = (performance.now() - startedMs) / 1000;

const failures = tally.failures.map(({ seed, rule, detail, schedule, outcome }) => {
  mkdirSync(options.out, { recursive: true });
  const transcript = join(options.out, `seed-${seed}.txt`);
  writeFileSync(transcript, asTranscript(schedule, outcome));
  return { seed, rule, detail, transcript };
});
const { schedules, steps, switchovers, slowestRecoveryMs } = tally;
const schedulesPerSecond = Math.round(schedules / seconds);
const summary = {
  seed: options.seed,
  schedules,
  steps,
  switchovers,
  slowestRecoveryMs,
  schedulesPerSecond,
  failures,
};

if (options.json) {
  console.log(JSON.stringify(summary));
} else {
  for (const { seed, detail, transcript } of failures)
    console.log(`seed ${seed} failed: ${detail}\n  see ${transcript}`);
  console.log(
    `seed ${options.seed}, ${schedules} schedules, ${steps} steps, ${switchovers} promotions, ` +
      `${failures.length} failures, ${schedulesPerSecond} schedules/s`,
  );
}
process.exitCode = failures.length === 0 ? 0 : 1;

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("Expected a whole number.");
  return value;
}
