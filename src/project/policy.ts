import type { MonitorItemPolicy, Policy, PreferPrimary, Trigger } from "../core/policy.ts";
import type { MemberSettings, MonitorItem, Pair } from "./project.ts";
import { canonicalTriggerData } from "./trigger-data.ts";

/** A monitor item of the project under the name the core knows it by. */
export interface NamedMonitorItem {
  /** Unique within the pair, as in inputs, effects and records of the core. */
  readonly item: string;
  readonly settings: MonitorItem;
}

/** The failover core's policy of a pair. */
export function policyOf(pair: Pair): Policy {
  const { failover } = pair;
  return Object.freeze<Policy>({
    mode: pair.connectionMode,
    preferPrimary: preferPrimaryOf(pair),
    probe: Object.freeze({
      intervalMs: pair.queryServerStatusInterval,
      timeoutMs: pair.queryServerStatusTimeout,
      suspectIntervalMs: failover.suspectInterval ?? pair.queryServerStatusInterval,
    }),
    counts: Object.freeze({
      warnAfter: failover.warnAfter,
      failAfter: failover.failAfter,
      failAfterStartup: failover.failAfterStartup,
      recoverAfter: failover.recoverAfter,
    }),
    connectTimeoutMs: failover.connectTimeout,
    reconnectIntervalMs: failover.reconnectInterval,
    monitor: Object.freeze({
      items: Object.freeze(namedMonitorItems(pair).map(itemPolicyOf)),
      failureCount: pair.monitorItemFailureCount,
    }),
    limits: Object.freeze({
      minBetweenMs: failover.minimumTimeBetweenSwitchovers,
      budget:
        failover.switchoverLimit === null
          ? null
          : Object.freeze({
              switchovers: failover.switchoverLimit.switchovers,
              windowMs: failover.switchoverLimit.window,
            }),
    }),
    approval: failover.approval,
    bothBad: failover.bothBad,
  });
}

function preferPrimaryOf(pair: Pair): PreferPrimary {
  if (!pair.alwaysReconnectToPrimary) return Object.freeze({ when: "never" });
  const { primaryStableFor } = pair.failover;
  return primaryStableFor === 0
    ? Object.freeze({ when: "atOnce" })
    : Object.freeze({ when: "stable", forMs: primaryStableFor });
}

/**
 * The pair's monitor items in the project's order, each under the shortest name that is its own: the item id,
 * else with its access path, else with its trigger too.
 */
export function namedMonitorItems(pair: Pair): readonly NamedMonitorItem[] {
  const candidates = pair.monitorItems.map(candidateNames);
  const uses = new Map<string, number>();
  for (const name of candidates.flatMap((names) => [...new Set(names)])) {
    uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  const taken = new Set<string>();
  return Object.freeze(
    pair.monitorItems.map((settings, index) => {
      const names = candidates[index] ?? [];
      let item = names.find((name) => uses.get(name) === 1) ?? names.at(-1) ?? settings.itemId;
      // Only items that differ in nothing but their rate or type come here.
      for (let count = 2; taken.has(item); count += 1) item = `${names.at(-1)} #${count}`;
      taken.add(item);
      return Object.freeze({ item, settings });
    }),
  );
}

function candidateNames(item: MonitorItem): readonly string[] {
  const withPath = item.accessPath === "" ? item.itemId : `${item.accessPath}: ${item.itemId}`;
  const data = item.triggerData === "" ? "" : ` ${item.triggerData}`;
  return [item.itemId, withPath, `${withPath} (${item.trigger}${data})`];
}

function itemPolicyOf({ item, settings }: NamedMonitorItem): MonitorItemPolicy {
  return Object.freeze({ item, updateRateMs: settings.updateRate, trigger: triggerOf(settings) });
}

function triggerOf(settings: MonitorItem): Trigger {
  const canonical = canonicalTriggerData(settings);
  // Validation refuses such a project; a pair made by hand gets the text as it stands.
  const data = canonical.ok ? canonical.data : settings.triggerData;
  switch (settings.trigger) {
    case "badQuality":
      return Object.freeze({ on: "badQuality" });
    case "specificValue":
      return Object.freeze({ on: "specificValue", value: data });
    case "noChange":
      return Object.freeze({ on: "noChange", withinMs: Number(data) });
  }
}

/** Default port of OPC UA (IANA, OPC UA Part 6). */
const opcUaPort = 4840;

/** Where an OPC UA member is reached: its endpoint URL, else the default port of its machine. */
export function endpointUrlOf(member: MemberSettings): string {
  if (member.endpointUrl !== null) return member.endpointUrl;
  const host = member.machine.includes(":") ? `[${member.machine}]` : member.machine;
  return `opc.tcp://${host}:${opcUaPort}`;
}
