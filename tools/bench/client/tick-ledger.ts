/** What became of the values of all items whose ticks fall into one window. */
export interface LedgerResult {
  /** Values the server made: items times ticks. */
  readonly offered: number;
  /** Distinct values that arrived. */
  readonly delivered: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Values that are not those of their tick. */
  readonly wrong: number;
}

/**
 * Keeps account of every value of every item. The simulated values are functions of item and tick, so
 * each one that should arrive is known beforehand and a loss or duplication is proven, not estimated.
 */
export class TickLedger {
  readonly firstTick: number;
  readonly #items: number;
  readonly #ticks: number;
  readonly #seen: Uint8Array;
  #delivered = 0;
  #duplicated = 0;
  #wrong = 0;

  /** The window is `firstTick` up to and with `lastTick`. */
  constructor(items: number, firstTick: number, lastTick: number) {
    this.#items = items;
    this.firstTick = firstTick;
    this.#ticks = lastTick - firstTick + 1;
    this.#seen = new Uint8Array(items * this.#ticks);
  }

  get isComplete(): boolean {
    return this.#delivered === this.#seen.length;
  }

  /** Ticks outside of the window are ignored. */
  record(item: number, tick: number, isRight: boolean): void {
    const column = tick - this.firstTick;
    if (column < 0 || column >= this.#ticks || item >= this.#items) return;
    if (!isRight) {
      this.#wrong++;
      return;
    }
    const at = item * this.#ticks + column;
    if (this.#seen[at] === 1) {
      this.#duplicated++;
      return;
    }
    this.#seen[at] = 1;
    this.#delivered++;
  }

  result(): LedgerResult {
    const offered = this.#seen.length;
    return {
      offered,
      delivered: this.#delivered,
      lost: offered - this.#delivered,
      duplicated: this.#duplicated,
      wrong: this.#wrong,
    };
  }
}
