import { DataType, type ExtensionObject, type LocalizedText, type QualifiedName } from "node-opcua";
import { BinaryStream } from "node-opcua-binary-stream";
import { OpaqueStructure } from "node-opcua-extension-object";

/** Types of OPC UA that OPC DA knows only as text or bytes (OPC 10000-8, A.4.3.2). */
export const otherTypeText = Object.freeze({ textOf, bytesOf });

/** null where the text itself is null. */
function textOf(dataType: DataType, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  switch (dataType) {
    case DataType.LocalizedText:
      return (value as LocalizedText).text ?? null;
    case DataType.QualifiedName: {
      const { namespaceIndex, name } = value as QualifiedName;
      return namespaceIndex ? `${namespaceIndex}:${name ?? ""}` : (name ?? null);
    }
    default:
      return String(value);
  }
}

/** The encoded body of an ExtensionObject; null where it has none. */
function bytesOf(value: unknown): Buffer | null {
  if (value instanceof OpaqueStructure) return Buffer.from(value.buffer);
  const structure = value as ExtensionObject;
  if (typeof structure.encode !== "function") return null;
  const stream = new BinaryStream(structure.binaryStoreSize());
  structure.encode(stream);
  return stream.buffer.subarray(0, stream.length);
}
