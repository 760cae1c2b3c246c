import {
  AttributeIds,
  type DataValue,
  ReadRequest,
  ReadResponse,
  ServerState,
  StatusCodes,
} from "node-opcua";
import { decodeResponse } from "./decode-response.ts";
import { ServiceError, type ServiceResponse, type UpstreamSession } from "./upstream-session.ts";

/** Nodes of the Server object (Part 6, Annex A: numeric ids in namespace 0). */
export const serverNodes = Object.freeze({
  serverArray: "i=2254",
  namespaceArray: "i=2255",
  state: "i=2259",
});

/** Reads the values of some nodes. @throws ServiceError */
export async function readValues(
  session: UpstreamSession,
  nodeIds: readonly string[],
  timeoutMs: number,
): Promise<readonly DataValue[]> {
  const response = await session.call<ServiceResponse>(readRequest(nodeIds), timeoutMs);
  return decodeResponse(ReadResponse, response).results ?? [];
}

export function readRequest(nodeIds: readonly string[]): ReadRequest {
  return new ReadRequest({
    nodesToRead: nodeIds.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value })),
  });
}

/** ServerStatus.State: one small value every server has, hence the status query. @throws ServiceError */
export async function readServerState(session: UpstreamSession, timeoutMs: number): Promise<ServerState> {
  const [value] = await readValues(session, [serverNodes.state], timeoutMs);
  const state = value ? serverStateOf(value) : null;
  if (state !== null) return state;
  const statusCode = value?.statusCode ?? StatusCodes.BadUnexpectedError;
  throw new ServiceError(
    "SERVICE_FAULT",
    statusCode,
    `The server does not tell its state: ${statusCode.name}`,
  );
}

/** The state in a value of ServerStatus.State; null where it is bad or no state. */
export function serverStateOf(value: DataValue): ServerState | null {
  const state: unknown = value.value?.value;
  if (value.statusCode.isNotGood() || typeof state !== "number") return null;
  return ServerState[state] === undefined ? ServerState.Unknown : state;
}
