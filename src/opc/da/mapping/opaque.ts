import { type ExtensionObject, type NodeId, Variant } from "node-opcua";
import { BinaryStream } from "node-opcua-binary-stream";

/** An ExtensionObject of a type that node-opcua does not know: its body as bytes. */
export interface OpaqueStructure {
  readonly nodeId: NodeId;
  readonly buffer: Buffer;
}

export function isOpaque(value: unknown): value is OpaqueStructure {
  if (typeof value !== "object" || value === null) return false;
  return "nodeId" in value && "buffer" in value && Buffer.isBuffer(value.buffer);
}

const extensionObjectType = 22;
const withByteBody = 1;

/** An ExtensionObject with these bytes and a type of namespace 0, made as node-opcua makes one that it receives. */
export function opaqueStructure(typeId: number, body: Buffer): ExtensionObject {
  const head = Buffer.from([extensionObjectType, 0, typeId, withByteBody, 0, 0, 0, 0]);
  head.writeInt32LE(body.length, 4);
  const variant = new Variant();
  variant.decode(new BinaryStream(Buffer.concat([head, body])));
  return variant.value as ExtensionObject;
}
