import {
  AttributeIds,
  BinaryStream,
  DataChangeFilter,
  DeadbandType,
  type DeleteMonitoredItemsRequest,
  DeleteMonitoredItemsResponse,
  type ModifyMonitoredItemsRequest,
  ModifyMonitoredItemsResponse,
  MonitoredItemModifyResult,
  type SetMonitoringModeRequest,
  SetMonitoringModeResponse,
  type StatusCode,
  StatusCodes,
} from "node-opcua";
import { rawResponse } from "../../../src/opc/ua/wire/raw-factory.ts";
import type { RawResponse } from "../../../src/opc/ua/wire/raw-message.ts";
import type { Faults } from "../faults.ts";
import type { AddressSpace } from "../model/address-space.ts";
import type { Node, VariableNode } from "../model/node.ts";
import { type ItemSettings, Monitoring, Timestamps, Trigger } from "../subscription/item-settings.ts";
import { MonitoredItem } from "../subscription/monitored-item.ts";
import type { Subscription } from "../subscription/subscription.ts";
import { Reader } from "../wire/reader.ts";
import { Writer } from "../wire/writer.ts";
import { readAttribute } from "./attributes.ts";
import { operationLimits } from "./read-write.ts";
import { ServiceFailure } from "./service-failure.ts";

const minSamplingIntervalMs = 10;
const maxSamplingIntervalMs = 3_600_000;
const maxQueueSize = 10_000;
const dataChangeFilterTypeId = "i=724";

type FilterResult = { readonly trigger: number; readonly deadband: number } | StatusCode;

/** What a monitored item needs of its server. */
export interface ItemContext {
  readonly space: AddressSpace;
  readonly faults: Faults;
  subscription(id: number): Subscription;
  nextItemId(): number;
}

/** CreateMonitoredItems (Part 4, 5.13.2), from the bytes of the request to those of the response. */
export function createMonitoredItems(context: ItemContext, body: Buffer, nowMs: number): RawResponse {
  const reader = new Reader(body);
  const subscription = context.subscription(reader.uint32());
  const timestamps = checkedTimestamps(reader.int32());
  const count = checkedCount(reader.arrayLength());
  const writer = new Writer(16 + count * 24).int32(count);
  for (let index = 0; index < count; index++) {
    const node = context.space.get(reader.nodeId());
    const attributeId = reader.uint32();
    const indexRange = reader.string();
    reader.qualifiedName();
    const mode = reader.int32();
    const clientHandle = reader.uint32();
    const samplingIntervalMs = revisedSampling(reader.double(), subscription);
    const filter = parseFilter(reader.extensionObject());
    const queueSize = revisedQueueSize(reader.uint32());
    const discardOldest = reader.uint8() !== 0;
    const target = node
      ? monitorable(node, attributeId, indexRange, context.faults)
      : StatusCodes.BadNodeIdUnknown;
    const refusal = isStatus(target)
      ? target
      : isStatus(filter)
        ? filter
        : mode < Monitoring.disabled || mode > Monitoring.reporting
          ? StatusCodes.BadMonitoringModeInvalid
          : null;
    if (refusal || isStatus(target) || isStatus(filter)) {
      writeResult(writer, (refusal ?? StatusCodes.BadInternalError).value, 0, 0, 0);
      continue;
    }
    const settings: ItemSettings = {
      clientHandle,
      samplingIntervalMs,
      queueSize,
      discardOldest,
      timestamps,
      ...filter,
    };
    const id = context.nextItemId();
    const item = new MonitoredItem(id, target, settings, mode, context.faults, (queued) =>
      subscription.onQueued(queued),
    );
    subscription.add(item, nowMs);
    writeResult(writer, 0, id, samplingIntervalMs, queueSize);
  }
  return rawResponse("CreateMonitoredItems", writer.int32(-1).bytes);
}

function writeResult(
  writer: Writer,
  status: number,
  id: number,
  samplingMs: number,
  queueSize: number,
): void {
  writer.uint32(status).uint32(id).double(samplingMs).uint32(queueSize).nullExtensionObject();
}

/** ModifyMonitoredItems (Part 4, 5.13.3). */
export function modifyMonitoredItems(
  context: ItemContext,
  request: ModifyMonitoredItemsRequest,
  nowMs: number,
): ModifyMonitoredItemsResponse {
  const subscription = context.subscription(request.subscriptionId);
  const timestamps = checkedTimestamps(request.timestampsToReturn);
  const items = request.itemsToModify ?? [];
  checkedCount(items.length);
  const results = items.map(({ monitoredItemId, requestedParameters: asked }) => {
    const item = subscription.items.get(monitoredItemId);
    if (!item) return new MonitoredItemModifyResult({ statusCode: StatusCodes.BadMonitoredItemIdInvalid });
    const filter = checkFilter(asked.filter);
    if (isStatus(filter)) return new MonitoredItemModifyResult({ statusCode: filter });
    const settings: ItemSettings = {
      clientHandle: asked.clientHandle,
      samplingIntervalMs: revisedSampling(asked.samplingInterval, subscription),
      queueSize: revisedQueueSize(asked.queueSize),
      discardOldest: asked.discardOldest,
      timestamps,
      ...filter,
    };
    subscription.change(item, nowMs, () => {
      item.settings = settings;
    });
    return new MonitoredItemModifyResult({
      statusCode: StatusCodes.Good,
      revisedSamplingInterval: settings.samplingIntervalMs,
      revisedQueueSize: settings.queueSize,
    });
  });
  return new ModifyMonitoredItemsResponse({ results });
}

