import {
  AttributeIds,
  coerceStatusCode,
  DataChangeFilter,
  DataChangeNotification,
  DataChangeTrigger,
  type DataValue,
  DeadbandType,
  type MonitoredItemCreateRequest,
  MonitoredItemCreateResult,
  type MonitoredItemModifyRequest,
  MonitoredItemModifyResult,
  MonitoredItemNotification,
  MonitoringMode,
  NotificationMessage,
  PublishResponse,
  StatusCodes,
} from "node-opcua";
import { hresult } from "../../da/mapping/hresult.ts";
import { statusOfHresult } from "../../da/mapping/hresult-status.ts";
import { groupChange } from "../../da/relay/leg-group.ts";
import type { DaServer, DataChange } from "../../da/upstream/da-server.ts";
import { bodyOf, dataValuesOf } from "./items.ts";
import { daNodeOf } from "./node-ids.ts";

/** Publishing parameters of a subscription in force. */
export interface Revised {
  readonly publishingInterval: number;
  readonly lifetimeCount: number;
  readonly maxKeepAliveCount: number;
}

interface Item {
  clientHandle: number;
  isActive: boolean;
}

const shortestIntervalMs = 10;
const longestQueue = 1000;

/** A subscription on an OPC DA server: one group, its rate the publishing interval. */
export class DaSubscription {
  /** Also the group's handle. */
  readonly id: number;
  readonly #server: DaServer;
  readonly #items = new Map<number, Item>();
  readonly #outbox: DataChange[] = [];
  #lastItem = 0;
  #sequenceNumber = 0;
  #isEnabled: boolean;

  constructor(server: DaServer, id: number, isEnabled: boolean) {
    this.#server = server;
    this.id = id;
    this.#isEnabled = isEnabled;
  }

  get hasSomething(): boolean {
    return this.#outbox.length > 0;
  }

