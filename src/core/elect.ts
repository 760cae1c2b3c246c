import type { Cause } from "./cause.ts";
import { compareFitness, fitness, isUsable, isWell } from "./fitness.ts";
import { otherRole, type Role } from "./role.ts";
import type { PairState } from "./state.ts";

/** A member that should be active instead of the present one. */
export interface Candidate {
  readonly to: Role;
  readonly cause: Cause;
}

/** What `elect` found; whether a candidate may be promoted is for the limits to say (see limits.ts). */
export interface Election {
  /** The fittest first. Empty: leave everything as it is. */
  readonly candidates: readonly Candidate[];
  /** The active member cannot serve any longer; why. */
  readonly lost: Cause | null;
}

const asItIs: Election = Object.freeze({ candidates: Object.freeze([]), lost: null });

/** Who should be active, and why: every failover, failback and first promotion is decided here. */
export function elect(state: PairState, now: number): Election {
  if (!state.enabled) return asItIs;
  if (state.active === null) return { candidates: electFromNothing(state, now), lost: null };

  const active = state.members[state.active];
  if (active.link !== "up") {
    const lost: Cause = active.trouble ?? { kind: "onlyAvailable", sinceMs: now };
    return { candidates: electOther(state, lost), lost };
  }
  if (state.switching !== null) return asItIs;
  const candidate = electAgainstServing(state, state.active, now);
  return candidate === null ? asItIs : { candidates: [candidate], lost: null };
}

/** The active member is gone: any usable other one is better. A cold pair has to link it first. */
function electOther(state: PairState, cause: Cause): Candidate[] {
  const to = otherRole(state.active ?? "secondary");
  return isUsable(state.members[to]) ? [{ to, cause }] : [];
}

/** Nothing is active: whoever is usable, the fittest first; of equals the one that was active last. */
function electFromNothing(state: PairState, now: number): Candidate[] {
  if (waitsForFirst(state)) return [];
  const preferred = state.lastActive ?? "primary";
  const { primary, secondary } = state.members;
  const order = compareFitness(primary, secondary);
  const first = order === 0 ? preferred : order > 0 ? "primary" : "secondary";
  return [first, otherRole(first)]
    .filter((to) => isUsable(state.members[to]))
    .map((to) => ({ to, cause: causeFromNothing(state, to, now) }));
}

/** At startup the preferred member is not passed over because the other one connected a little earlier. */
function waitsForFirst(state: PairState): boolean {
  const first = state.lastActive ?? "primary";
  return state.policy.mode !== "cold" && !state.members[first].attempted;
}

/** Why `to` is promoted while nothing is active. */
export function causeFromNothing(state: PairState, to: Role, now: number): Cause {
  if (state.intent?.to === to) return state.intent.cause;
  if (state.lastActive === null) return { kind: "startup" };
  const { idle, lastActive } = state;
  const nothingElse: Cause = { kind: "onlyAvailable", sinceMs: idle?.sinceMs ?? now };
  if (state.policy.mode === "cold" && idle !== null) {
    // A cold pair is without active member during every switchover: the reason for leaving is the cause.
    const { trouble } = state.members[otherRole(to)];
    const asked = idle.cause.kind === "operator";
    if (to !== lastActive) return asked ? (trouble ?? nothingElse) : idle.cause;
    if (!isOwnTrouble(idle.cause) && trouble?.kind === "connectFailed") return trouble;
  }
  return nothingElse;
}

/** The member failed, as opposed to being left while it still served. */
function isOwnTrouble(cause: Cause): boolean {
  return cause.kind === "linkLost" || cause.kind === "statusQuery" || cause.kind === "promotionFailed";
}

/** The active member is linked: is there a reason to leave it, and is the other one fit to take over? */
function electAgainstServing(state: PairState, active: Role, now: number): Candidate | null {
  return electOnShutdown(state, active) ?? electOnItems(state, active) ?? electPrimary(state, active, now);
}

function electOnShutdown(state: PairState, active: Role): Candidate | null {
  const { stopping } = state.members[active];
  const to = otherRole(active);
  if (stopping === null || !(isUsable(state.members[to]) || isUntried(state, to))) return null;
  return { to, cause: { kind: "shutdown", member: active, ...stopping } };
}

/** Monitor items in error are no server failure: worth a switchover only to a member not as bad or worse. */
function electOnItems(state: PairState, active: Role): Candidate | null {
  const member = state.members[active];
  const tolerated = state.choice?.member === active && state.choice.despiteItems;
  if (member.test !== "error" || tolerated) return null;
  const to = otherRole(active);
  const other = state.members[to];
  const lessBad = compareFitness(other, member) > 0;
  const fit = fitness(other) === "well" || (state.policy.bothBad === "bestAvailable" && lessBad);
  if (!fit && !isUntried(state, to)) return null;
  const inError = member.items.filter((item) => item.verdict === "error");
  const sinceMs = Math.min(...inError.map((item) => item.errorSinceMs ?? item.updatedMs));
  return { to, cause: { kind: "monitorItems", member: active, sinceMs, items: inError.map((i) => i.item) } };
}

/** A cold pair is not linked to the other member; nothing known against it is reason enough to try it. */
function isUntried(state: PairState, role: Role): boolean {
  const member = state.members[role];
  return (
    state.policy.mode === "cold" &&
    member.link === "down" &&
    member.health !== "failed" &&
    member.test !== "error"
  );
}

function electPrimary(state: PairState, active: Role, now: number): Candidate | null {
  const dueMs = preferPrimaryDueMs(state);
  if (active === "primary" || dueMs === null || now < dueMs) return null;
  const sinceMs = state.members.primary.wellSinceMs ?? now;
  return { to: "primary", cause: { kind: "preferPrimary", sinceMs } };
}

/** From when on the primary is preferred to the active secondary; null = not at all, as things stand. */
export function preferPrimaryDueMs(state: PairState): number | null {
  const { mode, preferPrimary } = state.policy;
  const { wellSinceMs } = state.members.primary;
  if (mode === "cold" || state.active !== "secondary" || state.choice?.member === "secondary") return null;
  if (wellSinceMs === null || !isWell(state, "primary")) return null;
  switch (preferPrimary.when) {
    case "never":
      return null;
    case "atOnce":
      return wellSinceMs;
    case "stable":
      return wellSinceMs + preferPrimary.forMs;
  }
}
