import { dropFailed } from "./disconnect.ts";
import type { Role } from "./role.ts";
import {
  effect,
  memberOf,
  nextId,
  record,
  setHealth,
  startTimer,
  stopTimer,
  type Turn,
  updateMember,
} from "./turn.ts";

/** Asks a linked member for its status; one query at a time. */
export function sendProbe(turn: Turn, role: Role): void {
  const { linkId } = memberOf(turn, role);
  const probeId = nextId(turn);
  updateMember(turn, role, { probe: Object.freeze({ probeId, sentMs: turn.now }), probeSentMs: turn.now });
  effect(turn, { kind: "probe", member: role, linkId, probeId });
  startTimer(turn, `probeTimeout:${role}`, turn.state.policy.probe.timeoutMs);
}

export function onProbeAnswered(turn: Turn, role: Role, probeId: number): void {
  const member = memberOf(turn, role);
  if (member.probe?.probeId !== probeId) return;
  const { recoverAfter } = turn.state.policy.counts;
  const answered = Math.min(member.answered + 1, recoverAfter);
  updateMember(turn, role, { probe: null, everAnswered: true, missed: 0, missedSinceMs: null, answered });
  if (answered >= recoverAfter) setHealth(turn, role, "ok");
  scheduleNext(turn, role);
}

/** An error answer; silence comes here through the probe timeout. */
export function onProbeMissed(turn: Turn, role: Role, probeId: number, detail: string): void {
  const { probe } = memberOf(turn, role);
  if (probe?.probeId === probeId) missed(turn, role, probe.sentMs, detail);
}

/** What was counted before stands; the next query may tell more. */
export function onProbeInconclusive(turn: Turn, role: Role, probeId: number): void {
  if (memberOf(turn, role).probe?.probeId !== probeId) return;
  updateMember(turn, role, { probe: null });
  scheduleNext(turn, role);
}

export function onProbeTimeout(turn: Turn, role: Role): void {
  const { probe } = memberOf(turn, role);
  const detail = `no answer within ${turn.state.policy.probe.timeoutMs} ms`;
  if (probe !== null) missed(turn, role, probe.sentMs, detail);
}

function missed(turn: Turn, role: Role, sentMs: number, detail: string): void {
  const { warnAfter, failAfter, failAfterStartup } = turn.state.policy.counts;
  const member = memberOf(turn, role);
  const count = member.missed + 1;
  const sinceMs = member.missedSinceMs ?? sentMs;
  updateMember(turn, role, { probe: null, missed: count, missedSinceMs: sinceMs, answered: 0 });
  if (count >= (member.everAnswered ? failAfter : failAfterStartup)) {
    record(turn, { kind: "statusQueryFailed", member: role, missed: count });
    const trouble = { kind: "statusQuery", member: role, sinceMs, missed: count } as const;
    dropFailed(turn, role, trouble, `status query: ${detail}`);
    return;
  }
  if (count >= warnAfter) setHealth(turn, role, "suspect");
  scheduleNext(turn, role);
}

/** The interval counts from the last query sent, so that slow answers do not stretch it. */
function scheduleNext(turn: Turn, role: Role): void {
  const { probeSentMs, health } = memberOf(turn, role);
  const { intervalMs, suspectIntervalMs } = turn.state.policy.probe;
  stopTimer(turn, `probeTimeout:${role}`);
  const dueMs = probeSentMs + (health === "suspect" ? suspectIntervalMs : intervalMs);
  startTimer(turn, `probe:${role}`, dueMs - turn.now);
}
