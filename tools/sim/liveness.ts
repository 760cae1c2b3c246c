import { type Policy, promoteTimeoutMs } from "../../src/core/policy.ts";
import { type Role, roles } from "../../src/core/role.ts";
import type { PairState } from "../../src/core/state.ts";

/**
 * Time within which a pair must be well once nothing goes wrong any more, in ms. Worst case: a connection
 * that only the core still believes in must be found out, given up, opened again, found sound, its items and
 * subscriptions restored and the clients moved; in cold first for one member, then for the other; and then
 * the hold-down and the stable time run their course.
 */
export function boundMs(policy: Policy): number {
  const { counts, limits, preferPrimary, connectTimeoutMs, reconnectIntervalMs, monitor } = policy;
  const roundMs = probeRoundMs(policy);
  const findOutMs = Math.max(counts.failAfter, counts.failAfterStartup) * roundMs;
  const connectMs = connectTimeoutMs + reconnectIntervalMs;
  const proveMs = counts.recoverAfter * roundMs;
  const silenceMs = monitor.items.map(({ updateRateMs, trigger }) =>
    Math.max(5000, 2 * updateRateMs, trigger.on === "noChange" ? trigger.withinMs : 0),
  );
  const itemsMs = monitor.items.length === 0 ? 0 : connectTimeoutMs + Math.max(...silenceMs);
  const promoteMs = 2 * promoteTimeoutMs(policy) + reconnectIntervalMs;
  const oneMemberMs = findOutMs + connectMs + proveMs + itemsMs + promoteMs;
  const stableMs = preferPrimary.when === "stable" ? preferPrimary.forMs : 0;
  return 2 * oneMemberMs + limits.minBetweenMs + stableMs + 1000;
}

/** All must have been well for this long to be believed: a connection may have died without a word. */
export function proofMs(policy: Policy): number {
  return Math.max(policy.counts.failAfter, policy.counts.failAfterStartup) * probeRoundMs(policy) + 1000;
}

function probeRoundMs({ probe }: Policy): number {
  return Math.max(probe.intervalMs, probe.suspectIntervalMs) + probe.timeoutMs;
}

/** What is still wrong with a pair that nobody disturbs; null = all is well. */
export function whatIsWrong(state: PairState): string | null {
  const { policy, active, locked, choice } = state;
  if (!state.enabled) return "disabled";
  if (active === null) return "nothing is active";
  if (state.switching !== null || state.intent !== null) return "a switchover is under way";
  if (state.approval !== null) return "a switchover awaits approval";
  if (state.held !== null) return "a switchover is held down";
  for (const role of roles) {
    if (policy.mode === "cold" && role !== active) {
      if (state.members[role].link !== "down") return `cold, but the ${role} is linked`;
      continue;
    }
    const wrong = whatIsWrongWith(state, role);
    if (wrong !== null) return `the ${role} ${wrong}`;
  }
  const preferred = policy.mode !== "cold" && policy.preferPrimary.when !== "never";
  if (preferred && active !== "primary" && !locked && choice === null) return "the primary is not active";
  return null;
}

function whatIsWrongWith(state: PairState, role: Role): string | null {
  const { link, health, test, subscription } = state.members[role];
  if (link !== "up") return `is ${link}`;
  if (health !== "ok") return `is ${health}`;
  if (state.policy.monitor.items.length > 0 && test !== "passed") return `has monitor items ${test}`;
  const delivers = state.policy.mode === "hot" || role === state.active;
  return subscription === (delivers ? "done" : "none") ? null : `has subscription ${subscription}`;
}
