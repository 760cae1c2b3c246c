import { coerceStatusCode, DataType, Variant as UaVariant, VariantArrayType } from "node-opcua";
import { arrayBit, varType } from "../wire/var-type.ts";
import {
  type ArrayVariant,
  emptyVariant,
  isArrayVariant,
  type ScalarVariant,
  type Variant,
} from "../wire/variant.ts";
import { decimalOfStructure, structureOfDecimal } from "./decimal.ts";
import { dateOfTicks, jsDateOfTicks, ticksOfDate, ticksOfJsDate } from "./time.ts";
import { otherTypeText } from "./value-text.ts";

/**
 * Values between OPC DA and OPC UA (OPC 10000-8, A.3.2.2 and A.4.3.2). Where the annex is silent or loses
 * something: VT_INT and VT_UINT are Int32 and UInt32; VT_ERROR is the Int32 of its SCODE; VT_CY is a Decimal
 * of four digits; VT_DATE is a DateTime in both directions (the annex has a Double for one of them); VT_EMPTY
 * and VT_NULL are no value.
 */

type Scalar = ScalarVariant["value"];

const uaTypes: ReadonlyMap<number, DataType> = new Map<number, DataType>([
  [varType.i1, DataType.SByte],
  [varType.ui1, DataType.Byte],
  [varType.i2, DataType.Int16],
  [varType.ui2, DataType.UInt16],
  [varType.i4, DataType.Int32],
  [varType.int, DataType.Int32],
  [varType.error, DataType.Int32],
  [varType.ui4, DataType.UInt32],
  [varType.uint, DataType.UInt32],
  [varType.i8, DataType.Int64],
  [varType.ui8, DataType.UInt64],
  [varType.r4, DataType.Float],
  [varType.r8, DataType.Double],
  [varType.bool, DataType.Boolean],
  [varType.bstr, DataType.String],
  [varType.date, DataType.DateTime],
  [varType.cy, DataType.ExtensionObject],
  [varType.decimal, DataType.ExtensionObject],
  [varType.variant, DataType.Variant],
]);

/** NodeId in namespace 0 of the abstract DataType Decimal (OPC 10000-6, 5.1.10). */
const decimalTypeId = 50;

/** The DataType attribute (an identifier in namespace 0) for a canonical VARTYPE; 24 = BaseDataType where it says nothing. */
export function dataTypeIdOf(type: number): number {
  const elementType = type & ~arrayBit;
  if (elementType === varType.cy || elementType === varType.decimal) return decimalTypeId;
  return uaTypes.get(elementType) ?? DataType.Variant;
}

/** The UA value for a DA one. A VARTYPE that does not travel gives no value. */
export function uaVariantOf(variant: Variant): UaVariant {
  const elementType = variant.type & ~arrayBit;
  const dataType = uaTypes.get(elementType);
  if (dataType === undefined || (elementType === varType.variant && !isArrayVariant(variant)))
    return new UaVariant();
  if (!isArrayVariant(variant)) {
    return new UaVariant({
      dataType,
      arrayType: VariantArrayType.Scalar,
      value: uaScalar(elementType, variant.value),
    });
  }
  const elements = inUaOrder(variant).map((element) =>
    isNested(element) ? uaVariantOf(element) : uaScalar(elementType, element),
  );
  // node-opcua checks each element of any other array, and says so in the log
  const value = typedArrays.get(dataType)?.from(elements as number[]) ?? elements;
  if (variant.dimensions.length === 1) {
    return new UaVariant({ dataType, arrayType: VariantArrayType.Array, value });
  }
  const dimensions = variant.dimensions.map(({ count }) => count);
  return new UaVariant({ dataType, arrayType: VariantArrayType.Matrix, dimensions, value });
}

const typedArrays: ReadonlyMap<DataType, { from(elements: number[]): ArrayLike<number> }> = new Map<
  DataType,
  { from(elements: number[]): ArrayLike<number> }
>([
  [DataType.SByte, Int8Array],
  [DataType.Byte, Uint8Array],
  [DataType.Int16, Int16Array],
  [DataType.UInt16, Uint16Array],
  [DataType.Int32, Int32Array],
  [DataType.UInt32, Uint32Array],
  [DataType.Float, Float32Array],
  [DataType.Double, Float64Array],
]);

function isNested(element: Scalar | Variant): element is Variant {
  return typeof element === "object" && element !== null && "type" in element;
}

function uaScalar(type: number, value: Scalar): unknown {
  switch (type) {
    case varType.i8:
      return halves(BigInt.asUintN(64, value as bigint));
    case varType.ui8:
      return halves(value as bigint);
    case varType.date:
      return jsDateOfTicks(ticksOfDate(value as number) ?? 0n);
    case varType.cy: {
      const units = value as bigint;
      const unscaled = units < 0n ? -units : units;
      return structureOfDecimal({ scale: 4, isNegative: units < 0n, unscaled });
    }
    case varType.decimal:
      return typeof value === "object" && value !== null ? structureOfDecimal(value) : null;
    default:
      return value;
  }
}

/** node-opcua's 64-bit integers are pairs of the high and the low half. */
function halves(value: bigint): [number, number] {
  return [Number(value >> 32n), Number(value & 0xffff_ffffn)];
}

function joined([high, low]: readonly [number, number]): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** SAFEARRAYs have their leftmost index fastest in memory, OPC UA's matrices the rightmost. */
function inUaOrder({ dimensions, elements }: ArrayVariant): ArrayVariant["elements"] {
  return reordered(elements, dimensions.map(({ count }) => count).reverse());
}

