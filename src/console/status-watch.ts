import type { BrokerApi, PairStatus } from "../control/broker-api.ts";
import type { ConsolePair } from "./contract.ts";

/** Time between two looks while somebody looks, in ms. */
export const lookIntervalMs = 1000;

/** Looks at the status once a second and works out what takes two looks: values per second. */
export class StatusWatch {
  readonly #api: Pick<BrokerApi, "status">;
  readonly #onLook: (pairs: readonly ConsolePair[], nowMs: number) => void;
  readonly #forwarded = new Map<
    string,
    { readonly values: number; readonly atMs: number; readonly perSecond: number }
  >();
  #timer: NodeJS.Timeout | null = null;
  #latest: readonly ConsolePair[] = [];

  constructor(
    api: Pick<BrokerApi, "status">,
    onLook: (pairs: readonly ConsolePair[], nowMs: number) => void,
  ) {
    this.#api = api;
    this.#onLook = onLook;
  }

  get latest(): readonly ConsolePair[] {
    return this.#latest;
  }

  start(): void {
    const again = (): void => {
      this.#timer = setTimeout(() => {
        this.look()
          .catch(() => undefined)
          .finally(() => {
            if (this.#timer !== null) again();
          });
      }, lookIntervalMs);
      this.#timer.unref();
    };
    again();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Throws what `status` throws, e.g. BROKER_NOT_READY. */
  async look(): Promise<readonly ConsolePair[]> {
    const statuses = await this.#api.status();
    const nowMs = performance.now();
    this.#latest = statuses.map((pair) => ({ ...pair, valuesPerSecond: this.#rate(pair, nowMs) }));
    this.#onLook(this.#latest, Date.now());
    return this.#latest;
  }

  #rate({ name, valuesForwarded }: PairStatus, nowMs: number): number {
    const before = this.#forwarded.get(name);
    // looks of several askers in one moment are one look
    if (before && nowMs - before.atMs < lookIntervalMs / 2) return before.perSecond;
    const grown = before ? valuesForwarded - before.values : 0;
    // a client that left took its count along
    const perSecond = before && grown > 0 ? Math.round((grown * 1000) / (nowMs - before.atMs)) : 0;
    this.#forwarded.set(name, { values: valuesForwarded, atMs: nowMs, perSecond });
    return perSecond;
  }
}
