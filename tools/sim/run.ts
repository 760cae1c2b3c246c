import { makeSchedule, type Schedule } from "./schedule.ts";
import { shrink } from "./shrink.ts";
import { type Outcome, type SimulateOptions, simulate } from "./simulate.ts";

export interface SeedFailure {
  readonly seed: number;
  readonly rule: string;
  readonly detail: string;
  /** The smallest schedule found that still breaks the rule, and its run. */
  readonly schedule: Schedule;
  readonly outcome: Outcome;
}

export interface Tally {
  readonly schedules: number;
  readonly steps: number;
  readonly switchovers: number;
  /** Longest time from the end of the faults until all was well, in ms. */
  readonly slowestRecoveryMs: number;
  readonly failures: readonly SeedFailure[];
}

export interface RunOptions extends Omit<SimulateOptions, "replay"> {
  /** Every how many schedules the inputs are played again; default 20, 0 = never. */
  readonly replayEvery?: number;
  /** Failures after which the run ends; default 5. */
  readonly maxFailures?: number;
  /** Runs spent on making a failing schedule smaller; default 500. */
  readonly maxShrinks?: number;
  readonly onSchedule?: (schedule: Schedule, outcome: Outcome) => void;
}

/** Runs the schedules of `count` seeds from `firstSeed` on; failing ones are shrunk. */
export function runSchedules(firstSeed: number, count: number, options: RunOptions = {}): Tally {
  const { replayEvery = 20, maxFailures = 5, maxShrinks = 500, onSchedule, ...simulateOptions } = options;
  const failures: SeedFailure[] = [];
  let [schedules, steps, switchovers, slowestRecoveryMs] = [0, 0, 0, 0];
  for (let seed = firstSeed; seed < firstSeed + count && failures.length < maxFailures; seed++) {
    const replay = replayEvery > 0 && (seed - firstSeed) % replayEvery === 0;
    const schedule = makeSchedule(seed);
    const outcome = simulate(schedule, { ...simulateOptions, replay });
    schedules++;
    steps += outcome.steps;
    switchovers += outcome.switchovers;
    slowestRecoveryMs = Math.max(slowestRecoveryMs, outcome.recoveredAfterMs);
    onSchedule?.(schedule, outcome);
    if (outcome.failure === null) continue;
    const { rule, detail } = outcome.failure;
    const smallest = shrink(schedule, outcome.failure, { ...simulateOptions, replay }, maxShrinks);
    const again = simulate(smallest, { ...simulateOptions, replay });
    failures.push({ seed, rule, detail, schedule: smallest, outcome: again });
  }
  return { schedules, steps, switchovers, slowestRecoveryMs, failures };
}
