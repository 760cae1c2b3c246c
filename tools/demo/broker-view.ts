import { setTimeout as delay } from "node:timers/promises";
import type { PairStatus, SwitchoverAnswer } from "../../src/control/broker-api.ts";
import { type ControlClient, connectControl } from "../../src/control/client.ts";
import type { Role } from "../../src/core/role.ts";
import type { DiagnosticEvent } from "../../src/diagnostics/event.ts";

const pollIntervalMs = 50;

/** What an operator sees of one pair: its events as they come, and its status. */
export class BrokerView {
  readonly #control: ControlClient;
  readonly #pair: string;
  readonly #listeners = new Set<(event: DiagnosticEvent) => void>();

  private constructor(control: ControlClient, pair: string) {
    this.#control = control;
    this.#pair = pair;
  }

  static async open(stateDirectory: string, pair: string): Promise<BrokerView> {
    const view = new BrokerView(await connectControl(stateDirectory), pair);
    void view.#follow();
    return view;
  }

  /** Calls `listener` with every event of the pair; the function answered ends that. */
  onEvent(listener: (event: DiagnosticEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The next promotion of this member. */
  promotionOf(to: Role): Promise<DiagnosticEvent> {
    return new Promise((resolve) => {
      const off = this.onEvent((event) => {
        if (event.code !== "promoted" || event.member !== to) return;
        off();
        resolve(event);
      });
    });
  }

  /** Waits until both members are connected, and this one is active and nothing is wrong with either. */
  async settled(active: Role, timeoutMs: number): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    for (let pair = await this.status(); ; pair = await this.status()) {
      const well = ({ link, health, monitorItemsInError }: PairStatus["members"][number]) =>
        link === "up" && health === "ok" && monitorItemsInError.length === 0;
      if (pair.active === active && pair.members.every(well)) return;
      if (performance.now() > deadlineMs) {
        throw new Error(`both servers should be well by now, the ${active} active; but: ${pair.description}`);
      }
      await delay(pollIntervalMs);
    }
  }

  async status(): Promise<PairStatus> {
    const pair = (await this.#control.status()).find(({ name }) => name === this.#pair);
    if (!pair) throw new Error(`the broker has no pair ${this.#pair}`);
    return pair;
  }

  switchOver(to: Role, reason: string): Promise<SwitchoverAnswer> {
    return this.#control.switchover(this.#pair, { to, reason, force: false, dryRun: false });
  }

  close(): void {
    this.#control.close();
  }

  async #follow(): Promise<void> {
    try {
      const filter = { pair: this.#pair };
      for await (const item of this.#control.events({ filter, past: 0, follow: true })) {
        if (item.kind === "event") for (const listener of [...this.#listeners]) listener(item.event);
      }
    } catch {
      // The broker has gone; who waits for something learns of it from the broker's process.
    }
  }
}