/** Takes elements with the last of `counts` fastest and gives them with the first fastest. */
function reordered<T>(elements: readonly T[], counts: readonly number[]): readonly T[] {
  if (counts.length < 2 || elements.length === 0) return elements;
  const strides: number[] = [];
  let stride = 1;
  for (let index = counts.length - 1; index >= 0; index--) {
    strides[index] = stride;
    stride *= counts[index] ?? 0;
  }
  const result: T[] = [];
  const position = counts.map(() => 0);
  for (let count = 0; count < elements.length; count++) {
    let from = 0;
    for (let index = 0; index < counts.length; index++)
      from += (position[index] ?? 0) * (strides[index] ?? 0);
    result.push(elements[from] as T);
    for (let index = 0; index < counts.length; index++) {
      const next = (position[index] ?? 0) + 1;
      position[index] = next < (counts[index] ?? 0) ? next : 0;
      if (position[index] !== 0) break;
    }
  }
  return result;
}

const varTypes: ReadonlyMap<DataType, number> = new Map<DataType, number>([
  [DataType.Boolean, varType.bool],
  [DataType.SByte, varType.i1],
  [DataType.Byte, varType.ui1],
  [DataType.Int16, varType.i2],
  [DataType.UInt16, varType.ui2],
  [DataType.Int32, varType.i4],
  [DataType.UInt32, varType.ui4],
  [DataType.Int64, varType.i8],
  [DataType.UInt64, varType.ui8],
  [DataType.Float, varType.r4],
  [DataType.Double, varType.r8],
  [DataType.String, varType.bstr],
  [DataType.DateTime, varType.date],
  [DataType.Guid, varType.bstr],
  [DataType.XmlElement, varType.bstr],
  [DataType.NodeId, varType.bstr],
  [DataType.ExpandedNodeId, varType.bstr],
  [DataType.QualifiedName, varType.bstr],
  [DataType.LocalizedText, varType.bstr],
  [DataType.StatusCode, varType.ui4],
  [DataType.Variant, varType.variant],
]);

/** The canonical VARTYPE for a DataType and whether its values are arrays; VT_EMPTY where it says nothing. */
export function varTypeOf(dataType: DataType, isArray: boolean): number {
  if (dataType === DataType.ByteString && !isArray) return arrayBit | varType.ui1;
  const type = varTypes.get(dataType);
  if (type === undefined) return isArray ? arrayBit | varType.variant : varType.empty;
  return isArray ? arrayBit | type : type === varType.variant ? varType.empty : type;
}

/** The DA value for a UA one; VT_EMPTY where it has none (DataValue, DiagnosticInfo). */
export function daVariantOf(variant: UaVariant): Variant {
  const { dataType, arrayType, value } = variant;
  if (value === null || value === undefined) {
    return dataType === DataType.String && arrayType === VariantArrayType.Scalar
      ? { type: varType.bstr, value: null }
      : emptyVariant;
  }
  if (arrayType === VariantArrayType.Scalar) return daScalar(dataType, value);
  const elements = [...(value as Iterable<unknown>)];
  const dimensions =
    arrayType === VariantArrayType.Matrix && variant.dimensions ? variant.dimensions : [elements.length];
  return daArray(dataType, reordered(elements, dimensions), dimensions);
}

function daArray(dataType: DataType, elements: readonly unknown[], counts: readonly number[]): Variant {
  const dimensions = counts.map((count) => ({ count, lowerBound: 0 }));
  const elementType = varTypes.get(dataType);
  if (elementType !== undefined && elementType !== varType.variant) {
    const values = elements.map((element) => daValue(dataType, element));
    return { type: arrayBit | elementType, dimensions, elements: values };
  }
  const nested = elements.map((element) =>
    element instanceof UaVariant ? daVariantOf(element) : daScalar(dataType, element),
  );
  return { type: arrayBit | varType.variant, dimensions, elements: nested };
}

function daScalar(dataType: DataType, value: unknown): Variant {
  if (value === null || value === undefined) return emptyVariant;
  switch (dataType) {
    case DataType.ByteString:
      return bytesVariant(value as Buffer);
    case DataType.ExtensionObject: {
      const decimal = decimalOfStructure(value);
      if (decimal) return { type: varType.decimal, value: decimal };
      const bytes = otherTypeText.bytesOf(value);
      return bytes ? bytesVariant(bytes) : emptyVariant;
    }
    case DataType.Variant:
      return value instanceof UaVariant ? daVariantOf(value) : emptyVariant;
    default: {
      const type = varTypes.get(dataType);
      return type === undefined ? emptyVariant : { type, value: daValue(dataType, value) };
    }
  }
}

function bytesVariant(bytes: Buffer): Variant {
  const dimensions = [{ count: bytes.length, lowerBound: 0 }];
  return { type: arrayBit | varType.ui1, dimensions, elements: [...bytes] };
}

function daValue(dataType: DataType, value: unknown): Scalar {
  switch (dataType) {
    case DataType.Int64:
      return BigInt.asIntN(64, joined(value as readonly [number, number]));
    case DataType.UInt64:
      return joined(value as readonly [number, number]);
    case DataType.DateTime:
      return value instanceof Date ? dateOfTicks(ticksOfJsDate(value)) : 0;
    case DataType.StatusCode:
      return coerceStatusCode(value as never).value;
    case DataType.Boolean:
      return value === true;
    case DataType.String:
    case DataType.Guid:
    case DataType.XmlElement:
    case DataType.NodeId:
    case DataType.ExpandedNodeId:
    case DataType.QualifiedName:
    case DataType.LocalizedText:
      return otherTypeText.textOf(dataType, value);
    default:
      return Number(value);
  }
}