  /** @throws (rejects) ServiceError */
  async create(requestedMs: number, timeoutMs: number): Promise<number> {
    const updateRateMs = rateOf(requestedMs);
    const body = { server: 0, group: this.id, name: "", ...state(this.#isEnabled, updateRateMs) };
    return bodyOf(await this.#server.call("addGroup", body, timeoutMs)).updateRateMs;
  }

  async setRate(requestedMs: number, timeoutMs: number): Promise<number> {
    return this.#set(groupChange.rate, rateOf(requestedMs), timeoutMs);
  }

  async setEnabled(isEnabled: boolean, timeoutMs: number): Promise<void> {
    this.#isEnabled = isEnabled;
    await this.#set(groupChange.active, 0, timeoutMs);
  }

  async #set(change: number, updateRateMs: number, timeoutMs: number): Promise<number> {
    const body = { server: 0, group: this.id, change, ...state(this.#isEnabled, updateRateMs) };
    return bodyOf(await this.#server.call("setGroupState", body, timeoutMs)).updateRateMs;
  }

  async remove(timeoutMs: number): Promise<void> {
    await this.#server.call("removeGroup", { server: 0, group: this.id }, timeoutMs);
  }

  async createItems(
    requests: readonly MonitoredItemCreateRequest[],
    timeoutMs: number,
  ): Promise<MonitoredItemCreateResult[]> {
    const results = requests.map(
      () => new MonitoredItemCreateResult({ statusCode: StatusCodes.BadNodeIdUnknown }),
    );
    const wanted = requests.flatMap(({ itemToMonitor, monitoringMode, requestedParameters }, index) => {
      const node = daNodeOf(itemToMonitor.nodeId);
      if (node?.kind !== "item") return [];
      if (itemToMonitor.attributeId !== AttributeIds.Value) {
        results[index] = new MonitoredItemCreateResult({ statusCode: StatusCodes.BadAttributeIdInvalid });
        return [];
      }
      if (!isFilterServed(requestedParameters.filter)) {
        results[index] = new MonitoredItemCreateResult({
          statusCode: StatusCodes.BadMonitoredItemFilterUnsupported,
        });
        return [];
      }
      this.#lastItem += 1;
      const isActive = monitoringMode === MonitoringMode.Reporting;
      const { clientHandle, samplingInterval } = requestedParameters;
      // known before the answer: values may come first
      this.#items.set(this.#lastItem, { clientHandle, isActive });
      return { index, item: this.#lastItem, itemId: node.itemId, isActive, samplingInterval };
    });
    if (wanted.length === 0) return results;
    const items = wanted.map(({ item, itemId, isActive }) => ({
      item,
      active: isActive,
      requestedType: 0,
      accessPath: "",
      itemId,
    }));
    const { errors } = bodyOf(
      await this.#server.call("addItems", { server: 0, group: this.id, items }, timeoutMs),
    );
    wanted.forEach(({ index, item, samplingInterval }, place) => {
      const error = errors[place] ?? hresult.E_FAIL;
      if (error < 0) this.#items.delete(item);
      results[index] = new MonitoredItemCreateResult({
        statusCode: coerceStatusCode(statusOfHresult(error, "read")),
        monitoredItemId: error < 0 ? 0 : item,
        revisedSamplingInterval: Math.max(0, samplingInterval),
        revisedQueueSize: 1,
      });
    });
    return results;
  }

  /** Takes over new client handles; everything else is the group's. */
  modifyItems(requests: readonly MonitoredItemModifyRequest[]): MonitoredItemModifyResult[] {
    return requests.map(({ monitoredItemId, requestedParameters }) => {
      const item = this.#items.get(monitoredItemId);
      if (!item) return new MonitoredItemModifyResult({ statusCode: StatusCodes.BadMonitoredItemIdInvalid });
      if (!isFilterServed(requestedParameters.filter)) {
        return new MonitoredItemModifyResult({ statusCode: StatusCodes.BadMonitoredItemFilterUnsupported });
      }
      item.clientHandle = requestedParameters.clientHandle;
      return new MonitoredItemModifyResult({
        statusCode: StatusCodes.Good,
        revisedSamplingInterval: Math.max(0, requestedParameters.samplingInterval),
        revisedQueueSize: 1,
      });
    });
  }

  /** StatusCodes, one an id. */
  async deleteItems(ids: readonly number[], timeoutMs: number): Promise<number[]> {
    const { known, statuses } = this.#known(ids);
    for (const id of known) this.#items.delete(id);
    const body = { server: 0, group: this.id, items: Uint32Array.from(known) };
    if (known.length > 0) bodyOf(await this.#server.call("removeItems", body, timeoutMs));
    return statuses;
  }

  /** StatusCodes, one an id. */
  async setMode(ids: readonly number[], mode: MonitoringMode, timeoutMs: number): Promise<number[]> {
    const { known, statuses } = this.#known(ids);
    const active = mode === MonitoringMode.Reporting;
    for (const id of known) {
      const item = this.#items.get(id);
      if (item) item.isActive = active;
    }
    const body = { server: 0, group: this.id, active, items: Uint32Array.from(known) };
    if (known.length > 0) bodyOf(await this.#server.call("setItemsActive", body, timeoutMs));
    return statuses;
  }

  #known(ids: readonly number[]): { readonly known: number[]; readonly statuses: number[] } {
    const known = ids.filter((id) => this.#items.has(id));
    const statuses = ids.map((id) =>
      this.#items.has(id) ? StatusCodes.Good.value : StatusCodes.BadMonitoredItemIdInvalid.value,
    );
    return { known, statuses };
  }

  /** Keeps a data change until the client asks for it; beyond a bound the oldest goes. */
  receive(change: DataChange): void {
    if (change.items.length === 0) return;
    this.#outbox.push(change);
    if (this.#outbox.length > longestQueue) this.#outbox.shift();
  }

  /** The next notification. */
  take(): PublishResponse | null {
    const change = this.#outbox.shift();
    if (!change) return null;
    const values = dataValuesOf(change);
    const monitoredItems: MonitoredItemNotification[] = [];
    change.items.forEach((id, index) => {
      const item = this.#items.get(id);
      const value: DataValue | undefined = values[index];
      if (item && value)
        monitoredItems.push(new MonitoredItemNotification({ clientHandle: item.clientHandle, value }));
    });
    this.#sequenceNumber = this.#sequenceNumber === 0xffff_ffff ? 1 : this.#sequenceNumber + 1;
    return new PublishResponse({
      subscriptionId: this.id,
      availableSequenceNumbers: [],
      moreNotifications: this.#outbox.length > 0,
      notificationMessage: new NotificationMessage({
        sequenceNumber: this.#sequenceNumber,
        publishTime: new Date(),
        notificationData: [new DataChangeNotification({ monitoredItems })],
      }),
      results: [],
    });
  }
}

function rateOf(requestedMs: number): number {
  return Math.max(shortestIntervalMs, Math.round(requestedMs));
}

function state(active: boolean, updateRateMs: number) {
  return { active, updateRateMs, timeBiasMinutes: 0, deadbandPercent: 0, locale: 0, keepAliveMs: 0 };
}

/** A DA group sends changes of value and quality; its deadband is the whole group's, so an item cannot have one. */
function isFilterServed(filter: unknown): boolean {
  if (filter === null || filter === undefined) return true;
  return (
    filter instanceof DataChangeFilter &&
    filter.deadbandType === DeadbandType.None &&
    filter.trigger !== DataChangeTrigger.Status
  );
}
