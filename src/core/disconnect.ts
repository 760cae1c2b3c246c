import { stopItems } from "./items.ts";
import type { Role } from "./role.ts";
import type { Trouble } from "./state.ts";
import {
  effect,
  memberOf,
  record,
  setHealth,
  startTimer,
  stopTimer,
  type Turn,
  update,
  updateMember,
} from "./turn.ts";

/** The member is of no use on this link: the core closes it and connects anew after the reconnect time. */
export function dropFailed(turn: Turn, role: Role, trouble: Trouble, detail: string): void {
  const { linkId } = memberOf(turn, role);
  effect(turn, { kind: "closeLink", member: role, linkId });
  record(turn, { kind: "disconnected", member: role, detail });
  fail(turn, role, trouble);
}

/** Closes a link that is no longer wanted; nothing is held against the member for it. */
export function release(turn: Turn, role: Role, detail: string): void {
  const { link, linkId } = memberOf(turn, role);
  if (link === "down") return;
  effect(turn, { kind: "closeLink", member: role, linkId });
  if (link === "up") {
    record(turn, { kind: "disconnected", member: role, detail });
    unlink(turn, role);
    setHealth(turn, role, "unknown");
  } else {
    unlink(turn, role);
  }
}

/** The link has ended by itself or by refusal: the core connects anew after the reconnect time. */
export function fail(turn: Turn, role: Role, trouble: Trouble): void {
  unlink(turn, role);
  updateMember(turn, role, { trouble: Object.freeze(trouble) });
  setHealth(turn, role, "failed");
  startTimer(turn, `reconnect:${role}`, turn.state.policy.reconnectIntervalMs);
  if (turn.state.choice?.member === role) update(turn, { choice: null });
}

/** Why a member that announced its shutdown is let go; null where it announced none. */
export function shutdownTrouble(turn: Turn, role: Role): Trouble | null {
  const { link, stopping } = memberOf(turn, role);
  return link === "up" && stopping !== null ? { kind: "shutdown", member: role, ...stopping } : null;
}

/** Forgets all that belongs to the link. */
function unlink(turn: Turn, role: Role): void {
  stopItems(turn, role);
  for (const name of ["connectTimeout", "probe", "probeTimeout", "subscribeTimeout"] as const) {
    stopTimer(turn, `${name}:${role}`);
  }
  updateMember(turn, role, {
    link: "down",
    probe: null,
    missed: 0,
    missedSinceMs: null,
    answered: 0,
    stopping: null,
    subscription: "none",
  });
}
