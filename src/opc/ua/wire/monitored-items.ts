import { skipExtensionObject, skipNodeId, skipQualifiedName, skipString } from "./skip.ts";

/** A MonitoredItemCreateRequest (OPC 10000-4, 7.21) in the parts that are kept and sent again. */
export interface ItemCreation {
  /** The ReadValueId. */
  readonly itemToMonitor: Buffer;
  readonly monitoringMode: number;
  /** The MonitoringParameters, client handle first. */
  readonly parameters: Buffer;
}

export interface CreateItemsBody {
  readonly subscriptionId: number;
  readonly timestampsToReturn: number;
  readonly items: readonly ItemCreation[];
}

export function clientHandleOf(parameters: Buffer): number {
  return parameters.readUInt32LE(0);
}

function skipParameters(body: Buffer, offset: number): number {
  return skipExtensionObject(body, offset + 12) + 5;
}

/** Reads a CreateMonitoredItemsRequest body. Throws RangeError when malformed. */
export function parseCreateItems(body: Buffer): CreateItemsBody {
  const count = body.readInt32LE(8);
  const items: ItemCreation[] = [];
  let offset = 12;
  for (let index = 0; index < count; index++) {
    const start = offset;
    offset = skipNodeId(body, offset) + 4;
    offset = skipQualifiedName(body, skipString(body, offset));
    const monitoringMode = body.readUInt32LE(offset);
    const parametersStart = offset + 4;
    const end = skipParameters(body, parametersStart);
    if (end > body.length) throw new RangeError("CreateMonitoredItemsRequest ends within an item");
    items.push({
      itemToMonitor: body.subarray(start, offset),
      monitoringMode,
      parameters: body.subarray(parametersStart, end),
    });
    offset = end;
  }
  return { subscriptionId: body.readUInt32LE(0), timestampsToReturn: body.readUInt32LE(4), items };
}

/** The body of a CreateMonitoredItemsRequest. */
export function createItemsBody(
  subscriptionId: number,
  timestampsToReturn: number,
  items: readonly ItemCreation[],
): Buffer {
  const parts: Buffer[] = [itemsHead(subscriptionId, timestampsToReturn, items.length)];
  for (const { itemToMonitor, monitoringMode, parameters } of items) {
    const mode = Buffer.allocUnsafe(4);
    mode.writeUInt32LE(monitoringMode, 0);
    parts.push(itemToMonitor, mode, parameters);
  }
  return Buffer.concat(parts);
}

export interface ItemModification {
  readonly monitoredItemId: number;
  readonly parameters: Buffer;
}

export interface ModifyItemsBody {
  readonly subscriptionId: number;
  readonly timestampsToReturn: number;
  readonly items: readonly ItemModification[];
}

/** Reads a ModifyMonitoredItemsRequest body. Throws RangeError when malformed. */
export function parseModifyItems(body: Buffer): ModifyItemsBody {
  const count = body.readInt32LE(8);
  const items: ItemModification[] = [];
  let offset = 12;
  for (let index = 0; index < count; index++) {
    const end = skipParameters(body, offset + 4);
    if (end > body.length) throw new RangeError("ModifyMonitoredItemsRequest ends within an item");
    items.push({ monitoredItemId: body.readUInt32LE(offset), parameters: body.subarray(offset + 4, end) });
    offset = end;
  }
  return { subscriptionId: body.readUInt32LE(0), timestampsToReturn: body.readUInt32LE(4), items };
}

/** The body of a ModifyMonitoredItemsRequest. */
export function modifyItemsBody(
  subscriptionId: number,
  timestampsToReturn: number,
  items: readonly ItemModification[],
): Buffer {
  const parts: Buffer[] = [itemsHead(subscriptionId, timestampsToReturn, items.length)];
  for (const { monitoredItemId, parameters } of items) {
    const id = Buffer.allocUnsafe(4);
    id.writeUInt32LE(monitoredItemId, 0);
    parts.push(id, parameters);
  }
  return Buffer.concat(parts);
}

