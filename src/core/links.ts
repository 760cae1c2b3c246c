import { fail, shutdownTrouble } from "./disconnect.ts";
import { startAddingItems } from "./items.ts";
import { sendProbe } from "./probes.ts";
import type { Role } from "./role.ts";
import { effect, memberOf, record, setHealth, stopTimer, type Turn, update, updateMember } from "./turn.ts";

export function onLinkUp(turn: Turn, role: Role, linkId: number): void {
  const member = memberOf(turn, role);
  if (member.linkId !== linkId || member.link !== "connecting") return;
  stopTimer(turn, `connectTimeout:${role}`);
  updateMember(turn, role, {
    link: "up",
    attempted: true,
    connectFailedRecorded: false,
    missed: 0,
    missedSinceMs: null,
    answered: 0,
    trouble: null,
    test: "untested",
  });
  record(turn, { kind: "connected", member: role });
  setHealth(turn, role, "unknown");
  sendProbe(turn, role);
  startAddingItems(turn, role);
}

/** Refused while connecting; of a link that is up already (an answer that comes twice) it means lost. */
export function onLinkFailed(turn: Turn, role: Role, linkId: number, detail: string): void {
  const member = memberOf(turn, role);
  if (member.linkId !== linkId) return;
  if (member.link === "connecting") connectFailed(turn, role, detail);
  else onLinkLost(turn, role, linkId, detail);
}

export function onLinkLost(turn: Turn, role: Role, linkId: number, detail: string): void {
  const member = memberOf(turn, role);
  if (member.linkId !== linkId || member.link === "down") return;
  if (member.link === "connecting") {
    connectFailed(turn, role, detail);
    return;
  }
  record(turn, { kind: "connectionLost", member: role, detail });
  fail(
    turn,
    role,
    shutdownTrouble(turn, role) ?? { kind: "linkLost", member: role, sinceMs: turn.now, detail },
  );
}

export function onShutdownNotified(turn: Turn, role: Role, linkId: number, detail: string): void {
  const member = memberOf(turn, role);
  if (member.linkId !== linkId || member.link !== "up" || member.stopping !== null) return;
  updateMember(turn, role, { stopping: Object.freeze({ sinceMs: turn.now, detail }) });
  record(turn, { kind: "shutdownReceived", member: role, detail });
}

export function onConnectTimeout(turn: Turn, role: Role): void {
  const { linkId } = memberOf(turn, role);
  effect(turn, { kind: "closeLink", member: role, linkId });
  connectFailed(turn, role, `no answer within ${turn.state.policy.connectTimeoutMs} ms`);
}

function connectFailed(turn: Turn, role: Role, detail: string): void {
  const { connectFailedRecorded } = memberOf(turn, role);
  if (!connectFailedRecorded) record(turn, { kind: "connectFailed", member: role, detail });
  updateMember(turn, role, { attempted: true, connectFailedRecorded: true });
  if (turn.state.intent?.to === role) update(turn, { intent: null });
  fail(turn, role, { kind: "connectFailed", member: role, sinceMs: turn.now, detail });
}
