/**
 * Finds the ends of values in OPC UA Binary (OPC 10000-6, 5.2) without decoding them. Each function
 * takes the offset where a value starts and returns the offset behind it. Malformed bytes throw a
 * RangeError, either from Buffer's own checks or from {@link expectWithin}.
 */

/** Sizes of the built-in types with a fixed size, by type id (5.1.2); 0 = not fixed. */
const fixedSizes = [0, 1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 0, 8, 16, 0, 0, 0, 0, 4];

/** Part 6, 5.1.9: decoders support at least 100 nesting levels; more is refused. */
const maxNestingLevels = 100;

/** Throws unless the offset lies within the buffer (its end included). */
export function expectWithin(bytes: Buffer, offset: number): number {
  if (offset > bytes.length || offset < 0) throw new RangeError("OPC UA message ends within a value");
  return offset;
}

/** String, ByteString and XmlElement: Int32 length (-1 = null), then bytes. */
export function skipString(bytes: Buffer, offset: number): number {
  const length = bytes.readInt32LE(offset);
  return expectWithin(bytes, offset + 4 + Math.max(length, 0));
}

/** NodeId and ExpandedNodeId (5.2.2.9, 5.2.2.10). */
export function skipNodeId(bytes: Buffer, offset: number): number {
  const encoding = bytes.readUInt8(offset);
  let end: number;
  switch (encoding & 0x3f) {
    case 0:
      end = offset + 2;
      break;
    case 1:
      end = offset + 4;
      break;
    case 2:
      end = offset + 7;
      break;
    case 3:
    case 5:
      end = skipString(bytes, offset + 3);
      break;
    case 4:
      end = offset + 19;
      break;
    default:
      throw new RangeError(`unknown NodeId encoding ${encoding}`);
  }
  if (encoding & 0x80) end = skipString(bytes, end);
  if (encoding & 0x40) end += 4;
  return expectWithin(bytes, end);
}

export function skipQualifiedName(bytes: Buffer, offset: number): number {
  return skipString(bytes, offset + 2);
}

export function skipLocalizedText(bytes: Buffer, offset: number): number {
  const mask = bytes.readUInt8(offset);
  let end = offset + 1;
  if (mask & 1) end = skipString(bytes, end);
  if (mask & 2) end = skipString(bytes, end);
  return end;
}

/** NodeId of the encoding, encoding byte, and a body with a length if there is one (5.2.2.15). */
export function skipExtensionObject(bytes: Buffer, offset: number): number {
  const end = skipNodeId(bytes, offset);
  return bytes.readUInt8(end) === 0 ? end + 1 : skipString(bytes, end + 1);
}

export function skipDiagnosticInfo(bytes: Buffer, offset: number, level = 0): number {
  if (level > maxNestingLevels) throw new RangeError("DiagnosticInfo nested too deeply");
  const mask = bytes.readUInt8(offset);
  let end = offset + 1;
  if (mask & 0x01) end += 4;
  if (mask & 0x02) end += 4;
  if (mask & 0x08) end += 4;
  if (mask & 0x04) end += 4;
  if (mask & 0x10) end = skipString(bytes, end);
  if (mask & 0x20) end += 4;
  if (mask & 0x40) end = skipDiagnosticInfo(bytes, end, level + 1);
  return expectWithin(bytes, end);
}

function skipScalar(bytes: Buffer, offset: number, type: number, level: number): number {
  const size = fixedSizes[type];
  if (size) return expectWithin(bytes, offset + size);
  switch (type) {
    case 12:
    case 15:
    case 16:
      return skipString(bytes, offset);
    case 17:
    case 18:
      return skipNodeId(bytes, offset);
    case 20:
      return skipQualifiedName(bytes, offset);
    case 21:
      return skipLocalizedText(bytes, offset);
    case 22:
      return skipExtensionObject(bytes, offset);
    case 23:
      return skipDataValue(bytes, offset, level + 1);
    case 24:
      return skipVariant(bytes, offset, level + 1);
    case 25:
      return skipDiagnosticInfo(bytes, offset, level + 1);
    default:
      throw new RangeError(`unknown built-in type ${type}`);
  }
}

/** Variant (5.2.2.16): type, optional array, optional dimensions. */
export function skipVariant(bytes: Buffer, offset: number, level = 0): number {
  if (level > maxNestingLevels) throw new RangeError("Variant nested too deeply");
  const encoding = bytes.readUInt8(offset);
  const type = encoding & 0x3f;
  let end = offset + 1;
  if ((encoding & 0x80) === 0) return type === 0 ? end : skipScalar(bytes, end, type, level);
  const count = bytes.readInt32LE(end);
  end += 4;
  const size = fixedSizes[type];
  if (size) end = expectWithin(bytes, end + Math.max(count, 0) * size);
  else for (let index = 0; index < count; index++) end = skipScalar(bytes, end, type, level);
  if (encoding & 0x40) end = expectWithin(bytes, end + 4 + Math.max(bytes.readInt32LE(end), 0) * 4);
  return end;
}

/** Bits of the DataValue encoding mask (5.2.2.17). */
export const dataValueMask = Object.freeze({
  value: 0x01,
  status: 0x02,
  sourceTimestamp: 0x04,
  serverTimestamp: 0x08,
  sourcePicoseconds: 0x10,
  serverPicoseconds: 0x20,
});

export function skipDataValue(bytes: Buffer, offset: number, level = 0): number {
  const mask = bytes.readUInt8(offset);
  let end = offset + 1;
  if (mask & dataValueMask.value) end = skipVariant(bytes, end, level);
  if (mask & dataValueMask.status) end += 4;
  if (mask & dataValueMask.sourceTimestamp) end += 8;
  if (mask & dataValueMask.sourcePicoseconds) end += 2;
  if (mask & dataValueMask.serverTimestamp) end += 8;
  if (mask & dataValueMask.serverPicoseconds) end += 2;
  return expectWithin(bytes, end);
}

/** An array: Int32 count (-1 = null), then as many elements as `skipElement` skips. */
export function skipArray(
  bytes: Buffer,
  offset: number,
  skipElement: (bytes: Buffer, offset: number) => number,
): number {
  const count = bytes.readInt32LE(offset);
  let end = offset + 4;
  for (let index = 0; index < count; index++) end = skipElement(bytes, end);
  return end;
}
