import { NodeClass } from "node-opcua";
import type { MethodNode, Node, PlainNode, VariableNode } from "./node.ts";

/** NodeIds of the types the simulator's nodes refer to (Part 5). */
export const ids = Object.freeze({
  references: "i=31",
  hasTypeDefinition: "i=40",
  hasSubtype: "i=45",
  hasProperty: "i=46",
  hasComponent: "i=47",
  organizes: "i=35",
  folderType: "i=61",
  baseDataVariableType: "i=63",
  propertyType: "i=68",
  objects: "i=85",
  server: "i=2253",
});

const noChildren: Node["children"] = [];

/** The nodes by NodeId text. A tree: every node has one parent. */
export class AddressSpace {
  readonly #nodes = new Map<string, Node>();

  get(id: string): Node | undefined {
    return this.#nodes.get(id);
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Adds a node below a parent that is already there. */
  add<N extends Node>(node: N, parentId: string | null, referenceType: string): N {
    if (this.#nodes.has(node.id)) throw new Error(`${node.id} is there already`);
    this.#nodes.set(node.id, node);
    if (parentId === null) return node;
    const parent = this.#nodes.get(parentId);
    if (!parent) throw new Error(`${parentId} is not there`);
    node.parent = { type: referenceType, node: parent };
    // Leaves share one empty array: with 100,000 of them it matters.
    if (parent.children === noChildren) parent.children = [];
    parent.children.push({ type: referenceType, node });
    return node;
  }

  addObject(id: string, name: string, parentId: string | null, options: PlainOptions = {}): PlainNode {
    const node: PlainNode = {
      ...base(id, name, options.nodeClass ?? NodeClass.Object),
      kind: "plain",
      typeDefinition: options.typeDefinition === undefined ? ids.folderType : options.typeDefinition,
    };
    return this.add(node, parentId, options.referenceType ?? ids.organizes);
  }

  addVariable(
    id: string,
    name: string,
    parentId: string,
    options: Pick<VariableNode, "dataType" | "source"> & Partial<VariableNode> & { referenceType?: string },
  ): VariableNode {
    const referenceType = options.referenceType ?? ids.hasComponent;
    const isProperty = referenceType === ids.hasProperty;
    const node: VariableNode = {
      ...base(id, name, NodeClass.Variable),
      kind: "variable",
      typeDefinition: isProperty ? ids.propertyType : ids.baseDataVariableType,
      dataType: options.dataType,
      valueRank: options.valueRank ?? -1,
      source: options.source,
      writable: options.writable ?? false,
      faultable: options.faultable ?? false,
      minimumSamplingIntervalMs: options.minimumSamplingIntervalMs ?? 0,
    };
    return this.add(node, parentId, referenceType);
  }

  addMethod(
    id: string,
    name: string,
    parentId: string,
    options: Pick<MethodNode, "call" | "inputs">,
  ): MethodNode {
    const node: MethodNode = {
      ...base(id, name, NodeClass.Method),
      kind: "method",
      typeDefinition: null,
      ...options,
    };
    return this.add(node, parentId, ids.hasComponent);
  }
}

interface PlainOptions {
  readonly nodeClass?: NodeClass;
  readonly typeDefinition?: string | null;
  readonly referenceType?: string;
}

function base(id: string, name: string, nodeClass: NodeClass) {
  const namespace = id.startsWith("ns=") ? Number.parseInt(id.slice(3), 10) : 0;
  return { id, name, namespace, nodeClass, parent: null, children: noChildren };
}

const superTypeOf = new Map([
  ["i=32", "i=31"],
  ["i=33", "i=31"],
  ["i=34", "i=33"],
  ["i=35", "i=33"],
  ["i=44", "i=34"],
  ["i=45", "i=34"],
  ["i=46", "i=44"],
  ["i=47", "i=44"],
  ["i=40", "i=32"],
]);

/** Whether a ReferenceType is another one or derived from it. */
export function isReferenceSubtype(type: string, of: string): boolean {
  for (let at: string | undefined = type; at !== undefined; at = superTypeOf.get(at)) {
    if (at === of) return true;
  }
  return false;
}

/** The ReferenceTypes the simulator knows, with their supertypes and names (Part 5, 11). */
export const referenceTypes: readonly (readonly [id: string, superType: string | null, name: string])[] = [
  ["i=31", null, "References"],
  ["i=32", "i=31", "NonHierarchicalReferences"],
  ["i=33", "i=31", "HierarchicalReferences"],
  ["i=34", "i=33", "HasChild"],
  ["i=35", "i=33", "Organizes"],
  ["i=44", "i=34", "Aggregates"],
  ["i=45", "i=34", "HasSubtype"],
  ["i=46", "i=44", "HasProperty"],
  ["i=47", "i=44", "HasComponent"],
  ["i=40", "i=32", "HasTypeDefinition"],
];
