import {
  DataType,
  type DataValue,
  type StatusCode,
  StatusCodes,
  type Variant,
  VariantArrayType,
} from "node-opcua";
import type { ItemSample } from "../../core/input.ts";

const waiting: ReadonlySet<number> = new Set([
  StatusCodes.BadWaitingForInitialData.value,
  StatusCodes.UncertainInitialValue.value,
]);

/** Bits that say more about a status but are not part of its code (Part 4, 7.39). */
const codeMask = 0xffff0000;

/** What the core needs of a value. */
export function toItemSample(value: DataValue): ItemSample {
  const variant: Variant | null = value.value ?? null;
  const isArray = variant !== null && variant.arrayType !== VariantArrayType.Scalar;
  return {
    quality: qualityOf(value.statusCode),
    value: variant === null || isArray ? null : canonicalText(variant),
    isArray,
  };
}

export function qualityOf(statusCode: StatusCode): ItemSample["quality"] {
  if (waiting.has((statusCode.value & codeMask) >>> 0)) return "waiting";
  switch (statusCode.value >>> 30) {
    case 0:
      return "good";
    case 1:
      return "uncertain";
    default:
      return "bad";
  }
}

/**
 * A scalar as text: `true`, `12.5`, `abc`, `2026-01-31T12:00:00.000Z`, bytes in lower-case hex; numbers as
 * short as they can be without becoming another one of their type. Null for types that have no such form.
 */
export function canonicalText({ dataType, value }: Variant): string | null {
  if (value === null || value === undefined) return null;
  switch (dataType) {
    case DataType.Boolean:
    case DataType.SByte:
    case DataType.Byte:
    case DataType.Int16:
    case DataType.UInt16:
    case DataType.Int32:
    case DataType.UInt32:
    case DataType.Double:
    case DataType.String:
    case DataType.Guid:
    case DataType.NodeId:
    case DataType.ExpandedNodeId:
      return String(value);
    case DataType.Float:
      return floatText(value as number);
    case DataType.Int64:
      return BigInt.asIntN(64, wide(value as readonly [number, number])).toString();
    case DataType.UInt64:
      return wide(value as readonly [number, number]).toString();
    case DataType.DateTime:
      return (value as Date).toISOString();
    case DataType.ByteString:
      return (value as Buffer).toString("hex");
    case DataType.LocalizedText:
      return (value as { readonly text: string | null }).text;
    case DataType.QualifiedName:
      return (value as { readonly name: string | null }).name;
    case DataType.StatusCode:
      return (value as StatusCode).name;
    default:
      return null;
  }
}

/** node-opcua's 64-bit integers are pairs of the high and the low half. */
function wide([high, low]: readonly [number, number]): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** A single-precision number seen as a double has digits it never had. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  for (let digits = 1; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return String(shorter);
  }
  return String(value);
}
