import {
  type MonitorItemPolicy,
  type Policy,
  type PreferPrimary,
  promoteTimeoutMs,
  type Trigger,
} from "../../src/core/policy.ts";
import { oneOf, quote, splitWords } from "./words.ts";

/** The policy a transcript starts from: an OPC pair with the usual settings. */
export const usualPolicy: Policy = Object.freeze({
  mode: "hot",
  preferPrimary: { when: "never" },
  probe: { intervalMs: 1000, timeoutMs: 500, suspectIntervalMs: 1000 },
  counts: { warnAfter: 1, failAfter: 1, failAfterStartup: 1, recoverAfter: 1 },
  connectTimeoutMs: 5000,
  reconnectIntervalMs: 2000,
  monitor: { items: [], failureCount: 1 },
  limits: { minBetweenMs: 0, budget: null },
  approval: "automatic",
  bothBad: "stay",
} satisfies Policy);

/** Policy as options that can stand in one line; each key changes one setting of the policy before it. */
const keys: Readonly<
  Record<string, readonly [read: (p: Policy, v: string) => Policy, write: (p: Policy) => string]>
> = Object.freeze({
  mode: [(p, v) => ({ ...p, mode: oneOf(["cold", "warm", "hot"], v, "mode") }), (p) => p.mode],
  preferPrimary: [
    (p, v) => ({ ...p, preferPrimary: readPreferPrimary(v) }),
    ({ preferPrimary: prefer }) => (prefer.when === "stable" ? `stable/${prefer.forMs}` : prefer.when),
  ],
  probe: [
    (p, v) => {
      const [intervalMs, timeoutMs, suspectIntervalMs] = numbers(v, 3);
      return { ...p, probe: { intervalMs, timeoutMs, suspectIntervalMs } };
    },
    ({ probe }) => `${probe.intervalMs}/${probe.timeoutMs}/${probe.suspectIntervalMs}`,
  ],
  counts: [
    (p, v) => {
      const [warnAfter, failAfter, failAfterStartup, recoverAfter] = numbers(v, 4);
      return { ...p, counts: { warnAfter, failAfter, failAfterStartup, recoverAfter } };
    },
    ({ counts: c }) => `${c.warnAfter}/${c.failAfter}/${c.failAfterStartup}/${c.recoverAfter}`,
  ],
  connectTimeout: [
    (p, v) => ({ ...p, connectTimeoutMs: numbers(v, 1)[0] }),
    (p) => String(p.connectTimeoutMs),
  ],
  reconnect: [
    (p, v) => ({ ...p, reconnectIntervalMs: numbers(v, 1)[0] }),
    (p) => String(p.reconnectIntervalMs),
  ],
  holdDown: [
    (p, v) => ({ ...p, limits: { ...p.limits, minBetweenMs: numbers(v, 1)[0] } }),
    (p) => String(p.limits.minBetweenMs),
  ],
  budget: [
    (p, v) => ({ ...p, limits: { ...p.limits, budget: readBudget(v) } }),
    ({ limits: { budget } }) => (budget === null ? "none" : `${budget.switchovers}/${budget.windowMs}`),
  ],
  approval: [
    (p, v) => ({ ...p, approval: oneOf(["automatic", "manual"], v, "approval") }),
    (p) => p.approval,
  ],
  bothBad: [(p, v) => ({ ...p, bothBad: oneOf(["stay", "bestAvailable"], v, "bothBad") }), (p) => p.bothBad],
  promoteTimeout: [
    (p, v) => ({ ...p, promoteTimeoutMs: numbers(v, 1)[0] }),
    (p) => String(promoteTimeoutMs(p)),
  ],
  afterFailedPromotion: [
    (p, v) => ({ ...p, afterFailedPromotion: oneOf(["retry", "lock"], v, "afterFailedPromotion") }),
    (p) => p.afterFailedPromotion ?? "retry",
  ],
  items: [
    (p, v) => ({ ...p, monitor: { ...p.monitor, items: readItems(v) } }),
    (p) => quote(p.monitor.items.map(writeItem).join("; ")),
  ],
  failureCount: [
    (p, v) => ({ ...p, monitor: { ...p.monitor, failureCount: numbers(v, 1)[0] } }),
    (p) => String(p.monitor.failureCount),
  ],
});

/** Applies `key=value` options to a policy. */
export function readPolicy(base: Policy, options: ReadonlyMap<string, string>): Policy {
  let policy = base;
  for (const [key, value] of options) {
    const entry = keys[key];
    if (entry === undefined) throw new Error(`policy: expected ${Object.keys(keys).join(", ")}, not ${key}`);
    policy = entry[0](policy, value);
  }
  return policy;
}

/** The options that make `policy` out of `base`. */
export function writePolicy(policy: Policy, base: Policy = usualPolicy): string {
  const changed = Object.entries(keys).filter(([, [, write]]) => write(policy) !== write(base));
  return changed.map(([key, [, write]]) => `${key}=${write(policy)}`).join(" ");
}

function readPreferPrimary(text: string): PreferPrimary {
  const [when, forMs] = text.split("/");
  if (when === "stable") return { when, forMs: numbers(forMs ?? "", 1)[0] };
  return { when: oneOf(["never", "atOnce"], when, "preferPrimary") };
}

function readBudget(text: string): Policy["limits"]["budget"] {
  if (text === "none") return null;
  const [switchovers, windowMs] = numbers(text, 2);
  return { switchovers, windowMs };
}

/** `Watchdog 1000 noChange 5000; Alarm 500 badQuality; State 500 specificValue "9"`. */
function readItems(text: string): MonitorItemPolicy[] {
  const parts = text.match(/(?:"(?:[^"\\]|\\.)*"|[^;"])+/g) ?? [];
  return parts.filter((part) => part.trim() !== "").map(readItem);
}

function readItem(text: string): MonitorItemPolicy {
  const { words, texts } = splitWords(text);
  const [item = "", rate = "", on, withinMs = ""] = words;
  return { item, updateRateMs: numbers(rate, 1)[0], trigger: readTrigger(on, withinMs, texts[0]) };
}

function readTrigger(word: string | undefined, withinMs: string, value = ""): Trigger {
  const on = oneOf(["badQuality", "specificValue", "noChange"], word, "trigger");
  switch (on) {
    case "badQuality":
      return { on };
    case "specificValue":
      return { on, value };
    case "noChange":
      return { on, withinMs: numbers(withinMs, 1)[0] };
  }
}

function writeItem({ item, updateRateMs, trigger }: MonitorItemPolicy): string {
  const start = `${item} ${updateRateMs} ${trigger.on}`;
  switch (trigger.on) {
    case "badQuality":
      return start;
    case "specificValue":
      return `${start} ${quote(trigger.value)}`;
    case "noChange":
      return `${start} ${trigger.withinMs}`;
  }
}

type Numbers = {
  1: [number];
  2: [number, number];
  3: [number, number, number];
  4: [number, number, number, number];
};

function numbers<N extends keyof Numbers>(text: string, count: N): Numbers[N] {
  const list = text.split("/").map(Number);
  if (list.length !== count || list.some(Number.isNaN)) {
    throw new Error(`expected ${count} number(s) parted by "/", not "${text}"`);
  }
  return list as Numbers[N];
}
