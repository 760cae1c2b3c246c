import {
  AttributeIds,
  BrowseDirection,
  BrowseRequest,
  BrowseResponse,
  coerceNodeId,
  type DataValue,
  NodeClass,
  type NodeId,
  ReadRequest,
  ReadResponse,
  type ReferenceDescription,
  type StatusCode,
  StatusCodes,
  TimestampsToReturn,
  WriteRequest,
  WriteResponse,
} from "node-opcua";
import { decodeResponse } from "../upstream/decode-response.ts";
import { ServiceError, type ServiceResponse, type UpstreamSession } from "../upstream/upstream-session.ts";

/** What is asked of a node. */
export interface NodeAttribute {
  readonly nodeId: NodeId;
  readonly attributeId: AttributeIds;
}

/** An item id of an OPC UA server is its NodeId in text form, e.g. `ns=2;s=Tank.Level`; null where it is none. */
export function nodeIdOf(itemId: string): NodeId | null {
  try {
    return itemId === "" ? null : coerceNodeId(itemId);
  } catch {
    return null;
  }
}

const nodesPerRead = 1000;
/** The oldest cached value that will do where any will do, in ms. */
export const anyAgeMs = 0x7fff_ffff;

/** @throws (rejects) ServiceError */
export async function readAttributes(
  session: UpstreamSession,
  attributes: readonly NodeAttribute[],
  maxAgeMs: number,
  timeoutMs: number,
): Promise<DataValue[]> {
  const results: DataValue[] = [];
  for (let start = 0; start < attributes.length; start += nodesPerRead) {
    const request = new ReadRequest({
      maxAge: maxAgeMs,
      timestampsToReturn: TimestampsToReturn.Source,
      nodesToRead: attributes
        .slice(start, start + nodesPerRead)
        .map(({ nodeId, attributeId }) => ({ nodeId, attributeId })),
    });
    const response = await session.call<ServiceResponse>(request, timeoutMs);
    results.push(...(decodeResponse(ReadResponse, response).results ?? []));
  }
  return results;
}

export function valueAttribute(nodeId: NodeId): NodeAttribute {
  return { nodeId, attributeId: AttributeIds.Value };
}

/** @throws (rejects) ServiceError */
export async function writeValues(
  session: UpstreamSession,
  writes: readonly { readonly nodeId: NodeId; readonly value: DataValue }[],
  timeoutMs: number,
): Promise<StatusCode[]> {
  if (writes.length === 0) return [];
  const request = new WriteRequest({
    nodesToWrite: writes.map(({ nodeId, value }) => ({ nodeId, attributeId: AttributeIds.Value, value })),
  });
  const response = await session.call<ServiceResponse>(request, timeoutMs);
  return decodeResponse(WriteResponse, response).results ?? [];
}

const hierarchicalReferences = coerceNodeId("i=33");
const mostReferences = 10_000;

/** Objects and Variables below a node. @throws (rejects) ServiceError */
export async function browseChildren(
  session: UpstreamSession,
  nodeId: NodeId,
  timeoutMs: number,
): Promise<ReferenceDescription[]> {
  const request = new BrowseRequest({
    requestedMaxReferencesPerNode: mostReferences,
    nodesToBrowse: [
      {
        nodeId,
        browseDirection: BrowseDirection.Forward,
        referenceTypeId: hierarchicalReferences,
        includeSubtypes: true,
        nodeClassMask: NodeClass.Object | NodeClass.Variable,
        resultMask: 0x3f,
      },
    ],
  });
  const response = await session.call<ServiceResponse>(request, timeoutMs);
  const [result] = decodeResponse(BrowseResponse, response).results ?? [];
  const statusCode = result?.statusCode ?? StatusCodes.BadUnexpectedError;
  if (statusCode.isGood()) return result?.references ?? [];
  throw new ServiceError("SERVICE_FAULT", statusCode, `browsing ${nodeId.toString()}: ${statusCode.name}`);
}
