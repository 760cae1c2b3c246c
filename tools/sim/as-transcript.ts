import { initialState } from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";
import { writeInput } from "../transcript/input-text.ts";
import { writePolicy } from "../transcript/policy-text.ts";
import { playTranscript } from "../transcript/transcript.ts";
import type { Schedule } from "./schedule.ts";
import type { Outcome } from "./simulate.ts";

/** The inputs of a run as a transcript: a failing seed to read, to keep and to play again. */
export function asTranscript(schedule: Schedule, outcome: Outcome): string {
  const { failure } = outcome;
  const lines = [
    `# Seed ${schedule.seed}: ${failure === null ? "no failure" : failure.detail.replaceAll("\n", " ")}`,
    `policy ${writePolicy(schedule.policy)}`.trimEnd(),
    "clock manual",
    "",
  ];
  let state = initialState(schedule.policy);
  for (const { atMs, input } of outcome.inputs) {
    lines.push(`${atMs} ${writeInput(input, state)}`);
    state = step(state, input, atMs).state;
  }
  return `${playTranscript(lines.join("\n"))}\n`;
}
