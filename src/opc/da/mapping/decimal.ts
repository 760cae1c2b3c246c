import { makeNodeId } from "node-opcua";
import { OpaqueStructure } from "node-opcua-extension-object";
import type { Decimal } from "../wire/variant.ts";

/** The DataType Decimal: an ExtensionObject of an Int16 scale and a little-endian integer (OPC 10000-6, 5.1.10). */
const decimalTypeId = makeNodeId(50);
const largestScale = 28;
const limit = 1n << 96n;

export function structureOfDecimal({ scale, isNegative, unscaled }: Decimal): OpaqueStructure {
  const signed = isNegative ? -unscaled : unscaled;
  let size = 1;
  while (BigInt.asIntN(size * 8, signed) !== signed) size += 1;
  const bytes = Buffer.alloc(2 + size);
  bytes.writeInt16LE(scale, 0);
  let rest = BigInt.asUintN(size * 8, signed);
  for (let index = 0; index < size; index++) {
    bytes[2 + index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return new OpaqueStructure(decimalTypeId, bytes);
}

/** The DECIMAL for a value of DataType Decimal; null for another structure, or a number a DECIMAL cannot hold. */
export function decimalOfStructure(value: unknown): Decimal | null {
  if (!(value instanceof OpaqueStructure)) return null;
  const { namespace, value: type } = value.nodeId;
  if (namespace !== decimalTypeId.namespace || type !== decimalTypeId.value) return null;
  const bytes = Buffer.from(value.buffer);
  if (bytes.length < 3) return null;
  let scale = bytes.readInt16LE(0);
  let unscaled = 0n;
  for (let index = bytes.length - 1; index >= 2; index--)
    unscaled = (unscaled << 8n) | BigInt(bytes[index] ?? 0);
  unscaled = BigInt.asIntN((bytes.length - 2) * 8, unscaled);
  const isNegative = unscaled < 0n;
  if (isNegative) unscaled = -unscaled;
  // a DECIMAL has no negative scale; scales that no DECIMAL reaches either way are refused before they cost anything
  if (scale < -largestScale || scale > largestScale) return null;
  for (; scale < 0; scale += 1) unscaled *= 10n;
  return unscaled < limit ? { scale, isNegative, unscaled } : null;
}
