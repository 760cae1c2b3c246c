import {
  type BrowseDescription,
  BrowseDirection,
  type BrowseNextRequest,
  BrowseNextResponse,
  type BrowsePath,
  BrowsePathResult,
  type BrowseRequest,
  BrowseResponse,
  BrowseResult,
  makeExpandedNodeId,
  NodeClass,
  ReferenceDescription,
  resolveNodeId,
  StatusCodes,
  type TranslateBrowsePathsToNodeIdsRequest,
  TranslateBrowsePathsToNodeIdsResponse,
} from "node-opcua";
import { type AddressSpace, ids, isReferenceSubtype } from "../model/address-space.ts";
import type { Node } from "../model/node.ts";
import type { BrowseContinuations } from "../server/browse-continuations.ts";
import { browseName } from "./attributes.ts";
import { nodeIdText } from "./read-write.ts";
import { ServiceFailure } from "./service-failure.ts";

/** Most references in one BrowseResult. */
const maxReferences = 1000;

interface Link {
  readonly type: string;
  readonly isForward: boolean;
  readonly node: Node;
}

/** Browse (Part 4, 5.9.2). */
export function browse(
  space: AddressSpace,
  continuations: BrowseContinuations,
  request: BrowseRequest,
): BrowseResponse {
  const nodes = request.nodesToBrowse ?? [];
  if (nodes.length === 0) throw new ServiceFailure(StatusCodes.BadNothingToDo);
  const asked = request.requestedMaxReferencesPerNode;
  const pageSize = asked === 0 ? maxReferences : Math.min(asked, maxReferences);
  return new BrowseResponse({
    results: nodes.map((description) => {
      const node = space.get(nodeIdText(description.nodeId));
      if (!node) return new BrowseResult({ statusCode: StatusCodes.BadNodeIdUnknown });
      if (description.browseDirection === BrowseDirection.Invalid) {
        return new BrowseResult({ statusCode: StatusCodes.BadBrowseDirectionInvalid });
      }
      return page(references(space, node, description), pageSize, continuations);
    }),
  });
}

/** BrowseNext (Part 4, 5.9.3). */
export function browseNext(
  continuations: BrowseContinuations,
  request: BrowseNextRequest,
): BrowseNextResponse {
  const points = request.continuationPoints ?? [];
  if (points.length === 0) throw new ServiceFailure(StatusCodes.BadNothingToDo);
  return new BrowseNextResponse({
    results: points.map((point) => {
      const continuation = continuations.take(point);
      if (!continuation) return new BrowseResult({ statusCode: StatusCodes.BadContinuationPointInvalid });
      if (request.releaseContinuationPoints) return new BrowseResult({ statusCode: StatusCodes.Good });
      return page(continuation.rest, continuation.pageSize, continuations);
    }),
  });
}

/** TranslateBrowsePathsToNodeIds (Part 4, 5.9.4); forward references only. */
export function translate(
  space: AddressSpace,
  request: TranslateBrowsePathsToNodeIdsRequest,
): TranslateBrowsePathsToNodeIdsResponse {
  const paths = request.browsePaths ?? [];
  if (paths.length === 0) throw new ServiceFailure(StatusCodes.BadNothingToDo);
  return new TranslateBrowsePathsToNodeIdsResponse({ results: paths.map((path) => follow(space, path)) });
}

function follow(space: AddressSpace, path: BrowsePath): BrowsePathResult {
  let node = space.get(nodeIdText(path.startingNode));
  if (!node) return new BrowsePathResult({ statusCode: StatusCodes.BadNodeIdUnknown });
  const elements = path.relativePath.elements ?? [];
  if (elements.length === 0) return new BrowsePathResult({ statusCode: StatusCodes.BadNothingToDo });
  for (const { targetName, referenceTypeId, includeSubtypes, isInverse } of elements) {
    if (isInverse) return new BrowsePathResult({ statusCode: StatusCodes.BadNoMatch });
    const type = nodeIdText(referenceTypeId);
    node = node.children.find(
      (child) =>
        child.node.name === targetName.name &&
        child.node.namespace === targetName.namespaceIndex &&
        matches(child.type, type, includeSubtypes),
    )?.node;
    if (!node) return new BrowsePathResult({ statusCode: StatusCodes.BadNoMatch });
  }
  return new BrowsePathResult({
    statusCode: StatusCodes.Good,
    targets: [{ targetId: makeExpandedNodeId(resolveNodeId(node.id)), remainingPathIndex: 0xffff_ffff }],
  });
}

function page(
  all: readonly ReferenceDescription[],
  pageSize: number,
  continuations: BrowseContinuations,
): BrowseResult {
  const references = all.slice(0, pageSize);
  if (all.length <= pageSize) return new BrowseResult({ statusCode: StatusCodes.Good, references });
  const continuationPoint = continuations.add({ rest: all.slice(pageSize), pageSize });
  if (!continuationPoint) return new BrowseResult({ statusCode: StatusCodes.BadNoContinuationPoints });
  return new BrowseResult({ statusCode: StatusCodes.Good, continuationPoint, references });
}

function references(space: AddressSpace, node: Node, description: BrowseDescription): ReferenceDescription[] {
  const { browseDirection, nodeClassMask, resultMask, includeSubtypes } = description;
  const type = nodeIdText(description.referenceTypeId);
  return links(space, node)
    .filter(
      (link) =>
        (browseDirection === BrowseDirection.Both ||
          link.isForward === (browseDirection === BrowseDirection.Forward)) &&
        matches(link.type, type, includeSubtypes) &&
        (nodeClassMask === 0 || (nodeClassMask & link.node.nodeClass) !== 0),
    )
    .map((link) => describe(link, resultMask));
}

function links(space: AddressSpace, node: Node): Link[] {
  const all: Link[] = node.children.map((child) => ({ type: child.type, isForward: true, node: child.node }));
  const typeDefinition = node.typeDefinition === null ? undefined : space.get(node.typeDefinition);
  if (typeDefinition) all.push({ type: ids.hasTypeDefinition, isForward: true, node: typeDefinition });
  if (node.parent) all.push({ type: node.parent.type, isForward: false, node: node.parent.node });
  return all;
}

/** A null ReferenceType (`i=0`) stands for all of them. */
function matches(type: string, wanted: string, includeSubtypes: boolean): boolean {
  return wanted === "i=0" || type === wanted || (includeSubtypes && isReferenceSubtype(type, wanted));
}

/** Fields that were not asked for stay null (Part 4, 5.9.2.2, resultMask). */
function describe(link: Link, resultMask: number): ReferenceDescription {
  const { node } = link;
  return new ReferenceDescription({
    nodeId: makeExpandedNodeId(resolveNodeId(node.id)),
    ...(resultMask & 1 ? { referenceTypeId: resolveNodeId(link.type) } : {}),
    ...(resultMask & 2 ? { isForward: link.isForward } : {}),
    ...(resultMask & 4 ? { nodeClass: node.nodeClass } : { nodeClass: NodeClass.Unspecified }),
    ...(resultMask & 8 ? { browseName: browseName(node) } : {}),
    ...(resultMask & 16 ? { displayName: { text: node.name } } : {}),
    ...(resultMask & 32 && node.typeDefinition !== null
      ? { typeDefinition: makeExpandedNodeId(resolveNodeId(node.typeDefinition)) }
      : {}),
  });
}
