import type { DataChange } from "../upstream/da-server.ts";

interface Given {
  readonly timestamp: bigint;
  readonly error: number;
  readonly quality: number;
  readonly value: Buffer;
}

/** What a client was given last of each item, for as long as it takes to compare it with what a member has. */
export class GivenItems {
  readonly #given = new Map<number, Given>();

  note(change: DataChange): void {
    const values = change.values.slices();
    change.items.forEach((item, index) => {
      this.#given.set(item, {
        timestamp: change.timestamps[index] ?? 0n,
        error: change.errors[index] ?? 0,
        quality: change.qualities[index] ?? 0,
        // a copy, so that it does not keep the whole message
        value: Buffer.from(values[index] ?? []),
      });
    });
  }

  /**
   * Indices of a member's present states that the client does not have: items it was given nothing of lately, and those
   * that differ though they are not newer (members whose clocks or devices differ). Newer ones come by themselves.
   */
  missing(present: DataChange): number[] {
    const values = present.values.slices();
    const indices: number[] = [];
    present.items.forEach((item, index) => {
      const given = this.#given.get(item);
      const value = values[index];
      const isMissing =
        !given ||
        ((present.timestamps[index] ?? 0n) <= given.timestamp &&
          (present.qualities[index] !== given.quality ||
            present.errors[index] !== given.error ||
            !value?.equals(given.value)));
      if (isMissing) indices.push(index);
    });
    return indices;
  }
}
