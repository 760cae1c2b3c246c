import type { Cause } from "./cause.ts";
import { release } from "./disconnect.ts";
import type { OperatorInput } from "./input.ts";
import { recordRaisedWatchdogs } from "./items.ts";
import { unlock } from "./limits.ts";
import { refusalOf, switchoverTarget } from "./refusal.ts";
import { otherRole, type Role, roles } from "./role.ts";
import { forgotten } from "./state.ts";
import { clearActive, switchTo } from "./switching.ts";
import { record, stopTimer, type Turn, timersOf, update } from "./turn.ts";

export function onOperator(turn: Turn, input: OperatorInput): void {
  switch (input.kind) {
    case "enable":
      enable(turn, input.reason, input.lastActive ?? null);
      break;
    case "disable":
      disable(turn, input.reason);
      break;
    case "suspend":
      suspend(turn, input.reason);
      break;
    case "resume":
      resume(turn, input.reason);
      break;
    case "switchover":
      switchover(turn, switchoverTarget(turn.state, input.to), input.force, input.reason);
      break;
    case "approve":
      approve(turn, input.reason);
      break;
  }
}

function enable(turn: Turn, reason: string, lastActive: Role | null): void {
  if (turn.state.enabled) return;
  update(turn, { ...forgotten(turn.state), enabled: true, lastActive });
  record(turn, { kind: "enabled", reason });
  recordRaisedWatchdogs(turn, turn.state.policy.monitor.items);
}

/** Ends everything: clients are told, links closed, timers stopped. Only policy and suspension are kept. */
function disable(turn: Turn, reason: string): void {
  if (!turn.state.enabled) return;
  clearActive(turn, { kind: "operator", reason, forced: false });
  for (const role of roles) release(turn, role, "the pair is disabled");
  for (const timer of timersOf(turn)) stopTimer(turn, timer);
  record(turn, { kind: "disabled", reason });
  update(turn, forgotten(turn.state));
}

function suspend(turn: Turn, reason: string): void {
  if (turn.state.suspended) return;
  update(turn, { suspended: true });
  record(turn, { kind: "suspended", reason });
}

/** Hands the pair back to automatic operation: ends a suspension, a lock and an operator's choice. */
function resume(turn: Turn, reason: string): void {
  const { suspended, choice } = turn.state;
  unlock(turn, reason);
  if (!suspended && choice === null) return;
  update(turn, { suspended: false, choice: null });
  record(turn, { kind: "resumed", reason });
}

function switchover(turn: Turn, to: Role, force: boolean, reason: string): void {
  const why = refusalOf(turn.state, to, force);
  if (why !== null) {
    record(turn, { kind: "switchRefused", to, why, reason });
    return;
  }
  unlock(turn, reason);
  const cause: Cause = Object.freeze({ kind: "operator", reason, forced: force });
  switchTo(turn, { to, cause }, true);
}

function approve(turn: Turn, reason: string): void {
  const { approval, active, lastActive } = turn.state;
  if (approval === null) {
    const to = otherRole(active ?? lastActive ?? "secondary");
    record(turn, { kind: "switchRefused", to, why: "nothingToApprove", reason });
    return;
  }
  switchTo(turn, approval, true);
}