function itemsHead(subscriptionId: number, timestampsToReturn: number, count: number): Buffer {
  const head = Buffer.allocUnsafe(12);
  head.writeUInt32LE(subscriptionId, 0);
  head.writeUInt32LE(timestampsToReturn, 4);
  head.writeInt32LE(count, 8);
  return head;
}

/** One MonitoredItemCreateResult or MonitoredItemModifyResult, without its status and id. */
export interface ItemResult {
  readonly statusCode: number;
  /** The server's id; 0 in the answer to a modification. */
  readonly monitoredItemId: number;
  /** Revised sampling interval, revised queue size and filter result. */
  readonly revised: Buffer;
}

const revisedFixedBytes = 8 + 4;

/** Reads the results of a CreateMonitoredItemsResponse (`withIds`) or ModifyMonitoredItemsResponse body. */
export function parseItemResults(body: Buffer, withIds: boolean): ItemResult[] {
  const count = body.readInt32LE(0);
  const results: ItemResult[] = [];
  let offset = 4;
  for (let index = 0; index < count; index++) {
    const statusCode = body.readUInt32LE(offset);
    const monitoredItemId = withIds ? body.readUInt32LE(offset + 4) : 0;
    const start = offset + (withIds ? 8 : 4);
    offset = skipExtensionObject(body, start + revisedFixedBytes);
    results.push({ statusCode, monitoredItemId, revised: body.subarray(start, offset) });
  }
  return results;
}

/** The revised part of an item that was not created. */
export const nothingRevised: Buffer = Buffer.alloc(revisedFixedBytes + 3);

/** The body of a CreateMonitoredItemsResponse (`withIds`) or ModifyMonitoredItemsResponse. */
export function itemResultsBody(results: readonly ItemResult[], withIds: boolean): Buffer {
  const count = Buffer.allocUnsafe(4);
  count.writeInt32LE(results.length, 0);
  const parts: Buffer[] = [count];
  for (const { statusCode, monitoredItemId, revised } of results) {
    const head = Buffer.allocUnsafe(withIds ? 8 : 4);
    head.writeUInt32LE(statusCode, 0);
    if (withIds) head.writeUInt32LE(monitoredItemId, 4);
    parts.push(head, revised);
  }
  parts.push(nullDiagnostics);
  return Buffer.concat(parts);
}

const nullDiagnostics = Buffer.from([0xff, 0xff, 0xff, 0xff]);

/** Reads an array of UInt32 (monitored item ids, status codes). */
export function parseUInt32s(body: Buffer, offset: number): number[] {
  const count = Math.max(body.readInt32LE(offset), 0);
  const values: number[] = [];
  for (let index = 0; index < count; index++) values.push(body.readUInt32LE(offset + 4 + index * 4));
  return values;
}

/** The body of a DeleteMonitoredItemsRequest. */
export function deleteItemsBody(subscriptionId: number, ids: readonly number[]): Buffer {
  const head = Buffer.allocUnsafe(4);
  head.writeUInt32LE(subscriptionId, 0);
  return Buffer.concat([head, uint32s(ids)]);
}

/** The body of a SetMonitoringModeRequest. */
export function setModeBody(subscriptionId: number, monitoringMode: number, ids: readonly number[]): Buffer {
  const head = Buffer.allocUnsafe(8);
  head.writeUInt32LE(subscriptionId, 0);
  head.writeUInt32LE(monitoringMode, 4);
  return Buffer.concat([head, uint32s(ids)]);
}

/** The body of a response that is an array of status codes and no diagnostics. */
export function statusCodesBody(statusCodes: readonly number[]): Buffer {
  return Buffer.concat([uint32s(statusCodes), nullDiagnostics]);
}

function uint32s(values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 + values.length * 4);
  let offset = bytes.writeInt32LE(values.length, 0);
  for (const value of values) offset = bytes.writeUInt32LE(value, offset);
  return bytes;
}
