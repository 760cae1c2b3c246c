import { describe } from "../../src/core/describe.ts";
import type { Effect } from "../../src/core/effect.ts";
import { explainSwitchover } from "../../src/core/explain.ts";
import type { Input } from "../../src/core/input.ts";
import { type Role, roles } from "../../src/core/role.ts";
import { initialState, type PairState } from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";
import type { TimerId } from "../../src/core/timer.ts";
import { readInput, roleOf, writeInput } from "./input-text.ts";
import { writeEffect, writeRecord } from "./output-text.ts";
import { readPolicy, usualPolicy } from "./policy-text.ts";
import { splitWords } from "./words.ts";

/** How a member of the transcript's plant behaves towards the core. */
type Manner = "answers" | "silent" | "refuses";

interface Play {
  state: PairState;
  now: number;
  /** `clock manual`: timers fire only where the transcript says so. */
  clockRuns: boolean;
  readonly manners: Record<Role, Manner>;
  readonly hidden: Set<string>;
  readonly lines: string[];
  lastDescription: string;
}

/** What `hide` knows beside the names of single inputs, effects and records. */
const groups: Readonly<Record<string, readonly string[]>> = Object.freeze({
  timers: ["startTimer", "stopTimer", "timerFired"],
  probes: ["probe", "probeAnswered"],
  answers: ["linkUp", "subscribe", "subscribeDone", "addMonitorItems", "itemAdded", "promoteDone"],
});

/**
 * Plays a transcript and writes it anew with what the core answers. Lines that start with two spaces are
 * the core's and are replaced; all others (comments, directives, inputs) stay as they are.
 */
export function playTranscript(text: string): string {
  const play: Play = {
    state: initialState(usualPolicy),
    now: 0,
    clockRuns: true,
    manners: { primary: "silent", secondary: "silent" },
    hidden: new Set(),
    lines: [],
    lastDescription: describe(initialState(usualPolicy)),
  };
  for (const line of text.split("\n")) {
    if (line.startsWith("  ")) continue;
    if (/^\d/.test(line)) passTime(play, line);
    play.lines.push(line);
    if (line !== "" && !line.startsWith("#")) playLine(play, line);
  }
  return play.lines.join("\n");
}

function playLine(play: Play, line: string): void {
  const parts = splitWords(line);
  const [first = "", ...rest] = parts.words;
  switch (first) {
    case "policy":
      play.state = initialState(readPolicy(usualPolicy, parts.options));
      break;
    case "clock":
      play.clockRuns = rest[0] !== "manual";
      break;
    case "hide":
      for (const word of rest) for (const kind of groups[word] ?? [word]) play.hidden.add(kind);
      break;
    case "show":
      for (const word of rest) for (const kind of groups[word] ?? [word]) play.hidden.delete(kind);
      break;
    case "answers":
    case "silent":
    case "refuses":
      for (const role of rest.length === 0 ? roles : [roleOf(parts)]) play.manners[role] = first;
      break;
    default:
      playAt(play, line.slice(first.length).trim());
  }
}

/** What happens by itself before the next line stands with the line before. */
function passTime(play: Play, line: string): void {
  const [first = "", command = ""] = line.split(" ");
  const time = Number(first);
  if (!Number.isInteger(time) || time < play.now)
    throw new Error(`expected a time of ${play.now} or later: ${line}`);
  // A timer that is due at the very time of an input fires after it.
  if (command !== "wait") runClock(play, time - 1);
  play.now = time;
}

function playAt(play: Play, command: string): void {
  if (command === "wait") runClock(play, play.now);
  else if (command.startsWith("explain")) explain(play, command);
  else feed(play, readInput(command, play.state), false);
  showState(play);
}

function showState(play: Play): void {
  const description = describe(play.state);
  if (description !== play.lastDescription) play.lines.push(`  = ${description}`);
  play.lastDescription = description;
}

/** Fires the timers that are due, in the order of their times. */
function runClock(play: Play, until: number): void {
  while (play.clockRuns) {
    const [next] = Object.entries(play.state.timers).sort(([, a = 0], [, b = 0]) => a - b);
    if (next === undefined || (next[1] ?? 0) > until) break;
    play.now = next[1] ?? 0;
    feed(play, { kind: "timerFired", timer: next[0] as TimerId }, true);
  }
  play.now = Math.max(play.now, until);
  showState(play);
}

/** Hands an input to the core, and then what the members answer to the effects. */
function feed(play: Play, input: Input, shown: boolean): void {
  const before = play.state;
  const { state, effects, records } = step(before, input, play.now);
  play.state = state;
  const visible = [
    ...effects.flatMap((effect) => unlessHidden(play, effect.kind, `> ${writeEffect(effect)}`)),
    ...records.flatMap((record) => unlessHidden(play, record.kind, `* ${writeRecord(record)}`)),
  ];
  if (shown && (visible.length > 0 || !play.hidden.has(input.kind))) {
    play.lines.push(`  < ${play.now} ${writeInput(input, before)}`);
  }
  play.lines.push(...visible);
  for (const effect of effects) for (const answer of answers(play, effect)) feed(play, answer, true);
}

function unlessHidden(play: Play, kind: string, text: string): string[] {
  return play.hidden.has(kind) ? [] : [`  ${text}`];
}

/** What an obliging host and member answer at once. */
function answers(play: Play, effect: Effect): Input[] {
  if (!("member" in effect)) return [];
  const { member } = effect;
  const manner = play.manners[member];
  if (manner === "silent") return [];
  if (manner === "refuses") {
    if (effect.kind !== "openLink") return [];
    return [{ kind: "linkFailed", member, linkId: effect.linkId, detail: "refused" }];
  }
  switch (effect.kind) {
    case "openLink":
      return [{ kind: "linkUp", member, linkId: effect.linkId }];
    case "probe":
      return [{ kind: "probeAnswered", member, probeId: effect.probeId }];
    case "subscribe":
      return [{ kind: "subscribeDone", member, linkId: effect.linkId }];
    case "promote":
      return [{ kind: "promoteDone", member, switchId: effect.switchId }];
    case "addMonitorItems":
      return effect.items.map((item) => ({ kind: "itemAdded", member, linkId: effect.linkId, item }));
    default:
      return [];
  }
}

function explain(play: Play, command: string): void {
  const parts = splitWords(command);
  const to = parts.words[1] === "other" ? null : roleOf(parts);
  const outlook = explainSwitchover(play.state, to, parts.words[2] === "force", play.now);
  play.lines.push(...outlook.explanation.map((sentence) => `  ? ${sentence}`));
}
