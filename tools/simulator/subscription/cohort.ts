import { DataType } from "node-opcua";
import { dateTimeOf, type SampleSeries, sampleSeries, tickTimeMs } from "../clock.ts";
import { sinePeriodTicks, type WaveSource } from "../model/sources.ts";
import {
  dataValueMask,
  hasServerTimestamp,
  hasSourceTimestamp,
  type ItemSettings,
  overflowBits,
} from "./item-settings.ts";

export interface CohortMember {
  readonly settings: ItemSettings;
  readonly wave: WaveSource | null;
}

/** Where the fields of one MonitoredItemNotification lie; all entries of a cohort are of one size. */
interface Layout {
  readonly size: number;
  readonly mask: number;
  readonly status: number;
  readonly source: number;
  readonly server: number;
}

const valueAt = 6;

function layoutOf(timestamps: number, withStatus: boolean): Layout {
  let size = valueAt + 8;
  let mask = dataValueMask.value;
  const field = (present: boolean, bytes: number, bit: number): number => {
    if (!present) return -1;
    const at = size;
    size += bytes;
    mask |= bit;
    return at;
  };
  const status = field(withStatus, 4, dataValueMask.status);
  const source = field(hasSourceTimestamp(timestamps), 8, dataValueMask.sourceTimestamp);
  const server = field(hasServerTimestamp(timestamps), 8, dataValueMask.serverTimestamp);
  return { size, mask, status, source, server };
}

/** The samples a cohort has to report, oldest first; `overflowAt` marks one that stands for lost ones. */
export interface PendingSamples {
  readonly samples: readonly number[];
  readonly overflowAt: number;
}

/**
 * Items that always have the same samples pending: same sampling interval, queue and reporting, and a
 * value that changes with every tick. Their queues are not stored: the samples pending are a range of
 * numbers, and the notifications are made from a template by patching values and timestamps in place.
 */
export class Cohort<M extends CohortMember> {
  /** Equal for cohorts that can be merged once they have reported the same samples. */
  readonly key: string;
  readonly reporting: boolean;
  readonly series: SampleSeries;
  /** Number of the next sample to report. */
  next: number;
  readonly #settings: ItemSettings;
  readonly #periodMs: number;
  readonly #members = new Set<M>();
  #templates: { plain: Buffer | null; overflow: Buffer | null } = { plain: null, overflow: null };
  #indexes = new Float64Array(0);
  #isSine = new Uint8Array(0);

  constructor(settings: ItemSettings, reporting: boolean, periodMs: number, next: number) {
    this.key = cohortKey(settings, reporting);
    this.reporting = reporting;
    this.series = sampleSeries(settings.samplingIntervalMs, periodMs);
    this.next = next;
    this.#settings = settings;
    this.#periodMs = periodMs;
  }

  get size(): number {
    return this.#members.size;
  }

  get members(): Iterable<M> {
    return this.#members;
  }

  add(member: M): void {
    this.#members.add(member);
    this.#forget();
  }

  delete(member: M): void {
    this.#members.delete(member);
    this.#forget();
  }

  /** What would be reported now, the queue size applied. */
  pending(nowMs: number): PendingSamples {
    const latest = this.series.latest(nowMs);
    const { queueSize, discardOldest } = this.#settings;
    const count = latest - this.next + 1;
    if (count <= 0) return { samples: [], overflowAt: -1 };
    if (count <= queueSize) return { samples: range(this.next, count), overflowAt: -1 };
    if (queueSize === 1) return { samples: [latest], overflowAt: -1 };
    if (discardOldest) return { samples: range(latest - queueSize + 1, queueSize), overflowAt: 0 };
    return { samples: [...range(this.next, queueSize - 1), latest], overflowAt: queueSize - 1 };
  }

  hasPending(nowMs: number): boolean {
    return this.#members.size > 0 && this.series.latest(nowMs) >= this.next;
  }

  /** Bytes of one notification. */
  entrySize(overflow: boolean): number {
    return layoutOf(this.#settings.timestamps, overflow).size;
  }

  /** Writes the notifications of `count` members, beginning with the `first`, for one sample. */
  render(
    target: Buffer,
    at: number,
    part: {
      readonly sample: number;
      readonly overflow: boolean;
      readonly first: number;
      readonly count: number;
    },
    nowMs: number,
  ): void {
    const layout = layoutOf(this.#settings.timestamps, part.overflow);
    const template = this.#template(layout, part.overflow);
    const { size } = layout;
    template.copy(target, at, part.first * size, (part.first + part.count) * size);
    const view = new DataView(target.buffer, target.byteOffset + at, part.count * size);
    const tick = this.series.tickOf(part.sample);
    const source = dateTimeOf(tickTimeMs(tick, this.#periodMs));
    const server = dateTimeOf(nowMs);
    if (layout.source >= 0) patchDateTimes(view, layout.source, size, source);
    if (layout.server >= 0) patchDateTimes(view, layout.server, size, server);
    const indexes = this.#indexes;
    const isSine = this.#isSine;
    for (let member = part.first, offset = valueAt; member < part.first + part.count; member++) {
      const index = indexes[member] as number;
      const value =
        isSine[member] === 1
          ? Math.sin((2 * Math.PI * ((tick + index * 7) % sinePeriodTicks)) / sinePeriodTicks)
          : tick + index;
      view.setFloat64(offset, value, true);
      offset += size;
    }
  }

  #forget(): void {
    this.#templates = { plain: null, overflow: null };
  }

  #template(layout: Layout, overflow: boolean): Buffer {
    const known = overflow ? this.#templates.overflow : this.#templates.plain;
    if (known) return known;
    const template = Buffer.alloc(this.#members.size * layout.size);
    this.#indexes = new Float64Array(this.#members.size);
    this.#isSine = new Uint8Array(this.#members.size);
    let at = 0;
    let position = 0;
    for (const { settings, wave } of this.#members) {
      template.writeUInt32LE(settings.clientHandle, at);
      template[at + 4] = layout.mask;
      template[at + 5] = DataType.Double;
      if (layout.status >= 0) template.writeUInt32LE(overflowBits, at + layout.status);
      this.#indexes[position] = wave?.index ?? 0;
      this.#isSine[position] = wave?.wave === "sine" ? 1 : 0;
      at += layout.size;
      position++;
    }
    if (overflow) this.#templates.overflow = template;
    else this.#templates.plain = template;
    return template;
  }
}

export function cohortKey(settings: ItemSettings, reporting: boolean): string {
  const { samplingIntervalMs, queueSize, discardOldest, timestamps } = settings;
  return `${samplingIntervalMs} ${queueSize} ${discardOldest} ${timestamps} ${reporting}`;
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, offset) => first + offset);
}

function patchDateTimes(view: DataView, at: number, step: number, value: bigint): void {
  const low = Number(value & 0xffff_ffffn);
  const high = Number(value >> 32n);
  const end = view.byteLength;
  for (let offset = at; offset < end; offset += step) {
    view.setUint32(offset, low, true);
    view.setUint32(offset + 4, high, true);
  }
}
