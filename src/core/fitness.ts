import { otherRole, type Role } from "./role.ts";
import type { ItemState, MemberState, PairState } from "./state.ts";

/**
 * How fit a member is to serve, from what is known of it, worst first:
 * - `unusable`: not linked, or it said that it shuts down
 * - `inError`: linked, but as many monitor items as the failure count are in error
 * - `suspect`: some status queries missed, not yet enough to fail it
 * - `well`: nothing speaks against it (freshly linked members included)
 */
export type Fitness = "unusable" | "inError" | "suspect" | "well";

const rank: Readonly<Record<Fitness, number>> = Object.freeze({
  unusable: 0,
  inError: 1,
  suspect: 2,
  well: 3,
});

export function fitness(member: MemberState): Fitness {
  if (!isUsable(member)) return "unusable";
  if (member.test === "error") return "inError";
  return member.health === "suspect" ? "suspect" : "well";
}

export function isUsable(member: MemberState): boolean {
  return member.link === "up" && member.stopping === null;
}

export function itemsInError(items: readonly ItemState[]): string[] {
  return items.filter((item) => item.verdict === "error").map((item) => item.item);
}

/** Positive where `a` is fitter than `b`. Of two in error, the one with fewer items in error is fitter. */
export function compareFitness(a: MemberState, b: MemberState): number {
  const difference = rank[fitness(a)] - rank[fitness(b)];
  if (difference !== 0 || fitness(a) !== "inError") return difference;
  return itemsInError(b.items).length - itemsInError(a.items).length;
}

/** Beyond doubt: linked, enough status queries answered, and the monitor items (if any) tested and passed. */
export function isWell(state: PairState, role: Role): boolean {
  const member = state.members[role];
  const passed = state.policy.monitor.items.length === 0 || member.test === "passed";
  return isUsable(member) && member.health === "ok" && passed;
}

/**
 * Whether `to` is known to serve worse than the active member does. Of a member that a cold pair is not
 * linked to, what was last seen of it counts, until that is forgotten.
 */
export function isKnownWorse(state: PairState, to: Role): boolean {
  const active = state.members[otherRole(to)];
  if (state.active !== otherRole(to) || !isUsable(active)) return false;
  const target = state.members[to];
  if (state.policy.mode !== "cold" || target.link === "up") return compareFitness(target, active) < 0;
  return target.health === "failed" || (target.test === "error" && active.test !== "error");
}
