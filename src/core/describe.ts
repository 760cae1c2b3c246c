import type { Cause } from "./cause.ts";
import { itemsInError } from "./fitness.ts";
import { type Role, roles } from "./role.ts";
import type { PairState } from "./state.ts";

/**
 * A state in one line, e.g.
 * `hot: primary active; primary up ok subscribed; secondary up suspect 2 missed subscribed; suspended`.
 */
export function describe(state: PairState): string {
  if (!state.enabled) return state.suspended ? "disabled; suspended" : "disabled";
  const parts = [`${state.policy.mode}: ${describeActive(state)}`];
  for (const role of roles) parts.push(describeMember(state, role));
  if (state.suspended) parts.push("suspended");
  if (state.locked) parts.push("locked, needs operator");
  if (state.held !== null) parts.push(`switch to ${state.held.to} held down until ${state.held.untilMs} ms`);
  if (state.approval !== null) parts.push(`switch to ${state.approval.to} awaits approval`);
  if (state.choice !== null) parts.push(`${state.choice.member} chosen by operator`);
  return parts.join("; ");
}

function describeActive(state: PairState): string {
  if (state.active === null) {
    return state.intent === null ? "nothing active" : `nothing active, on the way to ${state.intent.to}`;
  }
  return state.switching === null ? `${state.active} active` : `${state.active} being promoted`;
}

function describeMember(state: PairState, role: Role): string {
  const member = state.members[role];
  const words = [`${role} ${member.link} ${member.health}`];
  if (member.missed > 0) words.push(`${member.missed} missed`);
  if (member.stopping !== null) words.push("shutting down");
  if (member.items.length > 0) {
    words.push(`${itemsInError(member.items).length}/${member.items.length} items in error`);
  } else if (state.policy.mode === "cold" && member.link === "down" && member.test === "error") {
    words.push("items were in error");
  }
  if (member.subscription === "pending") words.push("subscribing");
  if (member.subscription === "done") words.push("subscribed");
  return words.join(" ");
}

/** A cause in a few words, without times. */
export function describeCause(cause: Cause): string {
  switch (cause.kind) {
    case "startup":
      return "startup";
    case "linkLost":
      return `the link to the ${cause.member} was lost (${cause.detail})`;
    case "connectFailed":
      return `the ${cause.member} could not be connected (${cause.detail})`;
    case "statusQuery":
      return `the ${cause.member} left ${cause.missed} status queries unanswered`;
    case "shutdown":
      return `the ${cause.member} shuts down (${cause.detail})`;
    case "monitorItems":
      return `monitor items of the ${cause.member} are in error (${cause.items.join(", ")})`;
    case "promotionFailed":
      return `the ${cause.member} could not be made active (${cause.detail})`;
    case "preferPrimary":
      return "the primary is well again and preferred";
    case "onlyAvailable":
      return "nothing was active";
    case "operator":
      return cause.forced
        ? `an operator forced it (${cause.reason})`
        : `an operator asked for it (${cause.reason})`;
  }
}
