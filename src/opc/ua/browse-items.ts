import {
  BrowseDirection,
  BrowseNextRequest,
  BrowseNextResponse,
  BrowseRequest,
  BrowseResponse,
  type BrowseResult,
  coerceNodeId,
  NodeClass,
  type ReferenceDescription,
} from "node-opcua";
import type { BrowsedItem } from "../../control/broker-api.ts";
import { UnderstudyError } from "../../core/error.ts";
import { decodeResponse } from "./upstream/decode-response.ts";
import type { ServiceResponse, UpstreamSession } from "./upstream/upstream-session.ts";

/** Where browsing begins: the Objects folder (Part 5, 8.2.4). */
const objectsFolder = "i=85";
const hierarchicalReferences = "i=33";
const timeoutMs = 10_000;
const pageSize = 500;
/** Nodes below one node that are shown. */
const nodeLimit = 5000;

/**
 * As `browseItems`, in a session of its own, which ends with `signal`.
 * @throws UnderstudyError BROWSE_REFUSED, CANCELLED, or what `open` and the session throw
 */
export async function browseInOwnSession(
  open: () => Promise<UpstreamSession>,
  node: string | null,
  signal: AbortSignal | undefined,
): Promise<readonly BrowsedItem[]> {
  let session: UpstreamSession | null = null;
  const abort = (): void => session?.abort();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    session = await open();
    signal?.throwIfAborted();
    return await browseItems(session, node);
  } catch (error) {
    if (!signal?.aborted) throw error;
    throw new UnderstudyError("CANCELLED", "The look at the server's items was broken off.", {
      cause: error,
    });
  } finally {
    signal?.removeEventListener("abort", abort);
    void session?.close();
  }
}

/**
 * The objects and variables below a node (null = the Objects folder), in the server's order.
 * @throws UnderstudyError BROWSE_REFUSED, or what the session throws
 */
export async function browseItems(
  session: UpstreamSession,
  node: string | null,
): Promise<readonly BrowsedItem[]> {
  const request = new BrowseRequest({
    requestedMaxReferencesPerNode: pageSize,
    nodesToBrowse: [
      {
        nodeId: nodeIdOf(node ?? objectsFolder),
        browseDirection: BrowseDirection.Forward,
        referenceTypeId: hierarchicalReferences,
        includeSubtypes: true,
        nodeClassMask: NodeClass.Object | NodeClass.Variable,
        resultMask: 63,
      },
    ],
  });
  let result = first(decodeResponse(BrowseResponse, await session.call<ServiceResponse>(request, timeoutMs)));
  const found: ReferenceDescription[] = [...(result.references ?? [])];
  while (result.continuationPoint?.length > 0) {
    const isEnough = found.length >= nodeLimit;
    const next = new BrowseNextRequest({
      releaseContinuationPoints: isEnough,
      continuationPoints: [result.continuationPoint],
    });
    const response = decodeResponse(BrowseNextResponse, await session.call<ServiceResponse>(next, timeoutMs));
    if (isEnough) break;
    result = first(response);
    found.push(...(result.references ?? []));
  }
  return found.map(itemOf);
}

function first({ results }: { readonly results?: readonly BrowseResult[] | null }): BrowseResult {
  const result = results?.[0];
  if (result?.statusCode.isGood()) return result;
  throw new UnderstudyError(
    "BROWSE_REFUSED",
    `The server does not show what is below that node: ${result?.statusCode.name ?? "no answer"}.`,
  );
}

function nodeIdOf(text: string) {
  try {
    return coerceNodeId(text);
  } catch (cause) {
    throw new UnderstudyError("BROWSE_REFUSED", `'${text}' is no NodeId.`, { cause });
  }
}

function itemOf({ nodeId, displayName, browseName, nodeClass }: ReferenceDescription): BrowsedItem {
  const id = nodeId.toString();
  const isItem = nodeClass === NodeClass.Variable;
  return {
    id,
    itemId: id,
    name: displayName.text ?? browseName.name ?? id,
    isItem,
    hasChildren: !isItem,
  };
}
