import {
  AttributeIds,
  coerceNodeId,
  coerceStatusCode,
  DataType,
  DataValue,
  makeExpandedNodeId,
  NodeClass,
  type NodeId,
  ReferenceDescription,
  StatusCodes,
  Variant,
  VariantArrayType,
} from "node-opcua";
import { statusOfHresult } from "../../da/mapping/hresult-status.ts";
import { accessLevelOf } from "../../da/mapping/property.ts";
import { dataTypeIdOf } from "../../da/mapping/value.ts";
import type { DaServer } from "../../da/upstream/da-server.ts";
import { arrayBit } from "../../da/wire/var-type.ts";
import { bodyOf, type DaItems, type ItemFacts } from "./items.ts";
import { branchNodeId, type DaNode, daNodeOf, itemNodeId, namespaceArray } from "./node-ids.ts";

const ids = Object.freeze({
  root: 84,
  objects: 85,
  server: 2253,
  serverArray: 2254,
  namespaceArray: 2255,
  serverStatusState: 2259,
  organizes: 35,
  hasComponent: 47,
  hasProperty: 46,
  folderType: 61,
  baseDataVariable: 63,
  property: 68,
  serverType: 2004,
});

interface StandardNode {
  readonly name: string;
  readonly nodeClass: NodeClass;
  readonly type: number;
  readonly children: readonly { readonly id: number; readonly reference: number }[];
}

const standardNodes: ReadonlyMap<number, StandardNode> = new Map<number, StandardNode>([
  [ids.root, folder("Root", [{ id: ids.objects, reference: ids.organizes }])],
  [ids.objects, folder("Objects", [{ id: ids.server, reference: ids.organizes }])],
  [
    ids.server,
    {
      name: "Server",
      nodeClass: NodeClass.Object,
      type: ids.serverType,
      children: [
        { id: ids.serverArray, reference: ids.hasProperty },
        { id: ids.namespaceArray, reference: ids.hasProperty },
      ],
    },
  ],
  [ids.serverArray, variable("ServerArray")],
  [ids.namespaceArray, variable("NamespaceArray")],
]);

function folder(name: string, children: StandardNode["children"]): StandardNode {
  return { name, nodeClass: NodeClass.Object, type: ids.folderType, children };
}

function variable(name: string): StandardNode {
  return { name, nodeClass: NodeClass.Variable, type: ids.property, children: [] };
}

function numeric(id: number): NodeId {
  return coerceNodeId(`i=${id}`);
}

function scalarOf(dataType: DataType, value: unknown): DataValue {
  return new DataValue({ value: new Variant({ dataType, value }), statusCode: StatusCodes.Good });
}

function bad(statusCode: DataValue["statusCode"]): DataValue {
  return new DataValue({ statusCode });
}

/** The nodes that OPC UA clients see of an OPC DA server. */
export class DaAddressSpace {
  readonly #server: DaServer;
  readonly #items: DaItems;
  readonly #progId: string;

  constructor(server: DaServer, items: DaItems, progId: string) {
    this.#server = server;
    this.#items = items;
    this.#progId = progId;
  }

