import type { Input } from "../core/input.ts";
import { initialState, type PairState } from "../core/state.ts";
import { type Step, step } from "../core/step.ts";

/** One input a pair host fed its core, with the core's time. The first of a host is its `settings`. */
export interface RecordedInput {
  readonly nowMs: number;
  readonly input: Input;
}

/** Takes what a host fed its core; must not throw. Together the lines replay a failure seen in the field. */
export type InputRecorder = (recorded: RecordedInput) => void;

/** Repeats what a core did: a step for each recorded input, starting with the policy in the first one. */
export function* replay(recorded: Iterable<RecordedInput>): Generator<Step> {
  let state: PairState | null = null;
  for (const { nowMs, input } of recorded) {
    if (state === null) {
      if (input.kind !== "settings") throw new Error("a recording starts with the settings");
      state = initialState(input.policy);
    }
    const done: Step = step(state, input, nowMs);
    state = done.state;
    yield done;
  }
}
