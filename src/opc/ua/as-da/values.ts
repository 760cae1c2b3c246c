import { DataType, DataValue, type StatusCode, Variant as UaVariant, VariantArrayType } from "node-opcua";
import { hresult } from "../../da/mapping/hresult.ts";
import { hresultOfStatus } from "../../da/mapping/hresult-status.ts";
import { isQualityStatus, qualityOfStatus } from "../../da/mapping/quality.ts";
import { ticksOfJsDate } from "../../da/mapping/time.ts";
import { daVariantOf, uaVariantOf } from "../../da/mapping/value.ts";
import type { ItemStates } from "../../da/wire/requests.ts";
import { Values } from "../../da/wire/values.ts";
import { varType } from "../../da/wire/var-type.ts";
import { emptyVariant, type Variant } from "../../da/wire/variant.ts";
import { convertTo } from "./requested-type.ts";

/** An item's value, or why there is none (OPC 10000-8, A.4.3.1). */
export type ItemValue = DataValue | { readonly error: number };

/** `requestedTypes`: VARTYPEs that the client asked for, one a value; VT_EMPTY or none = as it is. */
export function statesOf(values: readonly ItemValue[], requestedTypes: readonly number[] = []): ItemStates {
  const states = values.map((value, index) => stateOf(value, requestedTypes[index] ?? varType.empty));
  return {
    errors: Int32Array.from(states, ({ error }) => error),
    qualities: Uint16Array.from(states, ({ quality }) => quality),
    timestamps: BigUint64Array.from(states, ({ timestamp }) => timestamp),
    values: Values.of(states.map(({ value }) => value)),
  };
}

function stateOf(
  item: ItemValue,
  requestedType: number,
): {
  readonly error: number;
  readonly quality: number;
  readonly timestamp: bigint;
  readonly value: Variant;
} {
  if (!(item instanceof DataValue)) {
    return { error: item.error, quality: 0, timestamp: 0n, value: emptyVariant };
  }
  const status = item.statusCode.value;
  if (!isQualityStatus(status)) {
    return { error: hresultOfStatus(status, "read"), quality: 0, timestamp: 0n, value: emptyVariant };
  }
  const value = convertTo(requestedType, daVariantOf(item.value));
  if ("error" in value) return { error: value.error, quality: 0, timestamp: 0n, value: emptyVariant };
  const time = item.sourceTimestamp ?? item.serverTimestamp;
  return {
    error: hresult.S_OK,
    quality: qualityOfStatus(status),
    timestamp: time ? ticksOfJsDate(time) : 0n,
    value,
  };
}

/** What a node holds, as far as a write has to know. */
export interface NodeType {
  readonly dataType: DataType;
  readonly isArray: boolean;
}

export function nodeTypeOf(value: DataValue | undefined): NodeType {
  const variant = value?.value;
  if (!variant) return { dataType: DataType.Null, isArray: false };
  return { dataType: variant.dataType, isArray: variant.arrayType !== VariantArrayType.Scalar };
}

const integerRanges: ReadonlyMap<DataType, readonly [number, number]> = new Map<
  DataType,
  readonly [number, number]
>([
  [DataType.SByte, [-0x80, 0x7f]],
  [DataType.Byte, [0, 0xff]],
  [DataType.Int16, [-0x8000, 0x7fff]],
  [DataType.UInt16, [0, 0xffff]],
  [DataType.Int32, [-0x8000_0000, 0x7fff_ffff]],
  [DataType.UInt32, [0, 0xffff_ffff]],
]);

/**
 * The value to write for a DA one: OPC DA servers convert to the item's own type, OPC UA servers do not.
 * An HRESULT where it does not fit: OPC_E_RANGE, OPC_E_BADTYPE.
 */
export function writableValue(given: Variant, type: NodeType): UaVariant | { readonly error: number } {
  const variant = uaVariantOf(given);
  if (variant.dataType === type.dataType || type.dataType === DataType.Null) return variant;
  if (variant.arrayType !== VariantArrayType.Scalar || type.isArray) return { error: hresult.OPC_E_BADTYPE };
  const { value } = variant as { readonly value: unknown };
  const { dataType } = type;
  if (dataType === DataType.String) {
    return typeof value === "number" || typeof value === "boolean"
      ? new UaVariant({ dataType, value: String(value) })
      : { error: hresult.OPC_E_BADTYPE };
  }
  const number = typeof value === "boolean" ? Number(value) : value;
  if (typeof number !== "number") return { error: hresult.OPC_E_BADTYPE };
  if (dataType === DataType.Boolean) return new UaVariant({ dataType, value: number !== 0 });
  if (dataType === DataType.Double || dataType === DataType.Float)
    return new UaVariant({ dataType, value: number });
  const range = integerRanges.get(dataType);
  if (!range) return { error: hresult.OPC_E_BADTYPE };
  const rounded = Math.round(number);
  if (!(rounded >= range[0] && rounded <= range[1])) return { error: hresult.OPC_E_RANGE };
  return new UaVariant({ dataType, value: rounded });
}

export function errorOf(statusCode: StatusCode | undefined, access: "read" | "write"): number {
  return statusCode ? hresultOfStatus(statusCode.value, access) : hresult.E_FAIL;
}
