import { NodeId, NodeIdType } from "node-opcua";

/**
 * Nodes of an OPC DA server (OPC 10000-8, A.3.1): an item is a Variable `ns=1;s=ITEMID`, a branch is a Folder
 * `ns=2;s=PATH`, its path from the root with `/` between names (`%2F` and `%25` within them).
 */
export type DaNode =
  | { readonly kind: "item"; readonly itemId: string }
  | { readonly kind: "branch"; readonly path: readonly string[] }
  | { readonly kind: "standard"; readonly id: number };

const itemNamespace = 1;
const branchNamespace = 2;

export function namespaceArray(progId: string): readonly string[] {
  const name = encodeURIComponent(progId);
  return [
    "http://opcfoundation.org/UA/",
    `urn:understudy:opcda:${name}:items`,
    `urn:understudy:opcda:${name}:branches`,
  ];
}

/** Null for a node that no DA server has. */
export function daNodeOf({ namespace, identifierType, value }: NodeId): DaNode | null {
  if (namespace === 0 && identifierType === NodeIdType.NUMERIC)
    return { kind: "standard", id: Number(value) };
  if (identifierType !== NodeIdType.STRING) return null;
  if (namespace === itemNamespace) return { kind: "item", itemId: String(value) };
  if (namespace !== branchNamespace) return null;
  try {
    return {
      kind: "branch",
      path: String(value) === "" ? [] : String(value).split("/").map(decodeURIComponent),
    };
  } catch {
    return null;
  }
}

export function itemNodeId(itemId: string): NodeId {
  return new NodeId(NodeIdType.STRING, itemId, itemNamespace);
}

export function branchNodeId(path: readonly string[]): NodeId {
  const text = path.map((name) => name.replaceAll("%", "%25").replaceAll("/", "%2F")).join("/");
  return new NodeId(NodeIdType.STRING, text, branchNamespace);
}
