import { setTimeout as delay } from "node:timers/promises";
import { BenchSession } from "./bench-session.ts";
import { openStream, type StreamSettings } from "./bench-subscription.ts";
import type { Meter } from "./meter.ts";

/** What an ordinary client does: it tries again soon, and does not wait for ever. */
const retryIntervalMs = 100;
const attemptTimeoutMs = 2000;

/**
 * A stream of values that is set up anew whenever its connection is lost: new channel, session, subscription
 * and items. Through a broker that keeps the connection this never happens.
 */
export class PersistentStream {
  readonly #endpointUrl: string;
  readonly #settings: StreamSettings;
  readonly #meter: Meter;
  #session: BenchSession | null = null;
  #isClosed = false;
  #setUps: number[] = [];

  constructor(endpointUrl: string, settings: StreamSettings, meter: Meter) {
    this.#endpointUrl = endpointUrl;
    this.#settings = settings;
    this.#meter = meter;
  }

  /** Time of each set-up that came to an end, in ms; the first is that of the start. */
  get setUpsMs(): readonly number[] {
    return this.#setUps;
  }

  /** Resolves when all items are there for the first time. */
  async open(timeoutMs: number): Promise<void> {
    await this.#setUp(timeoutMs);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#session?.close();
  }

  abort(): void {
    this.#isClosed = true;
    this.#session?.abort();
  }

  async #setUp(timeoutMs: number): Promise<void> {
    const startMs = performance.now();
    const session = await BenchSession.open(this.#endpointUrl, timeoutMs);
    if (this.#isClosed) {
      session.abort();
      return;
    }
    this.#session = session;
    let isLost = false;
    const lost = () => {
      if (isLost) return;
      isLost = true;
      session.abort();
      if (!this.#isClosed && this.#session === session) void this.#recover();
    };
    try {
      const events = { onValue: this.#meter.onValue, onMessage: this.#meter.onMessage, onEnded: lost };
      await openStream(session, this.#settings, events, timeoutMs);
    } catch (error) {
      // Who called tries again; the loss itself is then no second reason to.
      isLost = true;
      session.abort();
      throw error;
    }
    this.#setUps.push(performance.now() - startMs);
  }

  async #recover(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#setUp(attemptTimeoutMs);
        return;
      } catch {
        await delay(retryIntervalMs);
      }
    }
  }
}
