import { clientHandleOf, type ItemCreation } from "../wire/monitored-items.ts";

/** MonitoringMode (OPC 10000-4, 7.23). */
export const monitoringModes = Object.freeze({ disabled: 0, sampling: 1, reporting: 2 });

/** A monitored item as its client knows it, with all that is needed to create it on another member. */
export interface ClientItem {
  readonly id: number;
  readonly clientHandle: number;
  readonly timestampsToReturn: number;
  readonly creation: ItemCreation;
}

/** The monitored items of one subscription under the ids that the client knows. */
export class ItemRegistry {
  readonly #items = new Map<number, ClientItem>();
  #lastId = 0;

  get size(): number {
    return this.#items.size;
  }

  add(creation: ItemCreation, timestampsToReturn: number): ClientItem {
    this.#lastId += 1;
    const item: ClientItem = {
      id: this.#lastId,
      clientHandle: clientHandleOf(creation.parameters),
      timestampsToReturn,
      creation,
    };
    this.#items.set(item.id, item);
    return item;
  }

  get(id: number): ClientItem | null {
    return this.#items.get(id) ?? null;
  }

  has(id: number): boolean {
    return this.#items.has(id);
  }

  all(): Iterable<ClientItem> {
    return this.#items.values();
  }

  /** Items that report to the client. */
  reporting(): ClientItem[] {
    return [...this.#items.values()].filter(
      (item) => item.creation.monitoringMode === monitoringModes.reporting,
    );
  }

  modify(id: number, parameters: Buffer, timestampsToReturn: number): void {
    const item = this.#items.get(id);
    if (!item) return;
    const clientHandle = clientHandleOf(parameters);
    this.#items.set(id, {
      ...item,
      clientHandle,
      timestampsToReturn,
      creation: { ...item.creation, parameters },
    });
  }

  setMode(id: number, monitoringMode: number): void {
    const item = this.#items.get(id);
    if (item) this.#items.set(id, { ...item, creation: { ...item.creation, monitoringMode } });
  }

  remove(id: number): boolean {
    return this.#items.delete(id);
  }
}
