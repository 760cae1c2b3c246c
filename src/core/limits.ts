import type { Candidate } from "./elect.ts";
import type { Role } from "./role.ts";
import type { PairState } from "./state.ts";
import { record, startTimer, type Turn, update } from "./turn.ts";

/** What keeps an automatic switchover from being carried out; null = nothing. */
export type Restraint =
  | { readonly kind: "suspended" }
  | { readonly kind: "locked" }
  | { readonly kind: "approval" }
  | { readonly kind: "holdDown"; readonly untilMs: number }
  | { readonly kind: "budget"; readonly switchovers: number; readonly windowMs: number };

/**
 * Whether the limits stand against an automatic switchover.
 *
 * - The first promotion after enable, and going back to the member that was active last, change no member
 *   and are never restrained; nor is what an operator asked for or approved.
 * - The hold-down binds only while the active member still serves: it must never keep clients without data.
 * - The budget binds always: when it is used up, a person decides (the member last active still comes back).
 */
export function restraint(state: PairState, { to }: Pick<Candidate, "to">, now: number): Restraint | null {
  if (state.lastActive === null || state.lastActive === to) return null;
  if (state.intent?.to === to && state.intent.byOperator) return null;
  if (state.suspended) return { kind: "suspended" };
  if (state.locked) return { kind: "locked" };
  const { approval, limits } = state.policy;
  if (approval === "manual") return { kind: "approval" };

  const serving = state.active !== null && state.members[state.active].link === "up";
  const lastMs = state.history.at(-1);
  if (serving && lastMs !== undefined && now < lastMs + limits.minBetweenMs) {
    return { kind: "holdDown", untilMs: lastMs + limits.minBetweenMs };
  }
  return isBudgetUsedUp(state, now) && limits.budget !== null ? { kind: "budget", ...limits.budget } : null;
}

export function isBudgetUsedUp(state: PairState, now: number): boolean {
  const { budget } = state.policy.limits;
  if (budget === null) return false;
  return state.history.filter((atMs) => atMs > now - budget.windowMs).length >= budget.switchovers;
}

/** Asks the limits for leave to carry out a switchover and notes, once, what stands against it. */
export function permits(turn: Turn, candidate: Candidate): boolean {
  const { to, cause } = candidate;
  const found = restraint(turn.state, candidate, turn.now);
  switch (found?.kind) {
    case undefined:
      return true;
    case "suspended":
    case "locked":
      return false;
    case "approval":
      turn.approvalWanted = true;
      if (isAskedFor(turn.state, candidate)) return false;
      withdrawApproval(turn);
      update(turn, { approval: Object.freeze({ to, cause }) });
      record(turn, { kind: "approvalNeeded", to, cause });
      return false;
    case "holdDown": {
      turn.holdDownWanted = true;
      const { untilMs } = found;
      const { held } = turn.state;
      if (held?.to === to && held.untilMs === untilMs) return false;
      const forMs = untilMs - turn.now;
      if (held?.to !== to) record(turn, { kind: "switchHeldDown", to, cause, forMs });
      update(turn, { held: Object.freeze({ to, untilMs }) });
      startTimer(turn, "holdDown", forMs);
      return false;
    }
    case "budget": {
      const { switchovers, windowMs } = found;
      update(turn, { locked: true });
      record(turn, { kind: "switchLocked", to, cause, switchovers, windowMs });
      return false;
    }
  }
}

/** A request stands as long as its reason does; that by now nothing is active makes it no other one. */
function isAskedFor({ approval }: PairState, { to, cause }: Candidate): boolean {
  return approval?.to === to && (approval.cause.kind === cause.kind || cause.kind === "onlyAvailable");
}

/** Notes an automatic switchover. Old ones are kept for a budget that the settings may bring later. */
export function countSwitchover(turn: Turn): void {
  const kept = Math.max(100, turn.state.policy.limits.budget?.switchovers ?? 0);
  update(turn, { history: Object.freeze([...turn.state.history, turn.now].slice(-kept)) });
}

export function withdrawApproval(turn: Turn): void {
  const { approval } = turn.state;
  if (approval === null) return;
  update(turn, { approval: null });
  record(turn, { kind: "approvalWithdrawn", to: approval.to });
}

/** A promotion did not work, and the policy leaves it to a person what comes next. */
export function lockAfter(turn: Turn, failed: Role): void {
  if (turn.state.locked) return;
  update(turn, { locked: true });
  record(turn, { kind: "lockedByFailure", to: failed });
}

export function unlock(turn: Turn, reason: string): void {
  if (!turn.state.locked) return;
  update(turn, { locked: false, history: Object.freeze([]) });
  record(turn, { kind: "switchUnlocked", reason });
}