  /** Forward references to children. Null for an unknown node. @throws (rejects) ServiceError */
  async children(nodeId: NodeId, timeoutMs: number): Promise<ReferenceDescription[] | null> {
    const node = daNodeOf(nodeId);
    if (!node) return null;
    switch (node.kind) {
      case "item":
        return [];
      case "branch":
        return this.#below(node.path, timeoutMs);
      case "standard": {
        const known = standardNodes.get(node.id);
        if (!known) return null;
        const references = known.children.map(({ id, reference }) => standardReference(id, reference));
        return node.id === ids.objects ? [...references, ...(await this.#below([], timeoutMs))] : references;
      }
    }
  }

  async #below(path: readonly string[], timeoutMs: number): Promise<ReferenceDescription[]> {
    const names = async (browseType: number) => {
      const body = { server: 0, path, browseType, filter: "", dataType: 0, accessRights: 0 };
      return bodyOf(await this.#server.call("browseAddressSpace", body, timeoutMs)).names;
    };
    const branches = await names(1);
    const leaves = await names(2);
    const found =
      leaves.length > 0
        ? bodyOf(await this.#server.call("getItemIds", { server: 0, path, names: leaves }, timeoutMs)).itemIds
        : [];
    return [
      ...branches.map((name) =>
        reference(branchNodeId([...path, name]), name, 2, NodeClass.Object, ids.organizes, ids.folderType),
      ),
      ...leaves.flatMap((name, index) => {
        const itemId = found[index];
        if (!itemId) return [];
        return reference(
          itemNodeId(itemId),
          name,
          1,
          NodeClass.Variable,
          ids.hasComponent,
          ids.baseDataVariable,
        );
      }),
    ];
  }

  /** Attributes of nodes, in order; Values of items by one call. @throws (rejects) ServiceError */
  async read(
    asked: readonly { readonly nodeId: NodeId; readonly attributeId: number }[],
    maxAgeMs: number,
    timeoutMs: number,
  ): Promise<DataValue[]> {
    const nodes = asked.map(({ nodeId }) => daNodeOf(nodeId));
    const valueIds: string[] = [];
    const factIds: string[] = [];
    nodes.forEach((node, index) => {
      if (node?.kind !== "item") return;
      (asked[index]?.attributeId === AttributeIds.Value ? valueIds : factIds).push(node.itemId);
    });
    const values = await this.#items.read(valueIds, maxAgeMs, timeoutMs);
    const facts = factIds.length > 0 ? await this.#items.facts(factIds, timeoutMs) : [];
    return asked.map(({ nodeId, attributeId }, index) => {
      const node = nodes[index] ?? null;
      if (!node) return bad(StatusCodes.BadNodeIdUnknown);
      if (node.kind !== "item") return this.#attribute(node, nodeId, attributeId);
      if (attributeId === AttributeIds.Value) return values.shift() ?? bad(StatusCodes.BadUnexpectedError);
      const known = facts.shift();
      return known
        ? itemAttribute(node.itemId, nodeId, attributeId, known)
        : bad(StatusCodes.BadUnexpectedError);
    });
  }

  #attribute(node: Exclude<DaNode, { kind: "item" }>, nodeId: NodeId, attributeId: number): DataValue {
    const known = node.kind === "standard" ? standardNodes.get(node.id) : folder(node.path.at(-1) ?? "", []);
    if (!known) return bad(StatusCodes.BadNodeIdUnknown);
    const namespace = node.kind === "branch" ? 2 : 0;
    const common = commonAttribute(attributeId, nodeId, known.name, namespace, known.nodeClass);
    if (common) return common;
    if (known.nodeClass === NodeClass.Object) {
      return attributeId === AttributeIds.EventNotifier
        ? scalarOf(DataType.Byte, 0)
        : bad(StatusCodes.BadAttributeIdInvalid);
    }
    switch (attributeId) {
      case AttributeIds.Value:
        return new DataValue({
          value: new Variant({
            dataType: DataType.String,
            arrayType: VariantArrayType.Array,
            value:
              node.kind === "standard" && node.id === ids.namespaceArray
                ? [...namespaceArray(this.#progId)]
                : [],
          }),
          statusCode: StatusCodes.Good,
        });
      case AttributeIds.DataType:
        return scalarOf(DataType.NodeId, numeric(DataType.String));
      case AttributeIds.ValueRank:
        return scalarOf(DataType.Int32, 1);
      case AttributeIds.AccessLevel:
      case AttributeIds.UserAccessLevel:
        return scalarOf(DataType.Byte, 1);
      default:
        return bad(StatusCodes.BadAttributeIdInvalid);
    }
  }
}

function itemAttribute(itemId: string, nodeId: NodeId, attributeId: number, facts: ItemFacts): DataValue {
  if (facts.error < 0) return bad(coerceStatusCode(statusOfHresult(facts.error, "read")));
  const common = commonAttribute(attributeId, nodeId, itemId, 1, NodeClass.Variable);
  if (common) return common;
  const isArray = (facts.canonicalType & arrayBit) !== 0;
  switch (attributeId) {
    case AttributeIds.DataType:
      return scalarOf(DataType.NodeId, numeric(dataTypeIdOf(facts.canonicalType)));
    case AttributeIds.ValueRank:
      // OneOrMoreDimensions or Scalar (OPC 10000-8, A.3.1.4)
      return scalarOf(DataType.Int32, isArray ? 0 : -1);
    case AttributeIds.AccessLevel:
    case AttributeIds.UserAccessLevel:
      return scalarOf(DataType.Byte, accessLevelOf(facts.accessRights));
    case AttributeIds.MinimumSamplingInterval:
      return scalarOf(DataType.Double, 0);
    case AttributeIds.Historizing:
      return scalarOf(DataType.Boolean, false);
    default:
      return bad(StatusCodes.BadAttributeIdInvalid);
  }
}

function commonAttribute(
  attributeId: number,
  nodeId: NodeId,
  name: string,
  namespaceIndex: number,
  nodeClass: NodeClass,
): DataValue | null {
  switch (attributeId) {
    case AttributeIds.NodeId:
      return scalarOf(DataType.NodeId, nodeId);
    case AttributeIds.NodeClass:
      return scalarOf(DataType.Int32, nodeClass);
    case AttributeIds.BrowseName:
      return scalarOf(DataType.QualifiedName, { namespaceIndex, name });
    case AttributeIds.DisplayName:
      return scalarOf(DataType.LocalizedText, { text: name });
    case AttributeIds.WriteMask:
    case AttributeIds.UserWriteMask:
      return scalarOf(DataType.UInt32, 0);
    default:
      return null;
  }
}

function standardReference(id: number, referenceType: number): ReferenceDescription {
  const known = standardNodes.get(id);
  const nodeClass = known?.nodeClass ?? NodeClass.Variable;
  return reference(numeric(id), known?.name ?? "", 0, nodeClass, referenceType, known?.type ?? ids.property);
}

function reference(
  nodeId: NodeId,
  name: string,
  namespaceIndex: number,
  nodeClass: NodeClass,
  referenceType: number,
  type: number,
): ReferenceDescription {
  return new ReferenceDescription({
    nodeId: makeExpandedNodeId(nodeId),
    browseName: { namespaceIndex, name },
    displayName: { text: name },
    nodeClass,
    isForward: true,
    referenceTypeId: numeric(referenceType),
    typeDefinition: makeExpandedNodeId(numeric(type)),
  });
}
