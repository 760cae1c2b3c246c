import type { PairStatus } from "../control/broker-api.ts";
import type { ServerStatus } from "../control/servers-api.ts";
import type { DiagnosticEvent } from "../diagnostics/event.ts";
import {
  addCount,
  type Counts,
  type Histogram,
  type Labels,
  MetricsText,
  probeBounds,
  type Sample,
  samplesOf,
} from "./metrics-text.ts";
import { ServerMetrics } from "./server-metrics.ts";

/** Counts what the status does not keep, and writes all of it in Prometheus' text format (version 0.0.4). */
export class Metrics {
  readonly #switchovers: Counts = new Map();
  readonly #events: Counts = new Map();
  readonly #servers = new ServerMetrics();
  readonly #probes = new Map<string, Histogram>();
  readonly #lastPing = new Map<string, number>();
  readonly #forwarded = new Map<string, { seen: number; total: number }>();

  event(event: DiagnosticEvent): void {
    addCount(this.#events, { code: event.code, severity: event.severity });
    this.#servers.event(event);
    const { record } = event;
    if (record.kind === "promoted" && event.pair !== null) {
      addCount(this.#switchovers, { pair: event.pair, to: record.member, cause: record.cause.kind });
    }
  }

  /** Takes the round trips of the last status queries along. */
  look(pairs: readonly PairStatus[]): void {
    for (const { name, members, valuesForwarded } of pairs) {
      this.#countForwarded(name, valuesForwarded);
      for (const { role, pingMs } of members) {
        const key = `${name}\0${role}`;
        // the same figure to all its digits is the same query
        if (pingMs === null || this.#lastPing.get(key) === pingMs) continue;
        this.#lastPing.set(key, pingMs);
        this.#observe(key, { pair: name, member: role }, pingMs / 1000);
      }
    }
  }

  text(
    version: string,
    startedAtMs: number,
    pairs: readonly PairStatus[],
    servers: readonly ServerStatus[],
  ): string {
    const out = new MetricsText();
    out.family("understudy_build_info", "gauge", "The version that runs.", [[{ version }, 1]]);
    out.family("understudy_start_time_seconds", "gauge", "When the broker started, since 1970.", [
      [{}, startedAtMs / 1000],
    ]);
    const ofPairs = (value: (pair: PairStatus) => number): Sample[] =>
      pairs.map((pair) => [{ pair: pair.name }, value(pair)]);
    const ofMembers = (
      value: (member: PairStatus["members"][number], pair: PairStatus) => number,
    ): Sample[] =>
      pairs.flatMap((pair) =>
        pair.members.map((member): Sample => [{ pair: pair.name, member: member.role }, value(member, pair)]),
      );
    out.family(
      "understudy_pair_enabled",
      "gauge",
      "1 = the pair is enabled.",
      ofPairs((pair) => Number(pair.enabled)),
    );
    out.family(
      "understudy_pair_suspended",
      "gauge",
      "1 = no automatic switchovers.",
      ofPairs((pair) => Number(pair.suspended)),
    );
    out.family(
      "understudy_pair_locked",
      "gauge",
      "1 = the switch budget is used up.",
      ofPairs((pair) => Number(pair.locked)),
    );
    out.family(
      "understudy_pair_awaiting_approval",
      "gauge",
      "1 = a switchover waits for an operator.",
      ofPairs((pair) => Number(pair.awaitingApproval !== null)),
    );
    out.family(
      "understudy_member_up",
      "gauge",
      "1 = the broker is connected to the member.",
      ofMembers((member) => Number(member.link === "up")),
    );
    out.family(
      "understudy_member_active",
      "gauge",
      "1 = the member serves the clients.",
      ofMembers((member, pair) => Number(pair.active === member.role)),
    );
    out.family(
      "understudy_member_health",
      "gauge",
      "1 for the health the member has, else 0.",
      pairs.flatMap((pair) =>
        pair.members.flatMap((member) =>
          (["unknown", "ok", "suspect", "failed"] as const).map(
            (health): Sample => [
              { pair: pair.name, member: member.role, health },
              Number(member.health === health),
            ],
          ),
        ),
      ),
    );
    out.family(
      "understudy_monitor_items_in_error",
      "gauge",
      "Monitor items in error on the member.",
      ofMembers((member) => member.monitorItemsInError.length),
    );
    out.family(
      "understudy_clients",
      "gauge",
      "Clients of the pair.",
      ofPairs((pair) => pair.clients),
    );
    out.family(
      "understudy_subscriptions",
      "gauge",
      "Subscriptions of the clients.",
      ofPairs((pair) => pair.subscriptions),
    );
    out.family(
      "understudy_monitored_items",
      "gauge",
      "Items the clients watch.",
      ofPairs((pair) => pair.monitoredItems),
    );
    out.family(
      "understudy_values_forwarded_total",
      "counter",
      "Values given to clients.",
      ofPairs((pair) => this.#forwarded.get(pair.name)?.total ?? 0),
    );
    out.family(
      "understudy_switchovers_total",
      "counter",
      "Changes of the active member, by cause.",
      samplesOf(this.#switchovers),
    );
    out.family("understudy_events_total", "counter", "Diagnostics events.", samplesOf(this.#events));
    out.histogram("understudy_probe_duration_seconds", "Round trips of status queries.", [
      ...this.#probes.values(),
    ]);
    this.#servers.write(out, servers);
    const { user, system } = process.cpuUsage();
    out.family("process_cpu_seconds_total", "counter", "CPU time of the broker.", [
      [{}, (user + system) / 1e6],
    ]);
    out.family("process_resident_memory_bytes", "gauge", "Memory of the broker.", [
      [{}, process.memoryUsage.rss()],
    ]);
    return out.text;
  }

  /** A client that leaves takes its count along; what it was given stays counted. */
  #countForwarded(pair: string, values: number): void {
    const known = this.#forwarded.get(pair) ?? { seen: 0, total: 0 };
    const grown = values >= known.seen ? values - known.seen : values;
    this.#forwarded.set(pair, { seen: values, total: known.total + grown });
  }

  #observe(key: string, labels: Labels, seconds: number): void {
    let histogram = this.#probes.get(key);
    if (!histogram) {
      histogram = { labels, buckets: probeBounds.map(() => 0), sum: 0, count: 0 };
      this.#probes.set(key, histogram);
    }
    histogram.sum += seconds;
    histogram.count += 1;
    for (const [index, bound] of probeBounds.entries()) {
      if (seconds <= bound) histogram.buckets[index] = (histogram.buckets[index] ?? 0) + 1;
    }
  }
}
