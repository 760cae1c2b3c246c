import { dropFailed, release, shutdownTrouble } from "./disconnect.ts";
import { causeFromNothing } from "./elect.ts";
import { permits } from "./limits.ts";
import { otherRole, type Role, roles } from "./role.ts";
import {
  effect,
  isRunning,
  memberOf,
  nextId,
  setHealth,
  startTimer,
  stopTimer,
  type Turn,
  update,
  updateMember,
} from "./turn.ts";

/** How long a cold pair goes by what it last saw of the member that it is not linked to, in ms. */
export const coldKnowledgeMs = 300_000;

/** Opens and closes links until exactly those are held that the connection mode asks for. */
export function settleLinks(turn: Turn): void {
  for (const role of roles) dropStopping(turn, role);
  if (turn.state.policy.mode === "cold") settleColdLinks(turn);
  else for (const role of roles) if (mayOpen(turn, role)) openLink(turn, role);
}

/** Cold: what was last seen of the unlinked member is believed for a while only. */
export function settleColdKnowledge(turn: Turn): void {
  const { active, policy, members } = turn.state;
  for (const role of roles) {
    const { link, health, test } = members[role];
    const old = policy.mode === "cold" && active === otherRole(role) && link === "down";
    if (!old || (health !== "failed" && test !== "error")) stopTimer(turn, `forget:${role}`);
    else if (!isRunning(turn, `forget:${role}`)) startTimer(turn, `forget:${role}`, coldKnowledgeMs);
  }
}

export function onForget(turn: Turn, role: Role): void {
  updateMember(turn, role, { test: "untested", trouble: null });
  setHealth(turn, role, "unknown");
}

function openLink(turn: Turn, role: Role): void {
  stopTimer(turn, `reconnect:${role}`);
  const linkId = nextId(turn);
  updateMember(turn, role, { link: "connecting", linkId });
  effect(turn, { kind: "openLink", member: role, linkId });
  startTimer(turn, `connectTimeout:${role}`, turn.state.policy.connectTimeoutMs);
}

function mayOpen(turn: Turn, role: Role): boolean {
  return memberOf(turn, role).link === "down" && !isRunning(turn, `reconnect:${role}`);
}

/** One link at a time. Ping-pong: after a failure the other member is next, each at most once per reconnect time. */
function settleColdLinks(turn: Turn): void {
  const wanted = coldTarget(turn);
  for (const role of roles) if (role !== wanted) release(turn, role, "cold: one link at a time");
  if (wanted !== null && memberOf(turn, wanted).link === "down") openLink(turn, wanted);
}

function coldTarget(turn: Turn): Role | null {
  const { active, intent, lastActive } = turn.state;
  if (active !== null) return active;
  if (intent !== null) {
    if (permits(turn, intent)) return intent.to;
    update(turn, { intent: null });
  }
  const allowed = roles.filter(
    (to) => lastActive === null || permits(turn, { to, cause: causeFromNothing(turn.state, to, turn.now) }),
  );
  const held =
    allowed.find((role) => memberOf(turn, role).link === "up") ??
    allowed.find((role) => memberOf(turn, role).link === "connecting");
  if (held !== undefined) return held;
  const { primary, secondary } = turn.state.members;
  const next: Role = primary.linkId > secondary.linkId ? "secondary" : "primary";
  return [next, otherRole(next)].find((role) => allowed.includes(role) && mayOpen(turn, role)) ?? null;
}

/** A member that shuts down is let go once the clients are elsewhere, so that it is connected again later. */
function dropStopping(turn: Turn, role: Role): void {
  const trouble = shutdownTrouble(turn, role);
  if (trouble === null || turn.state.active === role) return;
  dropFailed(turn, role, trouble, "the server shuts down");
}
