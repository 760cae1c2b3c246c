import { NodeClass, type NodeId, type ReferenceDescription, resolveNodeId, StatusCodes } from "node-opcua";
import { hresult } from "../../da/mapping/hresult.ts";
import type { RequestBody, ResponseBody } from "../../da/wire/requests.ts";
import { ServiceError, type UpstreamSession } from "../upstream/upstream-session.ts";
import { browseChildren, nodeIdOf } from "./calls.ts";

const objectsFolder = "i=85";
/** What a flat browse finds at most: an address space may be endless. */
const mostFlatItems = 10_000;

/** OPCBROWSETYPE (OPC DA 2.05A, 4.3.7.3). */
const browseTypes = Object.freeze({ branch: 1, leaf: 2, flat: 3 });
/** OPCBROWSEFILTER and the element flags (OPC DA 3.0, 4.3.10.2). */
const browseFilters = Object.freeze({ all: 1, branches: 2, items: 3 });
const elementFlags = Object.freeze({ hasChildren: 1, isItem: 2 });

function isItem({ nodeClass }: ReferenceDescription): boolean {
  return nodeClass === NodeClass.Variable;
}

function nameOf({ displayName, browseName }: ReferenceDescription): string {
  return displayName.text ?? browseName.name ?? "";
}

/** `*` any characters, `?` one, `#` a digit; as in OPC DA's name filters, whatever the case. */
function matches(name: string, filter: string): boolean {
  if (filter === "") return true;
  const pattern = filter
    .replace(/[\\^$.+()|{}]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".")
    .replaceAll("#", "\\d");
  try {
    return new RegExp(`^${pattern.replaceAll("[!", "[^")}$`, "i").test(name);
  } catch {
    return false;
  }
}

/** IOPCBrowse::Browse; all elements at once, without properties. @throws (rejects) ServiceError */
export async function browse(
  session: UpstreamSession,
  { itemId, filter, nameFilter, maxElements }: RequestBody<"browse">,
  timeoutMs: number,
): Promise<ResponseBody<"browse">> {
  const nodeId = itemId === "" ? resolveNodeId(objectsFolder) : nodeIdOf(itemId);
  if (!nodeId)
    throw new ServiceError("SERVICE_FAULT", StatusCodes.BadNodeIdInvalid, `${itemId} is no NodeId`);
  const children = await browseChildren(session, nodeId, timeoutMs);
  const found = children.filter(
    (each) =>
      (filter === browseFilters.all || (filter === browseFilters.items) === isItem(each)) &&
      matches(nameOf(each), nameFilter),
  );
  const shown = maxElements > 0 ? found.slice(0, maxElements) : found;
  return {
    continuation: null,
    more: shown.length < found.length,
    elements: shown.map((each) => ({
      name: nameOf(each),
      itemId: each.nodeId.toString(),
      flags: isItem(each) ? elementFlags.isItem : elementFlags.hasChildren,
      properties: { error: hresult.S_OK, properties: [] },
    })),
  };
}

/** The node at the end of a path of branches from the root. @throws (rejects) ServiceError */
async function nodeAt(session: UpstreamSession, path: readonly string[], timeoutMs: number): Promise<NodeId> {
  let nodeId = resolveNodeId(objectsFolder);
  for (const name of path) {
    const child = (await browseChildren(session, nodeId, timeoutMs)).find((each) => nameOf(each) === name);
    if (!child)
      throw new ServiceError("SERVICE_FAULT", StatusCodes.BadNodeIdUnknown, `there is no branch ${name}`);
    nodeId = child.nodeId;
  }
  return nodeId;
}

/** IOPCBrowseServerAddressSpace::BrowseOPCItemIDs at a position. @throws (rejects) ServiceError */
export async function browseAddressSpace(
  session: UpstreamSession,
  { path, browseType, filter }: RequestBody<"browseAddressSpace">,
  timeoutMs: number,
): Promise<ResponseBody<"browseAddressSpace">> {
  const start = await nodeAt(session, path, timeoutMs);
  if (browseType === browseTypes.flat) return { names: await flat(session, start, filter, timeoutMs) };
  const wantItems = browseType === browseTypes.leaf;
  const children = await browseChildren(session, start, timeoutMs);
  return {
    names: children.filter((each) => isItem(each) === wantItems && matches(nameOf(each), filter)).map(nameOf),
  };
}

/** Item ids of all items below a node: in a flat browse they are the names. */
async function flat(
  session: UpstreamSession,
  start: NodeId,
  filter: string,
  timeoutMs: number,
): Promise<string[]> {
  const seen = new Set([start.toString()]);
  const waiting = [start];
  const names: string[] = [];
  for (let next = waiting.shift(); next && names.length < mostFlatItems; next = waiting.shift()) {
    for (const child of await browseChildren(session, next, timeoutMs)) {
      const itemId = child.nodeId.toString();
      if (seen.has(itemId)) continue;
      seen.add(itemId);
      if (!isItem(child)) waiting.push(child.nodeId);
      else if (matches(itemId, filter)) names.push(itemId);
    }
  }
  return names;
}

/** IOPCBrowseServerAddressSpace::GetItemID at a position. @throws (rejects) ServiceError */
export async function itemIdsOf(
  session: UpstreamSession,
  { path, names }: RequestBody<"getItemIds">,
  timeoutMs: number,
): Promise<ResponseBody<"getItemIds">> {
  const children = await browseChildren(session, await nodeAt(session, path, timeoutMs), timeoutMs);
  const byName = new Map(children.map((each) => [nameOf(each), each.nodeId.toString()]));
  // the names of a flat browse are item ids already
  const itemIds = names.map((name) => byName.get(name) ?? (nodeIdOf(name) ? name : null));
  return {
    errors: Int32Array.from(itemIds, (itemId) =>
      itemId === null ? hresult.OPC_E_UNKNOWNITEMID : hresult.S_OK,
    ),
    itemIds,
  };
}
