/** Data as they came from a member, with the time of arrival. */
export interface RingEntry<T> {
  readonly arrivedAtMs: number;
  readonly data: T;
}

/** Upper bound of what one ring holds, whatever its time span. */
const maxRingBytes = 64 * 1024 * 1024;

/**
 * The last few seconds of one member's data for one subscription or group, unparsed. Both members'
 * rings together tell at a switchover what the client has seen and what it still has to see.
 */
export class ArrivalRing<T> {
  readonly #bytesOf: (data: T) => number;
  #entries: RingEntry<T>[] = [];
  #first = 0;
  #bytes = 0;
  keepForMs: number;

  constructor(keepForMs: number, bytesOf: (data: T) => number) {
    this.keepForMs = keepForMs;
    this.#bytesOf = bytesOf;
  }

  /** `holdFromMs`: what arrived since then is kept beyond the time span. */
  push(data: T, nowMs: number, holdFromMs = nowMs): void {
    this.#entries.push({ arrivedAtMs: nowMs, data });
    this.#bytes += this.#bytesOf(data);
    this.#trim(Math.min(holdFromMs, nowMs - this.keepForMs));
  }

  /** Oldest first. */
  entries(): readonly RingEntry<T>[] {
    return this.#first === 0 ? this.#entries : this.#entries.slice(this.#first);
  }

  /** Time of the newest arrival; -Infinity when empty. */
  get lastArrivalMs(): number {
    return this.#entries.at(-1)?.arrivedAtMs ?? Number.NEGATIVE_INFINITY;
  }

  clear(): void {
    this.#entries = [];
    this.#first = 0;
    this.#bytes = 0;
  }

  #trim(keepFromMs: number): void {
    for (;;) {
      const oldest = this.#entries[this.#first];
      if (!oldest || this.#first === this.#entries.length - 1) break;
      if (oldest.arrivedAtMs >= keepFromMs && this.#bytes <= maxRingBytes) break;
      this.#bytes -= this.#bytesOf(oldest.data);
      this.#first += 1;
    }
    // let go of what was passed now and then, not at every push
    if (this.#first > 64 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }
}
