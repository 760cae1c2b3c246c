import { AttributeIds, type StatusCode, StatusCodes, type WriteRequest, WriteResponse } from "node-opcua";
import { rawResponse } from "../../../src/opc/ua/wire/raw-factory.ts";
import type { RawResponse } from "../../../src/opc/ua/wire/raw-message.ts";
import type { Faults } from "../faults.ts";
import type { AddressSpace } from "../model/address-space.ts";
import { isWritable } from "../model/node.ts";
import { Timestamps } from "../subscription/item-settings.ts";
import { writeDataValue } from "../subscription/sample-queue.ts";
import { Reader } from "../wire/reader.ts";
import { Writer } from "../wire/writer.ts";
import { readAttribute, unknownNode } from "./attributes.ts";
import { ServiceFailure } from "./service-failure.ts";

export const operationLimits = Object.freeze({
  maxNodesPerRead: 10_000,
  maxNodesPerWrite: 10_000,
  maxMonitoredItemsPerCall: 10_000,
});

/** Read (Part 4, 5.11.2), from the bytes of the request to those of the response. */
export function read(space: AddressSpace, faults: Faults, body: Buffer, nowMs: number): RawResponse {
  const reader = new Reader(body);
  const maxAge = reader.double();
  if (maxAge < 0) throw new ServiceFailure(StatusCodes.BadMaxAgeInvalid);
  const timestamps = reader.int32();
  if (timestamps < Timestamps.source || timestamps > Timestamps.neither) {
    throw new ServiceFailure(StatusCodes.BadTimestampsToReturnInvalid);
  }
  const count = reader.arrayLength();
  if (count === 0) throw new ServiceFailure(StatusCodes.BadNothingToDo);
  if (count > operationLimits.maxNodesPerRead) throw new ServiceFailure(StatusCodes.BadTooManyOperations);
  const writer = new Writer(16 + count * 32).int32(count);
  for (let index = 0; index < count; index++) {
    const node = space.get(reader.nodeId());
    const attributeId = reader.uint32();
    const indexRange = reader.string();
    reader.qualifiedName();
    const sample = node ? readAttribute(node, attributeId, indexRange, faults, nowMs) : unknownNode;
    const onlyServerTime = attributeId !== AttributeIds.Value || sample.sourceTimeMs === 0;
    writeDataValue(writer, sample, onlyServerTime ? withoutSource(timestamps) : timestamps, nowMs);
  }
  return rawResponse("Read", writer.int32(-1).bytes);
}

/** Only values have source timestamps (Part 4, 7.40). */
function withoutSource(timestamps: number): number {
  return timestamps === Timestamps.both || timestamps === Timestamps.server
    ? Timestamps.server
    : Timestamps.neither;
}

/** Write (Part 4, 5.11.4); only Values can be written. */
export function write(space: AddressSpace, request: WriteRequest, nowMs: number): WriteResponse {
  const values = request.nodesToWrite ?? [];
  if (values.length === 0) throw new ServiceFailure(StatusCodes.BadNothingToDo);
  if (values.length > operationLimits.maxNodesPerWrite) {
    throw new ServiceFailure(StatusCodes.BadTooManyOperations);
  }
  const results = values.map(({ nodeId, attributeId, indexRange, value }): StatusCode => {
    const node = space.get(nodeIdText(nodeId));
    if (!node) return StatusCodes.BadNodeIdUnknown;
    if (attributeId !== AttributeIds.Value) return StatusCodes.BadNotWritable;
    if (node.kind !== "variable") return StatusCodes.BadAttributeIdInvalid;
    if (!node.writable || !isWritable(node.source)) return StatusCodes.BadNotWritable;
    if (indexRange && !indexRange.isEmpty()) return StatusCodes.BadWriteNotSupported;
    return node.source.write(value, nowMs);
  });
  return new WriteResponse({ results });
}

/** The key of the address space: NodeId text without `ns=0;`. */
export function nodeIdText(nodeId: { toString(): string }): string {
  const text = nodeId.toString();
  return text.startsWith("ns=0;") ? text.slice(5) : text;
}
