import { UnderstudyError } from "../../../core/error.ts";
import { oneAtATime } from "../../../host/one-at-a-time.ts";
import { hresult, hresultText } from "../mapping/hresult.ts";
import type { DaServer } from "../upstream/da-server.ts";
import type { Outcome } from "../wire/message-codec.ts";
import type { ItemDefinition, RequestBody, ResponseBody } from "../wire/requests.ts";
import type { ClientGroup, GroupState } from "./client-group.ts";

/** Limit of each call with which a member is brought in line, in ms. */
export const followTimeoutMs = 10_000;
const itemsPerCall = 5000;

/** Bits of SetGroupState's `change`. */
export const groupChange = Object.freeze({
  rate: 1,
  active: 2,
  bias: 4,
  deadband: 8,
  locale: 16,
  keepAlive: 32,
} as const);
const everyChange = 63;

type StructureRequest = "addItems" | "removeItems" | "setItemsActive" | "setDatatypes";

interface AppliedItem {
  readonly active: boolean;
  readonly requestedType: number;
}

/**
 * A client's group on one member. `reconcile` brings the member in line with what the client wants; calls
 * for one group follow one another.
 */
export class LegGroup {
  readonly group: ClientGroup;
  readonly #server: DaServer;
  readonly #items = new Map<number, AppliedItem>();
  /** Items that this member refused. */
  readonly #missing = new Set<number>();
  #state: GroupState | null = null;
  /** Data are to come from this member. */
  #publishes: boolean;
  readonly #inOrder = oneAtATime();

  constructor(server: DaServer, group: ClientGroup, publishes: boolean) {
    this.#server = server;
    this.group = group;
    this.#publishes = publishes;
  }

  get missing(): ReadonlySet<number> {
    return this.#missing;
  }

  /** Creates the group as its client asks for it now. */
  create(deadlineMs: number): Promise<Outcome<ResponseBody<"addGroup">>> {
    return this.#inOrder(() => this.#create(deadlineMs));
  }

