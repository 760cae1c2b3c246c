import type { Role } from "../../../core/role.ts";
import type { Clock } from "../../clock.ts";
import { ringMarginMs, type SwitchCount, SwitchedStream } from "../../relay/switched-stream.ts";
import { quality } from "../mapping/quality.ts";
import { filetimeOfUnixMs } from "../mapping/time.ts";
import type { DataChange } from "../upstream/da-server.ts";
import type { ItemDefinition } from "../wire/requests.ts";
import { GivenItems } from "./given-items.ts";
import { bytesOfChange, SeenItems, selectItems } from "./seen-items.ts";
import { changeOfQuality } from "./states.ts";

/** The state of a group as its client set it (OPC DA 3.0, 4.4.4). */
export interface GroupState {
  readonly active: boolean;
  readonly updateRateMs: number;
  readonly timeBiasMinutes: number;
  readonly deadbandPercent: number;
  readonly locale: number;
  readonly keepAliveMs: number;
}

export interface ClientGroupOptions {
  readonly handle: number;
  readonly name: string;
  readonly state: GroupState;
  readonly clock: Clock;
  readonly active: Role | null;
  /** Longest time until a failure is noticed, in ms: what the standby delivered since then is replayed. */
  readonly detectionMs: number;
  deliver(change: DataChange): void;
}

/** Of the refresh that the broker asks for itself; proxies count theirs from 1. */
export const settlingTransaction = 0xffff_ffff;

/** A group as its client knows it: its handle and those of its items stay the same whichever member serves. */
export class ClientGroup {
  readonly handle: number;
  readonly name: string;
  readonly items = new Map<number, ItemDefinition>();
  state: GroupState;
  valuesForwarded = 0;
  readonly #clock: Clock;
  readonly #deliver: (change: DataChange) => void;
  readonly #stream: SwitchedStream<DataChange, SeenItems>;
  /** What the client was given since a little before a switchover, until it is compared with what the member has. */
  #given: GivenItems | null = null;
  /** Refreshes that the client waits for: their source by their transaction. */
  readonly #refreshes = new Map<number, number>();

  constructor(options: ClientGroupOptions) {
    this.handle = options.handle;
    this.name = options.name;
    this.state = options.state;
    this.#clock = options.clock;
    this.#deliver = options.deliver;
    this.#stream = new SwitchedStream<DataChange, SeenItems>({
      active: options.active,
      considerForMs: options.detectionMs + 2 * options.state.updateRateMs + ringMarginMs,
      bytesOf: bytesOfChange,
      createFilter: () => new SeenItems(),
      deliver: (change) => this.#give(change),
    });
  }

  receive(role: Role, change: DataChange): void {
    const isActive = role === this.#stream.active;
    if (change.transaction === settlingTransaction) {
      if (isActive) this.#settle(change);
    } else if (change.transaction !== 0) {
      // the answer to a refresh, which its client waits for whatever it has seen
      if (isActive && this.#refreshes.delete(change.transaction)) this.#give(change);
    } else if (change.items.length > 0) {
      this.#stream.receive(role, change, this.#clock.nowMs());
    } else if (isActive) {
      this.#deliver(change);
    }
  }

  /** A member's group starts anew, with first values that the client may have seen. */
  restart(role: Role): void {
    this.#stream.restart(role, this.#clock.nowMs());
  }

  pause(): void {
    this.#stream.pause();
  }

  switchTo(role: Role): SwitchCount {
    if (role !== this.#stream.active) {
      this.#given = new GivenItems();
      for (const change of this.#stream.recentlyDelivered()) this.#given.note(change);
    }
    return this.#stream.switchTo(role, this.#clock.nowMs());
  }

  /** Nothing serves: the client's values are no longer current. All that comes later is news. */
  goDark(): void {
    this.#given = null;
    this.#stream.forget();
    if (this.state.active) this.#report(this.#activeItems(), quality.commFailure);
  }

  /** Whether the client may lack values that the active member has: then it is asked for a refresh. */
  get isUnsettled(): boolean {
    return this.#given !== null && this.state.active && this.#activeItems().length > 0;
  }

  /** The present states of the active member, some time after a switchover. */
  #settle(present: DataChange): void {
    const missing = this.#given?.missing(present) ?? [];
    this.#given = null;
    if (missing.length > 0) this.#give(selectItems({ ...present, transaction: 0 }, missing));
  }

  /** Items that the new active member does not have. */
  reportItemsMissing(items: Iterable<number>): void {
    const missing = [...items].filter((item) => this.items.get(item)?.active);
    if (this.state.active) this.#report(missing, quality.configError);
  }

  /** The client is owed the next sample of these items even where it has seen it. */
  startAnew(items: Iterable<number>): void {
    this.#stream.filter?.forget(items);
  }

  refreshAsked(transaction: number, source: number): void {
    this.#refreshes.set(transaction, source);
  }

  refreshRefused(transaction: number): void {
    this.#refreshes.delete(transaction);
  }

  /** Transactions of refreshes that are still to come, and their sources. */
  get refreshes(): ReadonlyMap<number, number> {
    return this.#refreshes;
  }

  #activeItems(): number[] {
    return [...this.items.values()].filter(({ active }) => active).map(({ item }) => item);
  }

  #report(items: readonly number[], itemQuality: number): void {
    if (items.length === 0) return;
    this.#give(changeOfQuality(this.handle, items, itemQuality, filetimeOfUnixMs(this.#clock.wallMs())));
  }

  #give(change: DataChange): number {
    this.#given?.note(change);
    this.valuesForwarded += change.items.length;
    this.#deliver(change);
    return change.items.length;
  }
}