/** DeleteMonitoredItems (Part 4, 5.13.6). */
export function deleteMonitoredItems(
  context: ItemContext,
  request: DeleteMonitoredItemsRequest,
  nowMs: number,
): DeleteMonitoredItemsResponse {
  const subscription = context.subscription(request.subscriptionId);
  const ids = request.monitoredItemIds ?? [];
  checkedCount(ids.length);
  const results = [...ids].map((id) => {
    const item = subscription.items.get(id);
    if (!item) return StatusCodes.BadMonitoredItemIdInvalid;
    subscription.delete(item, nowMs);
    return StatusCodes.Good;
  });
  return new DeleteMonitoredItemsResponse({ results });
}

/** SetMonitoringMode (Part 4, 5.13.4). */
export function setMonitoringMode(
  context: ItemContext,
  request: SetMonitoringModeRequest,
  nowMs: number,
): SetMonitoringModeResponse {
  const subscription = context.subscription(request.subscriptionId);
  const mode: number = request.monitoringMode;
  if (mode < Monitoring.disabled || mode > Monitoring.reporting) {
    throw new ServiceFailure(StatusCodes.BadMonitoringModeInvalid);
  }
  const ids = request.monitoredItemIds ?? [];
  checkedCount(ids.length);
  const results = [...ids].map((id) => {
    const item = subscription.items.get(id);
    if (!item) return StatusCodes.BadMonitoredItemIdInvalid;
    if (item.mode !== mode) {
      subscription.change(item, nowMs, () => {
        item.mode = mode;
      });
    }
    return StatusCodes.Good;
  });
  return new SetMonitoringModeResponse({ results });
}

function checkedTimestamps(timestamps: number): number {
  if (timestamps >= Timestamps.source && timestamps <= Timestamps.neither) return timestamps;
  throw new ServiceFailure(StatusCodes.BadTimestampsToReturnInvalid);
}

function checkedCount(count: number): number {
  if (count === 0) throw new ServiceFailure(StatusCodes.BadNothingToDo);
  if (count > operationLimits.maxMonitoredItemsPerCall) {
    throw new ServiceFailure(StatusCodes.BadTooManyOperations);
  }
  return count;
}

/** The variable to watch; attributes other than Value are seen as variables that never change. */
function monitorable(
  node: Node,
  attributeId: number,
  indexRange: string | null,
  faults: Faults,
): VariableNode | StatusCode {
  if (attributeId === AttributeIds.Value) {
    if (node.kind !== "variable") return StatusCodes.BadAttributeIdInvalid;
    if (!indexRange) return node;
  }
  const nowMs = Date.now();
  const constant = readAttribute(node, attributeId, indexRange, faults, nowMs);
  if (constant.status !== 0) return StatusCodes.BadAttributeIdInvalid;
  const whole = node.kind === "variable" ? node : null;
  const source =
    attributeId === AttributeIds.Value && whole
      ? {
          version: (now: number) => whole.source.version(now),
          sample: (now: number) => readAttribute(node, attributeId, indexRange, faults, now),
        }
      : { version: () => 0, sample: () => constant };
  return {
    ...node,
    kind: "variable",
    dataType: "i=24",
    valueRank: -1,
    source,
    writable: false,
    faultable: false,
    minimumSamplingIntervalMs: 0,
  };
}

/** -1 = the publishing interval, 0 = as fast as possible (Part 4, 7.21). */
function revisedSampling(asked: number, subscription: Subscription): number {
  const intervalMs = asked < 0 ? subscription.settings.publishingIntervalMs : asked;
  if (!(intervalMs >= minSamplingIntervalMs)) return minSamplingIntervalMs;
  return Math.min(Math.round(intervalMs), maxSamplingIntervalMs);
}

function revisedQueueSize(asked: number): number {
  return Math.min(Math.max(asked, 1), maxQueueSize);
}

function parseFilter(filter: { readonly typeId: string; readonly body: Buffer | null }): FilterResult {
  if (filter.body === null) return checkFilter(null);
  if (filter.typeId !== dataChangeFilterTypeId) return StatusCodes.BadMonitoredItemFilterUnsupported;
  const decoded = new DataChangeFilter();
  decoded.decode(new BinaryStream(filter.body));
  return checkFilter(decoded);
}

function checkFilter(filter: unknown): FilterResult {
  if (filter === null || filter === undefined) return { trigger: Trigger.statusValue, deadband: 0 };
  if (!(filter instanceof DataChangeFilter)) return StatusCodes.BadMonitoredItemFilterUnsupported;
  const deadbandType: number = filter.deadbandType;
  if (deadbandType === DeadbandType.Percent) return StatusCodes.BadMonitoredItemFilterUnsupported;
  if (filter.deadbandValue < 0) return StatusCodes.BadDeadbandFilterInvalid;
  const deadband = deadbandType === DeadbandType.Absolute ? filter.deadbandValue : 0;
  return { trigger: filter.trigger, deadband };
}

function isStatus(value: object): value is StatusCode {
  return value instanceof StatusCodeClass;
}

const StatusCodeClass = StatusCodes.Good.constructor as abstract new () => StatusCode;
