import type { Faults } from "../faults.ts";
import type { Sample, VariableNode } from "../model/node.ts";
import { WaveSource } from "../model/sources.ts";
import type { Writer } from "../wire/writer.ts";
import type { Cohort } from "./cohort.ts";
import { type ItemSettings, Monitoring, Trigger } from "./item-settings.ts";
import { SampleQueue } from "./sample-queue.ts";

/** A monitored item of a Value (or of another attribute, which never changes). */
export class MonitoredItem {
  readonly id: number;
  readonly node: VariableNode;
  settings: ItemSettings;
  mode: number;
  /** The cohort that stands for this item's queue; null where it has a queue of its own. */
  cohort: Cohort<MonitoredItem> | null = null;
  /** Set where a cohort can stand for the queue, filter and present quality apart. */
  readonly wave: WaveSource | null;
  readonly #queue = new SampleQueue();
  readonly #faults: Faults;
  readonly #onQueued: (item: MonitoredItem) => void;
  #last: { readonly version: number; readonly status: number; readonly number: number } | null = null;

  constructor(
    id: number,
    node: VariableNode,
    settings: ItemSettings,
    mode: number,
    faults: Faults,
    onQueued: (item: MonitoredItem) => void,
  ) {
    this.id = id;
    this.node = node;
    this.settings = settings;
    this.mode = mode;
    this.wave = node.source instanceof WaveSource ? node.source : null;
    this.#faults = faults;
    this.#onQueued = onQueued;
  }

  /** Whether a cohort may stand for this item now. */
  get fitsCohort(): boolean {
    const { deadband, trigger } = this.settings;
    return this.wave !== null && deadband === 0 && trigger !== Trigger.status && !this.#badness();
  }

  get queued(): number {
    return this.#queue.length;
  }

  clear(): void {
    this.#queue.clear();
    this.#last = null;
  }

  /** Looks at the value and queues it where the filter lets it pass. */
  sample(nowMs: number): void {
    if (this.mode === Monitoring.disabled) return;
    const bad = this.#badness();
    const lookAtMs = bad ? Math.min(bad.sinceMs, nowMs) : nowMs;
    const version = this.node.source.version(lookAtMs);
    const last = this.#last;
    if (last && last.version === version && !bad && last.status === 0) return;
    const plain = this.node.source.sample(lookAtMs);
    const status = bad ? bad.status : plain.status;
    if (last && !this.#passes(last, version, status, plain)) return;
    this.#last = { version, status, number: numberOf(plain) };
    this.push(bad ? { variant: plain.variant, status, sourceTimeMs: bad.sinceMs } : plain, nowMs);
  }

  push(sample: Sample, nowMs: number): void {
    this.#queue.push(sample, nowMs, this.settings);
    this.#onQueued(this);
  }

  drain(writer: Writer): number {
    return this.#queue.drain(writer, this.settings);
  }

  #badness() {
    return this.node.faultable ? this.#faults.badness(this.node.id) : null;
  }

  #passes(
    last: { readonly version: number; readonly status: number; readonly number: number },
    version: number,
    status: number,
    sample: Sample,
  ): boolean {
    if (status !== last.status) return true;
    if (version === last.version || this.settings.trigger === Trigger.status) return false;
    if (this.settings.deadband === 0) return true;
    return !(Math.abs(numberOf(sample) - last.number) <= this.settings.deadband);
  }
}

/** The number a deadband compares; NaN where the value is no Double. */
function numberOf(sample: Sample): number {
  return sample.variant[0] === 11 && sample.variant.length === 9
    ? sample.variant.readDoubleLE(1)
    : Number.NaN;
}
