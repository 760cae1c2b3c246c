import type { Input } from "../core/input.ts";
import { initialState, type PairState } from "../core/state.ts";
import { type Step, step } from "../core/step.ts";

/** One input a pair host fed its core, with the core's time. The first of a host is its `settings`. */
export interface RecordedInput {
  readonly nowMs: number;
  readonly input: Input;
}

/** The state before the next recorded input: where a recording begins that does not reach back to the start. */
export interface RecordedState {
  readonly nowMs: number;
  readonly state: PairState;
}

export type RecordedLine = RecordedInput | RecordedState;

/**
 * Takes what a host feeds its core, and the state before it; must not throw. Together the lines replay a
 * failure seen in the field.
 */
export type InputRecorder = (recorded: RecordedInput, before: PairState) => void;

/** A recorded input and what the core made of it. */
export interface ReplayedStep extends RecordedInput {
  readonly done: Step;
}

/**
 * Repeats what a core did, a step for each recorded input. The first line says where it begins: a state, or
 * the settings of a new pair. Throws Error where it says neither.
 */
export function* replay(recorded: Iterable<RecordedLine>): Generator<ReplayedStep> {
  let state: PairState | null = null;
  for (const line of recorded) {
    if ("state" in line) {
      state = line.state;
      continue;
    }
    const { nowMs, input } = line;
    if (state === null) {
      if (input.kind !== "settings") throw new Error("a recording starts with a state or with the settings");
      state = initialState(input.policy);
    }
    const done: Step = step(state, input, nowMs);
    state = done.state;
    yield { nowMs, input, done };
  }
}
