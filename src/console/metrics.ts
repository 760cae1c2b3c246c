import type { PairStatus } from "../control/broker-api.ts";
import type { DiagnosticEvent } from "../diagnostics/event.ts";

/** Upper bounds of the histogram of status queries, in s. */
const probeBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

type Labels = Readonly<Record<string, string>>;

interface Histogram {
  readonly labels: Labels;
  readonly buckets: number[];
  sum: number;
  count: number;
}

/** Counts what the status does not keep, and writes all of it in Prometheus' text format (version 0.0.4). */
export class Metrics {
  readonly #switchovers = new Map<string, { readonly labels: Labels; count: number }>();
  readonly #events = new Map<string, { readonly labels: Labels; count: number }>();
  readonly #probes = new Map<string, Histogram>();
  readonly #lastPing = new Map<string, number>();
  readonly #forwarded = new Map<string, { seen: number; total: number }>();

  event(event: DiagnosticEvent): void {
    count(this.#events, { code: event.code, severity: event.severity });
    const { record } = event;
    if (record.kind === "promoted" && event.pair !== null) {
      count(this.#switchovers, { pair: event.pair, to: record.member, cause: record.cause.kind });
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

  text(version: string, startedAtMs: number, pairs: readonly PairStatus[]): string {
    const out = new TextWriter();
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

type Sample = readonly [Labels, number];

function count(counts: Map<string, { readonly labels: Labels; count: number }>, labels: Labels): void {
  const key = JSON.stringify(labels);
  const known = counts.get(key);
  if (known) known.count += 1;
  else counts.set(key, { labels, count: 1 });
}

function samplesOf(
  counts: ReadonlyMap<string, { readonly labels: Labels; readonly count: number }>,
): Sample[] {
  return [...counts.values()].map(({ labels, count: value }) => [labels, value]);
}

class TextWriter {
  text = "";

  family(name: string, type: "gauge" | "counter", help: string, samples: readonly Sample[]): void {
    if (samples.length === 0) return;
    this.#head(name, type, help);
    for (const [labels, value] of samples) this.#line(name, labels, value);
  }

  histogram(name: string, help: string, histograms: readonly Histogram[]): void {
    if (histograms.length === 0) return;
    this.#head(name, "histogram", help);
    for (const { labels, buckets, sum, count: total } of histograms) {
      for (const [index, bound] of probeBounds.entries()) {
        this.#line(`${name}_bucket`, { ...labels, le: String(bound) }, buckets[index] ?? 0);
      }
      this.#line(`${name}_bucket`, { ...labels, le: "+Inf" }, total);
      this.#line(`${name}_sum`, labels, sum);
      this.#line(`${name}_count`, labels, total);
    }
  }

  #head(name: string, type: string, help: string): void {
    this.text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  }

  #line(name: string, labels: Labels, value: number): void {
    const text = Object.entries(labels)
      .map(([label, each]) => `${label}="${each.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`)
      .join(",");
    this.text += `${name}${text === "" ? "" : `{${text}}`} ${value}\n`;
  }
}
