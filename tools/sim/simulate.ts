import type { Input } from "../../src/core/input.ts";
import { initialState, type PairState } from "../../src/core/state.ts";
import { step as coreStep, type Step } from "../../src/core/step.ts";
import { createAgenda } from "./agenda.ts";
import { createChecker } from "./checker.ts";
import { boundMs, proofMs, whatIsWrong } from "./liveness.ts";
import { must, Violation } from "./model.ts";
import { createPlant } from "./plant.ts";
import { seededRandom } from "./random.ts";
import type { PlantEvent, Schedule } from "./schedule.ts";

export type StepFunction = (state: PairState, input: Input, now: number) => Step;

export interface TimedInput {
  readonly atMs: number;
  readonly input: Input;
}

export interface Failure {
  readonly rule: string;
  readonly detail: string;
  readonly atMs: number;
}

export interface Outcome {
  readonly failure: Failure | null;
  readonly steps: number;
  readonly switchovers: number;
  /** From the end of the faults until all was well, in ms. */
  readonly recoveredAfterMs: number;
  readonly boundMs: number;
  /** Every input the core was given. */
  readonly inputs: readonly TimedInput[];
}

export interface SimulateOptions {
  /** The core to test; tests hand in broken ones. */
  readonly step?: StepFunction;
  /** Play all inputs again and compare every result byte by byte; also check that results are frozen. */
  readonly replay?: boolean;
}

/** More steps than this in one schedule mean that the core goes round in circles. */
const maxSteps = 200_000;

/** Runs one schedule on a virtual clock, every step checked. */
export function simulate(schedule: Schedule, options: SimulateOptions = {}): Outcome {
  const step = options.step ?? coreStep;
  const random = seededRandom(schedule.seed ^ 0x5eed);
  const agenda = createAgenda();
  let state = initialState(schedule.policy);
  let now = 0;
  let switchovers = 0;
  const checker = createChecker(state);
  const inputs: TimedInput[] = [];
  const outputs: string[] = [];

  const feed = (input: Input): void => {
    inputs.push({ atMs: now, input });
    must(inputs.length < maxSteps, "the core comes to rest", () => `${maxSteps} steps`);
    const before = state;
    const result = step(before, input, now);
    if (options.replay) outputs.push(JSON.stringify(result));
    checker.check(before, input, now, result);
    state = result.state;
    for (const effect of result.effects) {
      if (effect.kind === "promote") switchovers++;
      plant.carryOut(effect);
    }
    if (quiet) actAsPatientOperator();
  };
  const around = { agenda, random, feed, now: () => now, policy: () => state.policy };
  const plant = createPlant(around, schedule.faults);
  let quiet = false;

  const runUntil = (untilMs: number, done: () => boolean): void => {
    while (!done()) {
      const next = agenda.next(untilMs);
      if (next === null) {
        now = untilMs;
        return;
      }
      now = next.atMs;
      next.action();
    }
  };

  /** In the quiet phase somebody is there who approves what is asked for. */
  const actAsPatientOperator = (): void => {
    const { approval } = state;
    if (approval === null) return;
    agenda.plan(now + 100, () => {
      if (state.approval !== null) feed({ kind: "approve", reason: "go ahead" });
    });
  };

  let recoveredAfterMs = 0;
  let failure: Failure | null = null;
  try {
    feed({ kind: "enable", reason: "start" });
    for (const { atMs, event } of schedule.events) agenda.plan(atMs, () => happen(event, plant.befall, feed));
    runUntil(schedule.quietFromMs, () => false);
    quiet = true;
    plant.heal();
    feed({ kind: "enable", reason: "all clear" });
    feed({ kind: "resume", reason: "all clear" });
    const deadlineMs = schedule.quietFromMs + boundMs(state.policy);
    for (let proven = false; !proven; ) {
      runUntil(deadlineMs, () => whatIsWrong(state) === null);
      const wrong = whatIsWrong(state);
      must(wrong === null, "all is well in time", () => `after ${boundMs(state.policy)} ms ${wrong}`);
      recoveredAfterMs = now - schedule.quietFromMs;
      const before = switchovers;
      runUntil(now + proofMs(state.policy), () => switchovers > before || whatIsWrong(state) !== null);
      proven = switchovers === before && whatIsWrong(state) === null;
    }
    feed({ kind: "disable", reason: "end" });
    if (options.replay) replay(schedule, step, inputs, outputs);
  } catch (error) {
    if (error instanceof Violation) failure = { rule: error.rule, detail: error.message, atMs: now };
    else failure = { rule: "the core does not throw", detail: String(error), atMs: now };
  }
  const limitMs = boundMs(state.policy);
  return { failure, steps: inputs.length, switchovers, recoveredAfterMs, boundMs: limitMs, inputs };
}

function happen(
  event: PlantEvent,
  befall: ReturnType<typeof createPlant>["befall"],
  feed: (input: Input) => void,
): void {
  if (event.kind === "operator") feed(event.input);
  else if (event.kind === "settings") feed({ kind: "settings", policy: event.policy });
  else befall(event);
}

/** The same inputs must give byte-identical outputs, and nobody may be able to change them afterwards. */
function replay(
  schedule: Schedule,
  step: StepFunction,
  inputs: readonly TimedInput[],
  outputs: readonly string[],
): void {
  let state = initialState(schedule.policy);
  for (const [index, { atMs, input }] of inputs.entries()) {
    const result = step(state, input, atMs);
    const text = JSON.stringify(result);
    must(text === outputs[index], "same inputs, byte-identical outputs", () => `input ${index}: ${text}`);
    must(
      isFrozen(result.state) && isFrozen(result.effects) && isFrozen(result.records),
      "results are frozen",
      () => `input ${index}`,
    );
    state = result.state;
  }
}

function isFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  // The policy is the host's own object.
  return (
    Object.isFrozen(value) && Object.entries(value).every(([key, part]) => key === "policy" || isFrozen(part))
  );
}
