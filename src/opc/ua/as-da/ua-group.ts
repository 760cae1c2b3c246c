import {
  AttributeIds,
  CreateMonitoredItemsRequest,
  CreateMonitoredItemsResponse,
  CreateSubscriptionRequest,
  type CreateSubscriptionResponse,
  type DataChangeFilter,
  DataChangeNotification,
  type DataValue,
  DeleteMonitoredItemsRequest,
  DeleteSubscriptionsRequest,
  ModifyMonitoredItemsRequest,
  ModifyMonitoredItemsResponse,
  ModifySubscriptionRequest,
  type ModifySubscriptionResponse,
  type MonitoredItemCreateResult,
  MonitoringMode,
  type NodeId,
  SetMonitoringModeRequest,
  TimestampsToReturn,
} from "node-opcua";
import { BinaryStream } from "node-opcua-binary-stream";
import { hresult } from "../../da/mapping/hresult.ts";
import { accessRightsOf } from "../../da/mapping/property.ts";
import { varTypeOf } from "../../da/mapping/value.ts";
import type { DataChange } from "../../da/upstream/da-server.ts";
import type { ItemDefinition, ResponseBody } from "../../da/wire/requests.ts";
import { varType } from "../../da/wire/var-type.ts";
import { decodeResponse } from "../upstream/decode-response.ts";
import type { ServiceResponse, UpstreamSession } from "../upstream/upstream-session.ts";
import { listNotifications, notificationTypes } from "../wire/notification-data.ts";
import { anyAgeMs, nodeIdOf, readAttributes, valueAttribute } from "./calls.ts";
import { isFilterRefused, OwnDeadband, percentFilter, spansOf } from "./deadband.ts";
import { canConvert } from "./requested-type.ts";
import { errorOf, type NodeType, nodeTypeOf, statesOf } from "./values.ts";

/** Samples that a server keeps for an item between two publishing cycles. */
const queueSize = 10;
const keepAliveMs = 5000;
const lifetimeMs = 60_000;

/** An item of a group: a monitored item of its subscription. */
export interface UaItem {
  readonly nodeId: NodeId;
  readonly monitoredItemId: number;
  readonly type: NodeType;
  active: boolean;
}

/** A DA group on an OPC UA server: one subscription, its items monitored while group and item are active. */
export class UaGroup {
  readonly handle: number;
  readonly items = new Map<number, UaItem>();
  readonly #session: UpstreamSession;
  readonly #ownDeadband = new OwnDeadband();
  /** VARTYPEs by item, where the client asked for one. */
  readonly #requestedTypes = new Map<number, number>();
  #subscriptionId = 0;
  #active: boolean;
  #deadbandPercent: number;

  constructor(session: UpstreamSession, handle: number, active: boolean, deadbandPercent: number) {
    this.#session = session;
    this.handle = handle;
    this.#active = active;
    this.#deadbandPercent = deadbandPercent;
    this.#ownDeadband.percent = deadbandPercent;
  }

  get subscriptionId(): number {
    return this.#subscriptionId;
  }

