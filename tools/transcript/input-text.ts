import type { Input, ItemSample } from "../../src/core/input.ts";
import { type Role, roles } from "../../src/core/role.ts";
import type { PairState } from "../../src/core/state.ts";
import type { TimerId } from "../../src/core/timer.ts";
import { readPolicy, writePolicy } from "./policy-text.ts";
import { oneOf, quote, splitWords, type Words } from "./words.ts";

const qualities: readonly ItemSample["quality"][] = ["good", "uncertain", "bad", "waiting"];

/** Reads an input; ids that are left out are the present ones of `state`. Throws on what it does not know. */
export function readInput(line: string, state: PairState): Input {
  const parts = splitWords(line);
  const [kind = ""] = parts.words;
  const detail = parts.texts[0] ?? "";
  const reason = detail;
  switch (kind) {
    case "linkUp":
    case "subscribeDone":
      return { kind, ...onLink(parts, state) };
    case "linkFailed":
    case "linkLost":
    case "shutdownNotified":
    case "subscribeFailed":
      return { kind, ...onLink(parts, state), detail };
    case "probeAnswered":
      return { kind, ...onProbe(parts, state) };
    case "probeInconclusive":
      return { kind, ...onProbe(parts, state) };
    case "probeMissed":
      return { kind, ...onProbe(parts, state), detail };
    case "itemAdded":
      return { kind, ...onLink(parts, state), item: word(parts, 2) };
    case "itemAddFailed":
      return { kind, ...onLink(parts, state), item: word(parts, 2), detail };
    case "itemSample": {
      const quality = oneOf(qualities, parts.words[3], "quality");
      const isArray = parts.words[4] === "array";
      const sample = { quality, value: parts.texts[0] ?? null, isArray };
      return { kind, ...onLink(parts, state), item: word(parts, 2), sample };
    }
    case "promoteDone":
      return { kind, ...onSwitch(parts, state) };
    case "promoteFailed":
      return { kind, ...onSwitch(parts, state), detail };
    case "timerFired":
      return { kind, timer: word(parts, 1) as TimerId };
    case "settings":
      return { kind, policy: readPolicy(state.policy, parts.options) };
    case "switchover": {
      const other = parts.words[1] === "other";
      return { kind, to: other ? null : roleOf(parts), force: parts.words[2] === "force", reason };
    }
    case "enable": {
      const lastActive = parts.options.get("lastActive");
      if (lastActive === undefined) return { kind, reason };
      return { kind, reason, lastActive: oneOf(roles, lastActive, "member") };
    }
    case "disable":
    case "suspend":
    case "resume":
    case "approve":
      return { kind, reason };
    default:
      throw new Error(`no input is called "${kind}": ${line}`);
  }
}

/** Writes an input so that `readInput` gives it back. `state` is the one it is handed in to. */
export function writeInput(input: Input, state: PairState): string {
  switch (input.kind) {
    case "linkUp":
    case "subscribeDone":
      return `${input.kind} ${input.member} link=${input.linkId}`;
    case "linkFailed":
    case "linkLost":
    case "shutdownNotified":
    case "subscribeFailed":
      return `${input.kind} ${input.member} link=${input.linkId} ${quote(input.detail)}`;
    case "probeAnswered":
    case "probeInconclusive":
      return `${input.kind} ${input.member} probe=${input.probeId}`;
    case "probeMissed":
      return `${input.kind} ${input.member} probe=${input.probeId} ${quote(input.detail)}`;
    case "itemAdded":
      return `${input.kind} ${input.member} ${input.item} link=${input.linkId}`;
    case "itemAddFailed":
      return `${input.kind} ${input.member} ${input.item} link=${input.linkId} ${quote(input.detail)}`;
    case "itemSample": {
      const { quality, value, isArray } = input.sample;
      const words = ["itemSample", input.member, input.item, quality];
      if (isArray) words.push("array");
      if (value !== null) words.push(quote(value));
      return `${words.join(" ")} link=${input.linkId}`;
    }
    case "promoteDone":
      return `${input.kind} ${input.member} switch=${input.switchId}`;
    case "promoteFailed":
      return `${input.kind} ${input.member} switch=${input.switchId} ${quote(input.detail)}`;
    case "timerFired":
      return `${input.kind} ${input.timer}`;
    case "settings":
      return `${input.kind} ${writePolicy(input.policy, state.policy)}`.trimEnd();
    case "switchover":
      return `switchover ${input.to ?? "other"}${input.force ? " force" : ""} ${quote(input.reason)}`;
    case "enable": {
      const lastActive = input.lastActive === undefined ? "" : ` lastActive=${input.lastActive}`;
      return `enable ${quote(input.reason)}${lastActive}`;
    }
    case "disable":
    case "suspend":
    case "resume":
    case "approve":
      return `${input.kind} ${quote(input.reason)}`;
  }
}

function word(parts: Words, index: number): string {
  const found = parts.words[index];
  if (found === undefined) throw new Error(`a word is missing after "${parts.words.join(" ")}"`);
  return found;
}

export function roleOf(parts: Words): Role {
  return oneOf(roles, parts.words[1], "member");
}

function onLink(parts: Words, state: PairState): { member: Role; linkId: number } {
  const member = roleOf(parts);
  return { member, linkId: Number(parts.options.get("link") ?? state.members[member].linkId) };
}

function onProbe(parts: Words, state: PairState): { member: Role; probeId: number } {
  const member = roleOf(parts);
  return { member, probeId: Number(parts.options.get("probe") ?? state.members[member].probe?.probeId ?? 0) };
}

function onSwitch(parts: Words, state: PairState): { member: Role; switchId: number } {
  const member = roleOf(parts);
  return { member, switchId: Number(parts.options.get("switch") ?? state.switching?.switchId ?? 0) };
}
