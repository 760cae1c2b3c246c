import type { SampleFilter } from "../../relay/handover.ts";
import type { DataChange } from "../upstream/da-server.ts";

/** The newest sample of an item that the client was given. */
interface Seen {
  timestamp: bigint;
  error: number;
  quality: number;
  value: Buffer;
}

const noTime = 0n;

/** Tells item states that the client has not seen, by item and timestamp. */
export class SeenItems implements SampleFilter<DataChange> {
  readonly #seen = new Map<number, Seen>();
  #suppressed = 0;

  get suppressed(): number {
    return this.#suppressed;
  }

  rememberAll(change: DataChange): void {
    const values = change.values.slices();
    change.items.forEach((item, index) => {
      const timestamp = change.timestamps[index] ?? noTime;
      const seen = this.#seen.get(item);
      if (seen && timestamp < seen.timestamp) return;
      this.#seen.set(item, {
        timestamp,
        error: change.errors[index] ?? 0,
        quality: change.qualities[index] ?? 0,
        value: values[index] ?? Buffer.alloc(0),
      });
    });
  }

  pass(change: DataChange, arrivedAfter: boolean): DataChange | null {
    const values = change.values.slices();
    const kept: number[] = [];
    change.items.forEach((item, index) => {
      if (this.#isNew(item, change, index, values[index], arrivedAfter)) kept.push(index);
    });
    const dropped = change.items.length - kept.length;
    this.#suppressed += dropped;
    if (dropped === 0) return change;
    return kept.length === 0 ? null : selectItems(change, kept);
  }

  /** The client starts anew with these items: their next sample is news whatever it is. */
  forget(items: Iterable<number>): void {
    for (const item of items) this.#seen.delete(item);
  }

  #isNew(
    item: number,
    change: DataChange,
    index: number,
    value: Buffer | undefined,
    arrivedAfter: boolean,
  ): boolean {
    const seen = this.#seen.get(item);
    if (!seen) return true;
    const timestamp = change.timestamps[index] ?? noTime;
    // an item in error has no timestamp
    if (timestamp === noTime || seen.timestamp === noTime) return arrivedAfter;
    if (timestamp !== seen.timestamp) return timestamp > seen.timestamp;
    return (
      change.qualities[index] !== seen.quality ||
      change.errors[index] !== seen.error ||
      value === undefined ||
      !value.equals(seen.value)
    );
  }
}

/** The rows of a data change with these indices, in this order. */
export function selectItems(change: DataChange, indices: readonly number[]): DataChange {
  return {
    ...change,
    items: Uint32Array.from(indices, (index) => change.items[index] ?? 0),
    errors: Int32Array.from(indices, (index) => change.errors[index] ?? 0),
    qualities: Uint16Array.from(indices, (index) => change.qualities[index] ?? 0),
    timestamps: BigUint64Array.from(indices, (index) => change.timestamps[index] ?? noTime),
    values: change.values.select(indices),
  };
}

const bytesBesideValue = 4 + 4 + 2 + 8;

/** About what a data change takes in memory. */
export function bytesOfChange({ items, values }: DataChange): number {
  return items.length * bytesBesideValue + values.byteLength + 64;
}
