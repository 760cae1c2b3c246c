import type { PairStatus } from "../control/broker-api.ts";
import type { DiagnosticEvent } from "../diagnostics/event.ts";
import { createRing, type Ring } from "../diagnostics/ring.ts";
import type { HistoryAnswer } from "./contract.ts";

const switchLimit = 200;
const healthLimit = 500;
const sampleLimit = 720;
/** Time between two samples, in ms: an hour with the limit above. */
const sampleIntervalMs = 5000;

interface Sample {
  readonly atMs: number;
  readonly valuesPerSecond: number;
  readonly primaryPingMs: number | null;
  readonly secondaryPingMs: number | null;
}

interface PairHistory {
  readonly switches: Ring<HistoryAnswer["switches"][number]>;
  readonly health: Ring<HistoryAnswer["health"][number]>;
  readonly samples: Ring<Sample>;
  sampledMs: number;
}

/** What the timeline of each pair shows: from events and from looks at the status, bounded, in memory. */
export class History {
  readonly #pairs = new Map<string, PairHistory>();

  /** An event, also one of an earlier run. */
  event(event: DiagnosticEvent): void {
    if (event.pair === null) return;
    const atMs = Date.parse(event.time);
    const { record } = event;
    switch (record.kind) {
      case "promoted":
        this.#of(event.pair).switches.push({
          atMs,
          to: record.member,
          cause: event.causes.map(({ text }) => text).join(", since ") || record.cause.kind,
          tookMs: record.tookMs,
        });
        break;
      case "nothingActive":
        this.#of(event.pair).switches.push({
          atMs,
          to: null,
          cause: event.causes[0]?.text ?? record.cause.kind,
          tookMs: null,
        });
        break;
      case "healthChanged":
        this.#of(event.pair).health.push({ atMs, member: record.member, health: record.to });
        break;
      default:
        break;
    }
  }

  sample(pair: PairStatus, valuesPerSecond: number, atMs: number): void {
    if (!pair.enabled) return;
    const history = this.#of(pair.name);
    if (atMs - history.sampledMs < sampleIntervalMs) return;
    history.sampledMs = atMs;
    const ping = (role: string): number | null =>
      pair.members.find((member) => member.role === role)?.pingMs ?? null;
    history.samples.push({
      atMs,
      valuesPerSecond,
      primaryPingMs: ping("primary"),
      secondaryPingMs: ping("secondary"),
    });
  }

  /** Forgets pairs that are not in the project any more. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.#pairs.keys()) if (!names.has(name)) this.#pairs.delete(name);
  }

  answer(pair: string): HistoryAnswer {
    const { switches, health, samples } = this.#of(pair);
    const columns = samples.toArray();
    return {
      switches: switches.toArray(),
      health: health.toArray(),
      samples: {
        atMs: columns.map(({ atMs }) => atMs),
        valuesPerSecond: columns.map(({ valuesPerSecond }) => valuesPerSecond),
        primaryPingMs: columns.map(({ primaryPingMs }) => primaryPingMs),
        secondaryPingMs: columns.map(({ secondaryPingMs }) => secondaryPingMs),
      },
    };
  }

  #of(pair: string): PairHistory {
    const known = this.#pairs.get(pair);
    if (known) return known;
    const history: PairHistory = {
      switches: createRing(switchLimit),
      health: createRing(healthLimit),
      samples: createRing(sampleLimit),
      sampledMs: 0,
    };
    this.#pairs.set(pair, history);
    return history;
  }
}
