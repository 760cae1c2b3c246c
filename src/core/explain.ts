import { describeCause } from "./describe.ts";
import { fitness, itemsInError } from "./fitness.ts";
import type { RefusalKind } from "./record.ts";
import { refusalOf, switchoverTarget } from "./refusal.ts";
import { otherRole, type Role } from "./role.ts";
import type { PairState } from "./state.ts";
import { step } from "./step.ts";

/** What a switchover command would do now. */
export interface SwitchoverOutlook {
  readonly from: Role | null;
  readonly to: Role;
  /** Why it would not be carried out; null = it would be. */
  readonly refusal: RefusalKind | null;
  /** One sentence each: the decision, what it rests on, what follows. */
  readonly explanation: readonly string[];
}

/**
 * Tells what an operator's `switchover` would do, without doing it. `to: null` = the other member.
 * It asks `step` itself, so that it cannot differ from what then happens.
 */
export function explainSwitchover(
  state: PairState,
  to: Role | null,
  force: boolean,
  now: number,
): SwitchoverOutlook {
  const target = switchoverTarget(state, to);
  const refusal = refusalOf(state, target, force);
  const from = state.active;
  const facts = [from, target].filter((role) => role !== null).map((role) => describeFitness(state, role));
  const explanation =
    refusal === null
      ? [accepted(state, target), ...facts, ...consequences(state, target, force, now)]
      : [refused(state, target, refusal), ...(refusal === "disabled" ? [] : facts)];
  return { from, to: target, refusal, explanation };
}

function accepted(state: PairState, to: Role): string {
  if (state.active === null) return `The ${to} would be made active; nothing is active now.`;
  return `The ${to} would be made active instead of the ${state.active}.`;
}

function refused(state: PairState, to: Role, refusal: RefusalKind): string {
  switch (refusal) {
    case "disabled":
      return "Refused: the pair is disabled. Enable it first.";
    case "alreadyActive":
      return `Refused: the ${to} is active already.`;
    case "notLinked":
      return `Refused: there is no link to the ${to}. Wait until it is connected.`;
    case "knownWorse":
      return `Refused: the ${to} is known to be worse than the ${otherRole(to)}. Repair it, or use force.`;
    case "switchInProgress":
      return `Refused: the switchover to the ${state.switching?.to ?? state.intent?.to ?? to} is not finished yet.`;
    case "nothingToApprove":
      return "Refused: no switchover waits for approval.";
  }
}

function describeFitness(state: PairState, role: Role): string {
  const member = state.members[role];
  if (member.link !== "up") {
    const known = member.trouble === null ? "" : `: ${describeCause(member.trouble)}`;
    return `The ${role} is not connected${known}.`;
  }
  switch (fitness(member)) {
    case "unusable":
      return `The ${role} is shutting down.`;
    case "inError":
      return `The ${role} is connected, but monitor items are in error: ${itemsInError(member.items).join(", ")}.`;
    case "suspect":
      return `The ${role} is connected, but left ${member.missed} status queries unanswered.`;
    case "well":
      return `The ${role} is connected and nothing speaks against it.`;
  }
}

function consequences(state: PairState, to: Role, force: boolean, now: number): string[] {
  const after = step(state, { kind: "switchover", to, force, reason: "dry run" }, now);
  const lines: string[] = [];
  if (after.effects.some((effect) => effect.kind === "demote")) {
    lines.push("Cold: clients are without data until the other member is connected.");
  }
  if (state.locked) lines.push("It ends the lock on automatic switchovers.");
  if (state.suspended) lines.push("Automatic switchovers stay suspended.");
  if (state.approval !== null) lines.push("The switchover that awaits approval is settled by it.");
  if (to === "secondary" && state.policy.mode !== "cold" && state.policy.preferPrimary.when !== "never") {
    lines.push(
      "The primary is not preferred again until the secondary fails, or until resume or a switchover.",
    );
  }
  return lines;
}
