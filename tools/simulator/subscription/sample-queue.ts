import type { Sample } from "../model/node.ts";
import type { Writer } from "../wire/writer.ts";
import {
  dataValueMask,
  hasServerTimestamp,
  hasSourceTimestamp,
  type ItemSettings,
  overflowBits,
} from "./item-settings.ts";

interface Entry {
  readonly sample: Sample;
  readonly serverTimeMs: number;
  readonly overflow: boolean;
}

/** The queue of one monitored item (Part 4, 5.13.1.5). */
export class SampleQueue {
  #entries: Entry[] = [];

  get length(): number {
    return this.#entries.length;
  }

  clear(): void {
    this.#entries = [];
  }

  push(sample: Sample, serverTimeMs: number, settings: ItemSettings): void {
    const entries = this.#entries;
    entries.push({ sample, serverTimeMs, overflow: false });
    if (entries.length <= settings.queueSize) return;
    if (settings.queueSize === 1) {
      entries.shift();
    } else if (settings.discardOldest) {
      entries.shift();
      const oldest = entries[0];
      if (oldest) entries[0] = { ...oldest, overflow: true };
    } else {
      // The newest takes the place of the one before it.
      entries.splice(entries.length - 2, 2, { sample, serverTimeMs, overflow: true });
    }
  }

  /** Writes all entries as MonitoredItemNotifications, empties the queue; answers how many there were. */
  drain(writer: Writer, settings: ItemSettings): number {
    const entries = this.#entries;
    this.#entries = [];
    for (const entry of entries) {
      writer.uint32(settings.clientHandle);
      const status = entry.overflow ? entry.sample.status | overflowBits : entry.sample.status;
      writeDataValue(writer, { ...entry.sample, status }, settings.timestamps, entry.serverTimeMs);
    }
    return entries.length;
  }
}

/** A DataValue with the timestamps asked for (Part 6, 5.2.2.17). */
export function writeDataValue(
  writer: Writer,
  sample: Sample,
  timestamps: number,
  serverTimeMs: number,
): void {
  const withSource = hasSourceTimestamp(timestamps);
  const withServer = hasServerTimestamp(timestamps);
  const status = sample.status >>> 0;
  writer.uint8(
    (sample.variant.length > 0 ? dataValueMask.value : 0) |
      (status !== 0 ? dataValueMask.status : 0) |
      (withSource ? dataValueMask.sourceTimestamp : 0) |
      (withServer ? dataValueMask.serverTimestamp : 0),
  );
  writer.append(sample.variant);
  if (status !== 0) writer.uint32(status);
  if (withSource) writer.dateTime(sample.sourceTimeMs);
  if (withServer) writer.dateTime(serverTimeMs);
}
