import { waveValue } from "../../simulator/model/sources.ts";
import { tickOfTime, type VisitValue } from "./notifications.ts";
import { type LedgerResult, TickLedger } from "./tick-ledger.ts";

export interface MeterResult extends LedgerResult {
  /** Longest time between two messages with values, from the start of the window to its end, in ms. */
  readonly longestSilenceMs: number;
}

/** Watches a stream of values: what arrives in a window, and the longest silence within it. */
export class Meter {
  readonly #periodMs: number;
  #ledger: TickLedger | null = null;
  #lastMessageMs = 0;
  #longestSilenceMs = 0;
  #isTiming = false;

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  readonly onValue: VisitValue = (clientHandle, value, sourceTimeMs, status) => {
    const ledger = this.#ledger;
    if (ledger === null || !(sourceTimeMs > 0) || status >>> 30 !== 0) return;
    const tick = tickOfTime(sourceTimeMs, this.#periodMs);
    ledger.record(clientHandle, tick, value === waveValue("ramp", clientHandle, tick));
  };

  readonly onMessage = (): void => {
    const nowMs = performance.now();
    this.#noteSilence(nowMs);
    this.#lastMessageMs = nowMs;
  };

  get isComplete(): boolean {
    return this.#ledger?.isComplete ?? false;
  }

  /** Takes account of the ticks from `firstTick` to `lastTick`. */
  expect(items: number, firstTick: number, lastTick: number): void {
    this.#ledger = new TickLedger(items, firstTick, lastTick);
  }

  startTiming(): void {
    this.#lastMessageMs = performance.now();
    this.#longestSilenceMs = 0;
    this.#isTiming = true;
  }

  stopTiming(): void {
    this.#noteSilence(performance.now());
    this.#isTiming = false;
  }

  result(): MeterResult {
    if (!this.#ledger) throw new Error("the meter has not been told what to expect");
    return { ...this.#ledger.result(), longestSilenceMs: this.#longestSilenceMs };
  }

  #noteSilence(nowMs: number): void {
    if (!this.#isTiming) return;
    this.#longestSilenceMs = Math.max(this.#longestSilenceMs, nowMs - this.#lastMessageMs);
  }
}
