import type { OperatorInput } from "../../src/core/input.ts";
import type { ConnectionMode, MonitorItemPolicy, Policy, PreferPrimary } from "../../src/core/policy.ts";
import { type Role, roles } from "../../src/core/role.ts";
import { type Random, seededRandom } from "./random.ts";

/** How a simulated server behaves. `hung`: connections stay open, nothing is answered. */
export type ServerMode = "up" | "refusing" | "hung" | "slow";

export type ItemMode =
  | "good"
  | "bad"
  | "uncertain"
  | "waiting"
  | "frozen"
  | "array"
  | "triggerValue"
  | "refused";

/** Something that befalls the simulated plant at a time. */
export type PlantEvent =
  | { readonly kind: "server"; readonly member: Role; readonly mode: ServerMode; readonly silently: boolean }
  | {
      readonly kind: "shutdown";
      readonly member: Role;
      readonly graceMs: number;
      readonly comesBack: boolean;
    }
  | { readonly kind: "cut"; readonly member: Role; readonly silently: boolean }
  | { readonly kind: "item"; readonly member: Role; readonly item: string; readonly mode: ItemMode }
  | { readonly kind: "operator"; readonly input: OperatorInput }
  | { readonly kind: "settings"; readonly policy: Policy };

/** How likely an effect goes wrong while faults last, 0 to 1 each. */
export interface HostFaults {
  readonly lose: number;
  readonly fail: number;
  readonly twice: number;
  readonly late: number;
  /** A timer fires late, a little early, or once more after it was stopped. */
  readonly timers: number;
}

/** A run of the simulator: everything follows from it. */
export interface Schedule {
  readonly seed: number;
  readonly policy: Policy;
  readonly events: readonly { readonly atMs: number; readonly event: PlantEvent }[];
  readonly faults: HostFaults;
  /** After this time everything is in order again and nobody interferes. */
  readonly quietFromMs: number;
}

export const itemNames = ["Watchdog", "Alarm", "State"] as const;

export function makeSchedule(seed: number): Schedule {
  const random = seededRandom(seed);
  const policy = makePolicy(random);
  const quietFromMs = random.int(3, 45) * 1000;
  const count = random.int(1, 24);
  const events = Array.from({ length: count }, () => ({
    atMs: random.int(0, quietFromMs - 1),
    event: makeEvent(random, policy),
  })).sort((a, b) => a.atMs - b.atMs);
  const rough = random.chance(0.5);
  const faults = {
    lose: rough ? random.pick([0, 0.02, 0.1]) : 0,
    fail: rough ? random.pick([0, 0.02, 0.1]) : 0,
    twice: rough ? random.pick([0, 0.05, 0.2]) : 0,
    late: rough ? random.pick([0, 0.02, 0.1]) : 0,
    timers: random.pick([0, 0, 0.05]),
  };
  return { seed, policy, events, faults, quietFromMs };
}

function makeEvent(random: Random, policy: Policy): PlantEvent {
  const member = random.pick(["primary", "secondary"]);
  const dice = random.next();
  if (dice < 0.3) {
    const mode = random.pick<ServerMode>(["up", "up", "refusing", "hung", "slow"]);
    return { kind: "server", member, mode, silently: random.chance(0.3) };
  }
  if (dice < 0.4) return { kind: "cut", member, silently: random.chance(0.3) };
  if (dice < 0.47) {
    return { kind: "shutdown", member, graceMs: random.int(0, 8000), comesBack: random.chance(0.6) };
  }
  if (dice < 0.7) return { kind: "item", member, item: random.pick(itemNames), mode: makeItemMode(random) };
  if (dice < 0.93) return { kind: "operator", input: makeOperatorInput(random) };
  return { kind: "settings", policy: changePolicy(random, policy) };
}

function makeItemMode(random: Random): ItemMode {
  return random.pick<ItemMode>([
    "good",
    "good",
    "bad",
    "bad",
    "uncertain",
    "waiting",
    "frozen",
    "array",
    "triggerValue",
    "refused",
  ]);
}

function makeOperatorInput(random: Random): OperatorInput {
  const reason = "shift leader";
  const kind = random.pick([
    "switchover",
    "switchover",
    "suspend",
    "resume",
    "resume",
    "approve",
    "disable",
    "enable",
  ]);
  if (kind !== "switchover") return { kind, reason };
  return { kind, to: random.pick([null, ...roles] as const), force: random.chance(0.3), reason };
}

function makePolicy(random: Random): Policy {
  const items = random.chance(0.6)
    ? itemNames.slice(0, random.int(1, 3)).map((name) => makeItem(random, name))
    : [];
  const warnAfter = random.pick([1, 1, 2, 3]);
  const failAfter = random.pick([1, 1, 2, 4]);
  // Without chance of their own: what a seed stands for stays as it is.
  const patient = warnAfter === 3;
  return {
    ...(patient ? { promoteTimeoutMs: 45_000 } : {}),
    ...(failAfter === 4 ? { afterFailedPromotion: "lock" as const } : {}),
    mode: random.pick<ConnectionMode>(["cold", "warm", "hot"]),
    preferPrimary: makePreferPrimary(random),
    probe: {
      intervalMs: random.pick([500, 1000, 3000]),
      timeoutMs: random.pick([200, 500, 1500]),
      suspectIntervalMs: random.pick([300, 1000]),
    },
    counts: {
      warnAfter,
      failAfter,
      failAfterStartup: failAfter * random.pick([1, 2]),
      recoverAfter: random.pick([1, 1, 3]),
    },
    connectTimeoutMs: random.pick([1000, 3000, 5000]),
    reconnectIntervalMs: random.pick([500, 2000, 5000]),
    monitor: { items, failureCount: random.int(1, Math.max(1, items.length)) },
    limits: {
      minBetweenMs: random.pick([0, 0, 0, 2000, 20000]),
      budget: random.chance(0.25)
        ? { switchovers: random.int(1, 4), windowMs: random.pick([10_000, 60_000, 600_000]) }
        : null,
    },
    approval: random.chance(0.15) ? "manual" : "automatic",
    bothBad: random.pick(["stay", "bestAvailable"]),
  };
}

function makePreferPrimary(random: Random): PreferPrimary {
  const when = random.pick<PreferPrimary["when"]>(["never", "atOnce", "stable"]);
  return when === "stable" ? { when, forMs: random.pick([500, 3000, 15000]) } : { when };
}

function makeItem(random: Random, item: string): MonitorItemPolicy {
  const updateRateMs = random.pick([500, 1000]);
  switch (item) {
    case "Watchdog":
      return { item, updateRateMs, trigger: { on: "noChange", withinMs: random.pick([300, 2000, 4000]) } };
    case "Alarm":
      return { item, updateRateMs, trigger: { on: "badQuality" } };
    default:
      return { item, updateRateMs, trigger: { on: "specificValue", value: "9" } };
  }
}

/** Another policy: a single setting changed, or all of them. */
function changePolicy(random: Random, policy: Policy): Policy {
  const other = makePolicy(random);
  return random.pick<() => Policy>([
    () => other,
    () => ({ ...policy, mode: other.mode }),
    () => ({ ...policy, monitor: other.monitor }),
    () => ({ ...policy, probe: other.probe, counts: other.counts }),
    () => ({ ...policy, approval: other.approval, limits: other.limits }),
    () => ({ ...policy, preferPrimary: other.preferPrimary }),
    () => policy,
  ])();
}
