import { isKnownWorse } from "./fitness.ts";
import type { RefusalKind } from "./record.ts";
import { otherRole, type Role } from "./role.ts";
import type { PairState } from "./state.ts";

/** The member an operator means by "the other one". */
export function switchoverTarget(state: PairState, to: Role | null): Role {
  return to ?? otherRole(state.active ?? state.lastActive ?? "secondary");
}

/** Why an operator's switchover cannot be carried out; null = it can. `force` overrides `knownWorse` alone. */
export function refusalOf(state: PairState, to: Role, force: boolean): RefusalKind | null {
  if (!state.enabled) return "disabled";
  if (state.switching !== null || state.intent !== null) return "switchInProgress";
  if (state.active === to) return "alreadyActive";
  // A cold pair links the member for the switchover; the others hold both links anyway.
  if (state.policy.mode !== "cold" && state.members[to].link !== "up") return "notLinked";
  return !force && isKnownWorse(state, to) ? "knownWorse" : null;
}
