import { addItems, recordRaisedWatchdogs, removeItems, settleTest } from "./items.ts";
import { isBudgetUsedUp, unlock } from "./limits.ts";
import { answerTimeoutMs, type MonitorItemPolicy, type Policy, promoteTimeoutMs } from "./policy.ts";
import { roles } from "./role.ts";
import type { TimerId } from "./timer.ts";
import { dueMsOf, memberOf, parseTimer, record, startTimer, type Turn, timersOf, update } from "./turn.ts";

/** Applies a new policy to the running pair. Links that are still wanted stay up; only changed items are added anew. */
export function onSettings(turn: Turn, policy: Policy): void {
  const before = turn.state.policy;
  if (isSame(before, policy)) return;
  update(turn, { policy });
  record(turn, { kind: "settingsApplied" });
  if (!turn.state.enabled) return;
  replaceItems(turn, before.monitor.items, policy.monitor.items);
  shortenTimers(turn);
  if (!isSame(before.limits.budget, policy.limits.budget) && !isBudgetUsedUp(turn.state, turn.now)) {
    unlock(turn, "the switch budget was changed");
  }
}

function replaceItems(
  turn: Turn,
  before: readonly MonitorItemPolicy[],
  after: readonly MonitorItemPolicy[],
): void {
  const isIn = (list: readonly MonitorItemPolicy[], item: MonitorItemPolicy): boolean =>
    list.some((other) => isSame(other, item));
  const gone = before.filter((item) => !isIn(after, item)).map(({ item }) => item);
  const fresh = after.filter((item) => !isIn(before, item));
  recordRaisedWatchdogs(turn, fresh);
  for (const role of roles) {
    if (memberOf(turn, role).link !== "up") continue;
    removeItems(turn, role, gone);
    addItems(turn, role, fresh);
    settleTest(turn, role);
  }
}

/** A timer that the new policy would have set to fire earlier is set again; none is put off. */
function shortenTimers(turn: Turn): void {
  for (const timer of timersOf(turn)) {
    const longestMs = longestRunMs(turn.state.policy, timer);
    const dueMs = dueMsOf(turn, timer);
    if (longestMs !== null && dueMs !== undefined && dueMs > turn.now + longestMs) {
      startTimer(turn, timer, longestMs);
    }
  }
}

function longestRunMs(policy: Policy, timer: TimerId): number | null {
  switch (parseTimer(timer)[0]) {
    case "connectTimeout":
    case "addItems":
      return policy.connectTimeoutMs;
    case "subscribeTimeout":
      return answerTimeoutMs(policy);
    case "promoteTimeout":
      return promoteTimeoutMs(policy);
    case "reconnect":
      return policy.reconnectIntervalMs;
    case "probe":
      return Math.max(policy.probe.intervalMs, policy.probe.suspectIntervalMs);
    case "probeTimeout":
      return policy.probe.timeoutMs;
    default:
      return null;
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