  /** Creates the subscription and returns the revised rate in ms. @throws (rejects) ServiceError */
  async create(updateRateMs: number, timeoutMs: number): Promise<number> {
    const response = await this.#session.call<CreateSubscriptionResponse>(
      new CreateSubscriptionRequest({ ...parametersOf(updateRateMs), publishingEnabled: true, priority: 0 }),
      timeoutMs,
    );
    this.#subscriptionId = response.subscriptionId;
    return Math.round(response.revisedPublishingInterval);
  }

  async setRate(updateRateMs: number, timeoutMs: number): Promise<number> {
    const response = await this.#session.call<ModifySubscriptionResponse>(
      new ModifySubscriptionRequest({
        ...parametersOf(updateRateMs),
        subscriptionId: this.#subscriptionId,
        priority: 0,
      }),
      timeoutMs,
    );
    return Math.round(response.revisedPublishingInterval);
  }

  /** 0 to 100 percent of the range of analog items; others have no deadband. @throws (rejects) ServiceError */
  async setDeadband(percent: number, timeoutMs: number): Promise<void> {
    if (percent === this.#deadbandPercent) return;
    this.#deadbandPercent = percent;
    this.#ownDeadband.percent = percent;
    await this.#modify([...this.items], percentFilter(percent), timeoutMs);
  }

  async #modify(
    items: readonly (readonly [number, UaItem])[],
    filter: DataChangeFilter | undefined,
    timeoutMs: number,
  ): Promise<void> {
    if (items.length === 0) return;
    const request = new ModifyMonitoredItemsRequest({
      subscriptionId: this.#subscriptionId,
      timestampsToReturn: TimestampsToReturn.Source,
      itemsToModify: items.map(([item, { monitoredItemId }]) => ({
        monitoredItemId,
        requestedParameters: { ...parametersOfItem(item), ...(filter ? { filter } : {}) },
      })),
    });
    const response = await this.#session.call<ServiceResponse>(request, timeoutMs);
    const results = decodeResponse(ModifyMonitoredItemsResponse, response).results ?? [];
    const refused = items.filter((_, index) => isFilterRefused(results[index]?.statusCode));
    if (!filter || refused.length === 0) return;
    await this.#modify(refused, undefined, timeoutMs);
    await this.#watchOwn(refused, timeoutMs);
  }

  /** The deadband that the server does not apply. */
  async #watchOwn(
    items: readonly (readonly [number, Pick<UaItem, "nodeId">])[],
    timeoutMs: number,
  ): Promise<void> {
    const spans = await spansOf(
      this.#session,
      items.map(([, { nodeId }]) => nodeId),
      timeoutMs,
    );
    for (const [index, [item]] of items.entries()) this.#ownDeadband.watch(item, spans[index] ?? null);
  }

  async remove(timeoutMs: number): Promise<void> {
    await this.#session.call(
      new DeleteSubscriptionsRequest({ subscriptionIds: [this.#subscriptionId] }),
      timeoutMs,
    );
  }

  /** A group that is activated sends the values of all its active items, as OPC DA has it. */
  async setActive(active: boolean, timeoutMs: number): Promise<void> {
    if (active === this.#active) return;
    this.#active = active;
    if (active) this.#ownDeadband.startAnew(this.items.keys());
    await this.#setMode(
      [...this.items.values()].filter((item) => item.active),
      active,
      timeoutMs,
    );
  }

  async addItems(
    definitions: readonly ItemDefinition[],
    keep: boolean,
    timeoutMs: number,
  ): Promise<ResponseBody<"addItems">> {
    const nodes = definitions.map(({ itemId }) => nodeIdOf(itemId));
    const asked = nodes.flatMap((nodeId, index) => (nodeId ? [{ nodeId, index }] : []));
    const values = await readAttributes(
      this.#session,
      asked.map(({ nodeId }) => valueAttribute(nodeId)),
      anyAgeMs,
      timeoutMs,
    );
    const levels = await readAttributes(
      this.#session,
      asked.map(({ nodeId }) => ({ nodeId, attributeId: AttributeIds.UserAccessLevel })),
      anyAgeMs,
      timeoutMs,
    );
    const errors = new Int32Array(definitions.length).fill(hresult.OPC_E_INVALIDITEMID);
    const canonicalTypes = new Uint16Array(definitions.length);
    const accessRights = new Uint32Array(definitions.length);
    const wanted: { readonly index: number; readonly nodeId: NodeId; readonly type: NodeType }[] = [];
    asked.forEach(({ nodeId, index }, place) => {
      const type = nodeTypeOf(values[place]);
      canonicalTypes[index] = varTypeOf(type.dataType, type.isArray);
      const level = levels[place];
      if (!level?.statusCode.isGood()) {
        errors[index] = errorOf(level?.statusCode, "read");
        return;
      }
      accessRights[index] = accessRightsOf(Number(level.value.value));
      const requested = definitions[index]?.requestedType ?? varType.empty;
      if (canConvert(canonicalTypes[index] ?? varType.empty, requested)) wanted.push({ index, nodeId, type });
      else errors[index] = hresult.OPC_E_BADTYPE;
    });
    if (!keep) for (const { index } of wanted) errors[index] = hresult.S_OK;
    else await this.#create(definitions, wanted, errors, timeoutMs);
    return { errors, canonicalTypes, accessRights };
  }

  async #create(
    definitions: readonly ItemDefinition[],
    wanted: readonly { readonly index: number; readonly nodeId: NodeId; readonly type: NodeType }[],
    errors: Int32Array,
    timeoutMs: number,
  ): Promise<void> {
    if (wanted.length === 0) return;
    // before the items exist, so that their first values have their types
    for (const { index } of wanted)
      this.#request(definitions[index]?.item, definitions[index]?.requestedType);
    const filter = percentFilter(this.#deadbandPercent);
    const results = await this.#createMonitored(definitions, wanted, filter, timeoutMs);
    const refused = wanted.flatMap((each, place) =>
      filter && isFilterRefused(results[place]?.statusCode) ? [{ ...each, place }] : [],
    );
    if (refused.length > 0) {
      const own = refused.map(({ index, nodeId }) => [definitions[index]?.item ?? 0, { nodeId }] as const);
      // before the items exist, so that their first values count
      await this.#watchOwn(own, timeoutMs);
      const again = await this.#createMonitored(definitions, refused, undefined, timeoutMs);
      refused.forEach(({ place }, index) => {
        const result = again[index];
        if (result) results[place] = result;
      });
    }
    wanted.forEach(({ index, nodeId, type }, place) => {
      const result = results[place];
      const definition = definitions[index];
      errors[index] = errorOf(result?.statusCode, "read");
      if (!result?.statusCode.isGood() || !definition) return;
      errors[index] = hresult.S_OK;
      const { monitoredItemId } = result;
      this.items.set(definition.item, { nodeId, monitoredItemId, type, active: definition.active });
    });
  }

  async #createMonitored(
    definitions: readonly ItemDefinition[],
    wanted: readonly { readonly index: number; readonly nodeId: NodeId }[],
    filter: DataChangeFilter | undefined,
    timeoutMs: number,
  ): Promise<MonitoredItemCreateResult[]> {
    const request = new CreateMonitoredItemsRequest({
      subscriptionId: this.#subscriptionId,
      timestampsToReturn: TimestampsToReturn.Source,
      itemsToCreate: wanted.map(({ index, nodeId }) => ({
        itemToMonitor: { nodeId, attributeId: AttributeIds.Value },
        monitoringMode:
          this.#active && definitions[index]?.active ? MonitoringMode.Reporting : MonitoringMode.Disabled,
        requestedParameters: {
          ...parametersOfItem(definitions[index]?.item ?? 0),
          ...(filter ? { filter } : {}),
        },
      })),
    });
    const response = await this.#session.call<ServiceResponse>(request, timeoutMs);
    return decodeResponse(CreateMonitoredItemsResponse, response).results ?? [];
  }

  /** HRESULTs, one an item. */
  async removeItems(items: Uint32Array, timeoutMs: number): Promise<Int32Array> {
    const errors = this.#errorsOf(items);
    const known = [...items].flatMap((item) => this.items.get(item)?.monitoredItemId ?? []);
    for (const item of items) {
      this.items.delete(item);
      this.#requestedTypes.delete(item);
      this.#ownDeadband.forget(item);
    }
    if (known.length > 0) {
      const request = new DeleteMonitoredItemsRequest({
        subscriptionId: this.#subscriptionId,
        monitoredItemIds: known,
      });
      await this.#session.call(request, timeoutMs);
    }
    return errors;
  }

  /** HRESULTs, one an item. */
  async setItemsActive(items: Uint32Array, active: boolean, timeoutMs: number): Promise<Int32Array> {
    const known = [...items].flatMap((item) => this.items.get(item) ?? []);
    for (const item of known) item.active = active;
    if (active) this.#ownDeadband.startAnew(items);
    if (this.#active) await this.#setMode(known, active, timeoutMs);
    return this.#errorsOf(items);
  }

  /** The data changes in the notification data of a Publish. */
  changesIn(data: Buffer): DataChange[] {
    const changes: DataChange[] = [];
    for (const notification of listNotifications(data)) {
      if (notification.typeId !== notificationTypes.dataChange) continue;
      const change = new DataChangeNotification();
      change.decode(new BinaryStream(data.subarray(notification.start, notification.end)));
      const values = (change.monitoredItems ?? []).filter(({ clientHandle, value }) =>
        this.#ownDeadband.passes(clientHandle, value),
      );
      changes.push(...this.#inOrder(values));
    }
    return changes;
  }

  /** OPC DA has an item once in a callback, so samples of one item go into one after the other. */
  #inOrder(values: readonly { readonly clientHandle: number; readonly value: DataValue }[]): DataChange[] {
    const rounds: { readonly items: number[]; readonly values: DataValue[] }[] = [];
    const counts = new Map<number, number>();
    for (const { clientHandle, value } of values) {
      const round = counts.get(clientHandle) ?? 0;
      counts.set(clientHandle, round + 1);
      rounds[round] ??= { items: [], values: [] };
      rounds[round].items.push(clientHandle);
      rounds[round].values.push(value);
    }
    return rounds.map((round) => this.change(round.items, round.values, 0));
  }

  change(items: readonly number[], values: readonly DataValue[], transaction: number): DataChange {
    const states = statesOf(values, this.requestedTypesOf(items));
    const isGood = states.qualities.every((each) => each >= 0xc0);
    const hasError = states.errors.some((each) => each !== hresult.S_OK);
    return {
      server: 0,
      group: this.handle,
      transaction,
      masterQuality: isGood ? hresult.S_OK : hresult.S_FALSE,
      masterError: hasError ? hresult.S_FALSE : hresult.S_OK,
      items: Uint32Array.from(items),
      ...states,
    };
  }

  requestedTypesOf(items: Iterable<number>): number[] {
    return Array.from(items, (item) => this.#requestedTypes.get(item) ?? varType.empty);
  }

  /** HRESULTs, one an item. */
  setDatatypes(items: Uint32Array, types: Uint16Array): Int32Array {
    return Int32Array.from(items, (item, index) => {
      const known = this.items.get(item);
      if (!known) return hresult.OPC_E_INVALIDHANDLE;
      const requested = types[index] ?? varType.empty;
      if (!canConvert(varTypeOf(known.type.dataType, known.type.isArray), requested))
        return hresult.OPC_E_BADTYPE;
      this.#request(item, requested);
      return hresult.S_OK;
    });
  }

  #request(item: number | undefined, type: number | undefined): void {
    if (item === undefined) return;
    if (type === undefined || type === varType.empty) this.#requestedTypes.delete(item);
    else this.#requestedTypes.set(item, type);
  }

  #errorsOf(items: Uint32Array): Int32Array {
    return Int32Array.from(items, (item) =>
      this.items.has(item) ? hresult.S_OK : hresult.OPC_E_INVALIDHANDLE,
    );
  }

  async #setMode(items: readonly UaItem[], active: boolean, timeoutMs: number): Promise<void> {
    if (items.length === 0) return;
    const request = new SetMonitoringModeRequest({
      subscriptionId: this.#subscriptionId,
      monitoringMode: active ? MonitoringMode.Reporting : MonitoringMode.Disabled,
      monitoredItemIds: items.map(({ monitoredItemId }) => monitoredItemId),
    });
    await this.#session.call(request, timeoutMs);
  }
}

/** -1: sampled as fast as the group's rate. */
function parametersOfItem(item: number) {
  return { clientHandle: item, samplingInterval: -1, queueSize, discardOldest: true };
}

function parametersOf(updateRateMs: number) {
  const intervalMs = Math.max(updateRateMs, 1);
  return {
    requestedPublishingInterval: updateRateMs,
    requestedMaxKeepAliveCount: Math.max(1, Math.ceil(keepAliveMs / intervalMs)),
    requestedLifetimeCount: Math.max(10, Math.ceil(lifetimeMs / intervalMs)),
    maxNotificationsPerPublish: 0,
  };
}