  /** A change of the group that its client asks for now. */
  setState(
    body: RequestBody<"setGroupState">,
    state: GroupState,
    deadlineMs: number,
  ): Promise<Outcome<ResponseBody<"setGroupState">>> {
    return this.#inOrder(async () => {
      const wanted = this.#effective(state);
      const outcome = await this.#server.call(
        "setGroupState",
        { ...body, active: wanted.active },
        deadlineMs,
      );
      if (outcome.ok) this.#state = wanted;
      return outcome;
    });
  }

  /** A change of items that the client asks for now; `done` takes note of it here and in the client's group. */
  change<N extends StructureRequest>(
    name: N,
    body: RequestBody<N>,
    deadlineMs: number,
  ): Promise<Outcome<ResponseBody<N>>> {
    return this.#inOrder(async () => {
      const outcome = await this.#server.call(name, body, deadlineMs);
      return outcome;
    });
  }

  /** The member has the item as the client wants it. */
  noteItem(definition: ItemDefinition): void {
    this.#missing.delete(definition.item);
    this.#items.set(definition.item, definition);
  }

  noteRemoved(item: number): void {
    this.#missing.delete(item);
    this.#items.delete(item);
  }

  /** Lets data come from this member, or not. */
  setPublishing(publishes: boolean): Promise<void> {
    this.#publishes = publishes;
    return this.reconcile();
  }

  remove(): Promise<void> {
    return this.#inOrder(async () => {
      if (!this.#state) return;
      await this.#server.call("removeGroup", { server: 0, group: this.group.handle }, followTimeoutMs);
    });
  }

  /** @throws (rejects) GROUP_NOT_FOLLOWED where the member does not do what it is asked. */
  reconcile(): Promise<void> {
    return this.#inOrder(async () => {
      if (!this.#state) {
        expectDone("addGroup", await this.#create(followTimeoutMs));
      }
      // items before the group's activation, so that their first values come together
      await this.#removeItems();
      await this.#addItems();
      await this.#changeItems();
      await this.#applyState();
    });
  }

  async #create(deadlineMs: number): Promise<Outcome<ResponseBody<"addGroup">>> {
    const { handle, name, state } = this.group;
    const wanted = this.#effective(state);
    const outcome = await this.#server.call(
      "addGroup",
      { server: 0, group: handle, name, ...wanted },
      deadlineMs,
    );
    if (outcome.ok) this.#state = wanted;
    return outcome;
  }

  #effective(state: GroupState): GroupState {
    return { ...state, active: state.active && this.#publishes };
  }

  async #applyState(): Promise<void> {
    const wanted = this.#effective(this.group.state);
    const change = differenceOf(this.#state, wanted);
    if (change === 0) return;
    const body = { server: 0, group: this.group.handle, change, ...wanted };
    expectDone("setGroupState", await this.#server.call("setGroupState", body, followTimeoutMs));
    this.#state = wanted;
  }

  async #removeItems(): Promise<void> {
    const gone = [...this.#items.keys()].filter((item) => !this.group.items.has(item));
    for (const item of this.#missing) if (!this.group.items.has(item)) this.#missing.delete(item);
    for (const items of chunks(gone)) {
      const body = { server: 0, group: this.group.handle, items: Uint32Array.from(items) };
      expectDone("removeItems", await this.#server.call("removeItems", body, followTimeoutMs));
      for (const item of items) this.#items.delete(item);
    }
  }

  async #addItems(): Promise<void> {
    const wanted = [...this.group.items.values()].filter(
      ({ item }) => !this.#items.has(item) && !this.#missing.has(item),
    );
    for (const items of chunks(wanted)) {
      const body = { server: 0, group: this.group.handle, items };
      const { errors } = expectDone("addItems", await this.#server.call("addItems", body, followTimeoutMs));
      items.forEach((definition, index) => {
        if ((errors[index] ?? hresult.E_FAIL) >= 0) this.#items.set(definition.item, definition);
        else this.#missing.add(definition.item);
      });
    }
  }

  async #changeItems(): Promise<void> {
    const retyped: ItemDefinition[] = [];
    const byActivity = { on: [] as number[], off: [] as number[] };
    for (const [item, applied] of this.#items) {
      const wanted = this.group.items.get(item);
      if (!wanted) continue;
      if (wanted.requestedType !== applied.requestedType) retyped.push(wanted);
      if (wanted.active !== applied.active) byActivity[wanted.active ? "on" : "off"].push(item);
    }
    const ids = { server: 0, group: this.group.handle };
    if (retyped.length > 0) {
      const items = Uint32Array.from(retyped, ({ item }) => item);
      const types = Uint16Array.from(retyped, ({ requestedType }) => requestedType);
      const body = { ...ids, items, types };
      expectDone("setDatatypes", await this.#server.call("setDatatypes", body, followTimeoutMs));
    }
    for (const active of [true, false]) {
      const items = active ? byActivity.on : byActivity.off;
      if (items.length === 0) continue;
      const body = { ...ids, active, items: Uint32Array.from(items) };
      expectDone("setItemsActive", await this.#server.call("setItemsActive", body, followTimeoutMs));
    }
    for (const item of [...retyped.map((each) => each.item), ...byActivity.on, ...byActivity.off]) {
      const wanted = this.group.items.get(item);
      if (wanted) this.#items.set(item, wanted);
    }
  }
}

function differenceOf(applied: GroupState | null, wanted: GroupState): number {
  if (!applied) return everyChange;
  return (
    (applied.updateRateMs === wanted.updateRateMs ? 0 : groupChange.rate) |
    (applied.active === wanted.active ? 0 : groupChange.active) |
    (applied.timeBiasMinutes === wanted.timeBiasMinutes ? 0 : groupChange.bias) |
    (applied.deadbandPercent === wanted.deadbandPercent ? 0 : groupChange.deadband) |
    (applied.locale === wanted.locale ? 0 : groupChange.locale) |
    (applied.keepAliveMs === wanted.keepAliveMs ? 0 : groupChange.keepAlive)
  );
}

/** The state after a SetGroupState with this body. */
export function changedState(state: GroupState, body: RequestBody<"setGroupState">): GroupState {
  const has = (bit: number): boolean => (body.change & bit) !== 0;
  return {
    updateRateMs: has(groupChange.rate) ? body.updateRateMs : state.updateRateMs,
    active: has(groupChange.active) ? body.active : state.active,
    timeBiasMinutes: has(groupChange.bias) ? body.timeBiasMinutes : state.timeBiasMinutes,
    deadbandPercent: has(groupChange.deadband) ? body.deadbandPercent : state.deadbandPercent,
    locale: has(groupChange.locale) ? body.locale : state.locale,
    keepAliveMs: has(groupChange.keepAlive) ? body.keepAliveMs : state.keepAliveMs,
  };
}

function expectDone<T>(what: string, outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.body;
  const said = outcome.detail ?? hresultText(outcome.result);
  throw new UnderstudyError("GROUP_NOT_FOLLOWED", `${what}: ${said}`);
}

function* chunks<T>(elements: readonly T[]): Iterable<T[]> {
  for (let start = 0; start < elements.length; start += itemsPerCall) {
    yield elements.slice(start, start + itemsPerCall);
  }
}
