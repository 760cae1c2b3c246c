import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { arrayBit, varType, widthOf } from "./var-type.ts";
import {
  type ArrayVariant,
  type Decimal,
  isArrayVariant,
  type ScalarVariant,
  type Variant,
} from "./variant.ts";
import { WireError } from "./wire-error.ts";

type ScalarValue = ScalarVariant["value"];

const deepest = 8;
const mostDimensions = 60;
const two64 = 1n << 64n;

/** @throws WireError where the bytes are no value of the protocol. */
export function readVariant(reader: ByteReader, depth = 1): Variant {
  const type = reader.u16();
  if ((type & arrayBit) === 0) return { type, value: readScalar(reader, type) };
  return readArray(reader, type, depth);
}

function readArray(reader: ByteReader, type: number, depth: number): ArrayVariant {
  if (depth >= deepest) throw new WireError(`a value nests more than ${deepest} deep`);
  const elementType = type & ~arrayBit;
  const rank = reader.u16();
  if (rank < 1 || rank > mostDimensions) throw new WireError(`an array has ${rank} dimensions`);
  const dimensions: { count: number; lowerBound: number }[] = [];
  let total = 1;
  for (let index = 0; index < rank; index++) {
    const count = reader.u32();
    dimensions.push({ count, lowerBound: reader.i32() });
    total *= count;
    if (!Number.isSafeInteger(total)) throw new WireError("an array is too large");
  }
  if (total * elementSizeAtLeast(elementType) > reader.remaining) {
    throw new WireError(`an array of ${total} elements does not fit into the payload`);
  }
  const elements: (ScalarValue | Variant)[] = [];
  for (let index = 0; index < total; index++) {
    elements.push(
      elementType === varType.variant ? readVariant(reader, depth + 1) : readScalar(reader, elementType),
    );
  }
  return { type, dimensions, elements };
}

/** Lower bound of an element's bytes. @throws WireError where there is no array of such elements. */
function elementSizeAtLeast(elementType: number): number {
  if (elementType === varType.variant) return 2;
  if (elementType === varType.bstr) return 4;
  if (elementType === varType.decimal) return 14;
  const width = widthOf(elementType);
  if (!width) throw new WireError(`VARTYPE ${elementType} cannot be in an array`);
  return width;
}

export function readScalar(reader: ByteReader, type: number): ScalarValue {
  switch (type) {
    case varType.empty:
    case varType.null:
      return null;
    case varType.i1:
      return (reader.u8() << 24) >> 24;
    case varType.ui1:
      return reader.u8();
    case varType.i2:
      return (reader.u16() << 16) >> 16;
    case varType.bool:
      return reader.u16() !== 0;
    case varType.ui2:
      return reader.u16();
    case varType.i4:
    case varType.int:
    case varType.error:
      return reader.i32();
    case varType.ui4:
    case varType.uint:
      return reader.u32();
    case varType.r4:
      return reader.f32();
    case varType.r8:
    case varType.date:
      return reader.bytes(8).readDoubleLE();
    case varType.i8:
    case varType.cy:
      return reader.bytes(8).readBigInt64LE();
    case varType.ui8:
      return reader.u64();
    case varType.bstr:
      return reader.textOrNull();
    case varType.decimal:
      return readDecimal(reader);
    default:
      throw new WireError(`VARTYPE ${type} does not travel`);
  }
}

function readDecimal(reader: ByteReader): Decimal {
  const scale = reader.u8();
  const sign = reader.u8();
  const high = reader.u32();
  const low = reader.u64();
  if (scale > 28 || (sign !== 0 && sign !== 0x80)) throw new WireError("a DECIMAL is out of range");
  return { scale, isNegative: sign !== 0, unscaled: BigInt(high) * two64 + low };
}

/** @throws WireError for a type that does not travel, RangeError or TypeError for a value its type cannot hold. */
export function writeVariant(writer: ByteWriter, variant: Variant): void {
  writer.u16(variant.type);
  if (!isArrayVariant(variant)) {
    writeScalar(writer, variant.type, variant.value);
    return;
  }
  const elementType = variant.type & ~arrayBit;
  elementSizeAtLeast(elementType);
  writer.u16(variant.dimensions.length);
  let total = 1;
  for (const { count, lowerBound } of variant.dimensions) {
    writer.u32(count);
    writer.i32(lowerBound);
    total *= count;
  }
  if (total !== variant.elements.length)
    throw new WireError("an array's elements do not fill its dimensions");
  for (const element of variant.elements) {
    if (isVariant(element)) writeVariant(writer, element);
    else writeScalar(writer, elementType, element);
  }
}

function isVariant(element: ScalarValue | Variant): element is Variant {
  return typeof element === "object" && element !== null && "type" in element;
}

export function writeScalar(writer: ByteWriter, type: number, value: ScalarValue): void {
  switch (type) {
    case varType.empty:
    case varType.null:
      return;
    case varType.i1:
    case varType.ui1:
      writer.u8(inRange(value, type === varType.i1 ? -0x80 : 0, 0xff) & 0xff);
      return;
    case varType.i2:
    case varType.ui2:
      writer.u16(inRange(value, type === varType.i2 ? -0x8000 : 0, 0xffff) & 0xffff);
      return;
    case varType.bool:
      writer.u16(value ? 0xffff : 0);
      return;
    case varType.i4:
    case varType.int:
    case varType.error:
      writer.i32(numberOf(value));
      return;
    case varType.ui4:
    case varType.uint:
      writer.u32(numberOf(value));
      return;
    case varType.r4:
      writer.f32(numberOf(value));
      return;
    case varType.r8:
    case varType.date: {
      const bytes = Buffer.allocUnsafe(8);
      bytes.writeDoubleLE(numberOf(value));
      writer.bytes(bytes);
      return;
    }
    case varType.i8:
    case varType.cy:
      writer.u64(BigInt.asUintN(64, bigintOf(value)));
      return;
    case varType.ui8:
      writer.u64(bigintOf(value));
      return;
    case varType.bstr:
      if (value !== null && typeof value !== "string") throw new WireError("a BSTR needs a string");
      writer.textOrNull(value);
      return;
    case varType.decimal:
      writeDecimal(writer, value);
      return;
    default:
      throw new WireError(`VARTYPE ${type} does not travel`);
  }
}

function writeDecimal(writer: ByteWriter, value: ScalarValue): void {
  if (typeof value !== "object" || value === null) throw new WireError("a DECIMAL needs its three parts");
  writer.u8(value.scale);
  writer.u8(value.isNegative ? 0x80 : 0);
  writer.u32(Number(value.unscaled / two64));
  writer.u64(value.unscaled % two64);
}

function numberOf(value: ScalarValue): number {
  if (typeof value !== "number") throw new WireError(`${typeof value} where a number is needed`);
  return value;
}

function inRange(value: ScalarValue, least: number, most: number): number {
  const number = numberOf(value);
  if (number < least || number > most) throw new WireError(`${number} is not from ${least} to ${most}`);
  return number;
}

function bigintOf(value: ScalarValue): bigint {
  if (typeof value !== "bigint") throw new WireError(`${typeof value} where a bigint is needed`);
  return value;
}
