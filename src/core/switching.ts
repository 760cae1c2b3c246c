import type { Cause } from "./cause.ts";
import { dropFailed, release, shutdownTrouble } from "./disconnect.ts";
import { type Candidate, elect } from "./elect.ts";
import { countSwitchover, lockAfter, permits, withdrawApproval } from "./limits.ts";
import { promoteTimeoutMs } from "./policy.ts";
import type { Role } from "./role.ts";
import type { Switching } from "./state.ts";
import { effect, memberOf, nextId, record, startTimer, stopTimer, type Turn, update } from "./turn.ts";

/** Carries out what the election says, as far as the limits permit; else takes out an active member that is lost. */
export function settleActive(turn: Turn): void {
  const { candidates, lost } = elect(turn.state, turn.now);
  const chosen = candidates.find((candidate) => permits(turn, candidate));
  if (chosen !== undefined) switchTo(turn, chosen, false);
  else if (lost !== null) demote(turn, lost);
}

/** Changes the active member; a cold pair leaves the one before it can link the other. */
export function switchTo(turn: Turn, candidate: Candidate, byOperator: boolean): void {
  if (memberOf(turn, candidate.to).link === "up") promote(turn, candidate, byOperator);
  else depart(turn, candidate, byOperator);
}

function promote(turn: Turn, { to, cause }: Candidate, byOperator: boolean): void {
  const { active, lastActive, intent, approval } = turn.state;
  const ofOperator = byOperator || (intent?.to === to && intent.byOperator);
  if (!ofOperator && lastActive !== null && lastActive !== to) countSwitchover(turn);
  if (approval?.to !== to) withdrawApproval(turn);
  const switchId = nextId(turn);
  const switching: Switching = Object.freeze({ switchId, to, from: active, cause, startedMs: turn.now });
  update(turn, { active: to, switching, intent: null, idle: null, approval: null });
  settleChoice(turn, to, cause);
  effect(turn, { kind: "promote", member: to, switchId, cause });
  startTimer(turn, "promoteTimeout", promoteTimeoutMs(turn.state.policy));
}

/** An operator's choice holds until another member is promoted; see `PairState.choice`. */
function settleChoice(turn: Turn, to: Role, cause: Cause): void {
  if (cause.kind === "operator") {
    const despiteItems = cause.forced || memberOf(turn, to).test === "error";
    update(turn, { choice: Object.freeze({ member: to, despiteItems }) });
  } else if (turn.state.choice !== null && turn.state.choice.member !== to) {
    update(turn, { choice: null });
  }
}

/** Cold: only one link is held, so the active member is left first and the other one promoted when it is up. */
function depart(turn: Turn, { to, cause }: Candidate, byOperator: boolean): void {
  const from = turn.state.active;
  const intent = Object.freeze({ to, cause, byOperator });
  if (from !== null) {
    const trouble = shutdownTrouble(turn, from);
    demote(turn, cause);
    if (trouble === null) release(turn, from, `cold: leaves for the ${to}`);
    else dropFailed(turn, from, trouble, "the server shuts down");
  }
  if (turn.state.approval?.to === to) update(turn, { approval: null });
  update(turn, { intent });
}

/** Nothing is active any longer: the clients are told. */
export function demote(turn: Turn, cause: Cause): void {
  const { active: from } = turn.state;
  if (from === null) return;
  clearActive(turn, cause);
  record(turn, { kind: "nothingActive", from, cause });
}

/** As `demote`, on behalf of an operator who disables the pair. */
export function clearActive(turn: Turn, cause: Cause): void {
  const { active: from } = turn.state;
  if (from === null) return;
  const switchId = nextId(turn);
  stopTimer(turn, "promoteTimeout");
  if (turn.state.choice?.member === from) update(turn, { choice: null });
  update(turn, { active: null, switching: null, idle: Object.freeze({ cause, sinceMs: turn.now }) });
  effect(turn, { kind: "demote", member: from, switchId, cause });
}

export function onPromoteDone(turn: Turn, role: Role, switchId: number): void {
  const { switching } = turn.state;
  if (switching === null || switching.switchId !== switchId || switching.to !== role) return;
  stopTimer(turn, "promoteTimeout");
  update(turn, { switching: null, lastActive: role });
  const { from, cause, startedMs } = switching;
  record(turn, { kind: "promoted", member: role, from, cause, tookMs: turn.now - startedMs });
}

export function onPromoteFailed(turn: Turn, role: Role, switchId: number, detail: string): void {
  const { switching } = turn.state;
  if (switching?.switchId === switchId && switching.to === role) promotionFailed(turn, switching, detail);
}

export function onPromoteTimeout(turn: Turn): void {
  const { switching, policy } = turn.state;
  const detail = `no answer within ${promoteTimeoutMs(policy)} ms`;
  if (switching !== null) promotionFailed(turn, switching, detail);
}

/** A member that cannot be made active is of no use on this link. */
function promotionFailed(turn: Turn, { to, startedMs }: Switching, detail: string): void {
  stopTimer(turn, "promoteTimeout");
  update(turn, { switching: null });
  record(turn, { kind: "promotionFailed", member: to, detail });
  if (turn.state.policy.afterFailedPromotion === "lock") lockAfter(turn, to);
  const trouble = { kind: "promotionFailed", member: to, sinceMs: startedMs, detail } as const;
  dropFailed(turn, to, trouble, `promotion: ${detail}`);
}
