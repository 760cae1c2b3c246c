import type { HostFaults, Schedule } from "./schedule.ts";
import { type Failure, type SimulateOptions, simulate } from "./simulate.ts";

const noFaults: HostFaults = Object.freeze({ lose: 0, fail: 0, twice: 0, late: 0, timers: 0 });

/**
 * Makes a failing schedule as small as possible while it still breaks the same rule: fewer events, fewer kinds
 * of faults, an earlier end, simpler settings. At most `maxRuns` runs.
 */
export function shrink(
  schedule: Schedule,
  failure: Failure,
  options: SimulateOptions = {},
  maxRuns = 500,
): Schedule {
  let best = schedule;
  let runs = 0;
  const keepIfFailing = (candidate: Schedule): boolean => {
    if (runs >= maxRuns) return false;
    runs++;
    if (simulate(candidate, options).failure?.rule !== failure.rule) return false;
    best = candidate;
    return true;
  };

  let smaller = true;
  while (smaller && runs < maxRuns) {
    smaller = false;
    for (const candidate of simplerFaults(best)) smaller = keepIfFailing(candidate) || smaller;
    for (let chunk = Math.ceil(best.events.length / 2); chunk >= 1; chunk = chunk >> 1) {
      for (let from = 0; from + chunk <= best.events.length; ) {
        const events = [...best.events.slice(0, from), ...best.events.slice(from + chunk)];
        if (keepIfFailing({ ...best, events })) smaller = true;
        else from += chunk;
      }
    }
    const lastMs = best.events.at(-1)?.atMs ?? 0;
    if (lastMs + 1 < best.quietFromMs)
      smaller = keepIfFailing({ ...best, quietFromMs: lastMs + 1 }) || smaller;
    for (const candidate of simplerPolicies(best)) smaller = keepIfFailing(candidate) || smaller;
  }
  return best;
}

function simplerFaults(schedule: Schedule): Schedule[] {
  const kinds = (Object.keys(noFaults) as (keyof HostFaults)[]).filter((kind) => schedule.faults[kind] > 0);
  const without = kinds.map((kind) => ({ ...schedule, faults: { ...schedule.faults, [kind]: 0 } }));
  return kinds.length === 0 ? [] : [{ ...schedule, faults: noFaults }, ...without];
}

function simplerPolicies(schedule: Schedule): Schedule[] {
  const { policy } = schedule;
  const simpler = [
    policy.monitor.items.length > 0 && { ...policy, monitor: { items: [], failureCount: 1 } },
    policy.limits.budget !== null && { ...policy, limits: { ...policy.limits, budget: null } },
    policy.limits.minBetweenMs > 0 && { ...policy, limits: { ...policy.limits, minBetweenMs: 0 } },
    policy.approval === "manual" && { ...policy, approval: "automatic" as const },
    policy.preferPrimary.when !== "never" && { ...policy, preferPrimary: { when: "never" as const } },
  ];
  return simpler
    .filter((candidate) => candidate !== false)
    .map((candidate) => ({ ...schedule, policy: candidate }));
}
