import { hresult } from "../../da/mapping/hresult.ts";
import { arrayBit, varType } from "../../da/wire/var-type.ts";
import { isArrayVariant, type ScalarVariant, type Variant } from "../../da/wire/variant.ts";

type Value = ScalarVariant["value"];

const integers: ReadonlyMap<number, readonly [bigint, bigint]> = new Map<number, readonly [bigint, bigint]>([
  [varType.i1, [-0x80n, 0x7fn]],
  [varType.ui1, [0n, 0xffn]],
  [varType.i2, [-0x8000n, 0x7fffn]],
  [varType.ui2, [0n, 0xffffn]],
  [varType.i4, [-0x8000_0000n, 0x7fff_ffffn]],
  [varType.int, [-0x8000_0000n, 0x7fff_ffffn]],
  [varType.ui4, [0n, 0xffff_ffffn]],
  [varType.uint, [0n, 0xffff_ffffn]],
  [varType.i8, [-(1n << 63n), (1n << 63n) - 1n]],
  [varType.ui8, [0n, (1n << 64n) - 1n]],
]);
const wide: readonly number[] = [varType.i8, varType.ui8];
const others: readonly number[] = [varType.r4, varType.r8, varType.bool, varType.bstr];
const largestFloat = 3.402_823_466_385_288_6e38;

function isConverted(type: number): boolean {
  return integers.has(type) || others.includes(type);
}

/** Whether a client may ask for values of a type as another: numbers, truth and text, alone or in arrays of both. */
export function canConvert(from: number, to: number): boolean {
  if (to === varType.empty || from === to) return true;
  // what the server has at present says nothing yet
  if (from === varType.empty) return isConverted(to & ~arrayBit);
  return (
    (from & arrayBit) === (to & arrayBit) && isConverted(from & ~arrayBit) && isConverted(to & ~arrayBit)
  );
}

/** The value as its client asked for it, as VariantChangeType has it. An HRESULT where that cannot be. */
export function convertTo(to: number, variant: Variant): Variant | { readonly error: number } {
  if (to === varType.empty || variant.type === to || variant.type === varType.empty) return variant;
  if (!canConvert(variant.type, to)) return { error: hresult.OPC_E_BADTYPE };
  const type = to & ~arrayBit;
  if (!isArrayVariant(variant)) {
    const value = converted(type, variant.value);
    return isFailure(value) ? value : { type: to, value };
  }
  const elements: Value[] = [];
  for (const element of variant.elements) {
    const value = converted(type, element as Value);
    if (isFailure(value)) return value;
    elements.push(value);
  }
  return { type: to, dimensions: variant.dimensions, elements };
}

interface Failure {
  readonly error: number;
}

function isFailure(value: Value | Failure): value is Failure {
  return typeof value === "object" && value !== null && "error" in value;
}

function converted(type: number, value: Value): Value | Failure {
  if (type === varType.bstr) return typeof value === "boolean" ? (value ? "-1" : "0") : String(value ?? "");
  const number = numberOf(value);
  if (number === null) return { error: hresult.OPC_E_BADTYPE };
  if (type === varType.bool) return typeof number === "bigint" ? number !== 0n : number !== 0;
  const range = integers.get(type);
  if (range) return integerIn(range, number, wide.includes(type));
  const real = Number(number);
  if (type === varType.r4 && Number.isFinite(real) && Math.abs(real) > largestFloat) return outOfRange;
  return type === varType.r4 ? Math.fround(real) : real;
}

const outOfRange: Failure = Object.freeze({ error: hresult.OPC_E_RANGE });

function integerIn(
  [first, last]: readonly [bigint, bigint],
  number: number | bigint,
  isWide: boolean,
): Value | Failure {
  if (typeof number === "number" && !Number.isFinite(number)) return outOfRange;
  const whole = typeof number === "bigint" ? number : BigInt(halfToEven(number));
  if (whole < first || whole > last) return outOfRange;
  return isWide ? whole : Number(whole);
}

/** As VariantChangeType rounds. */
function halfToEven(number: number): number {
  const below = Math.floor(number);
  const rest = number - below;
  if (rest !== 0.5) return Math.round(number);
  return below % 2 === 0 ? below : below + 1;
}

function numberOf(value: Value): number | bigint | null {
  switch (typeof value) {
    case "number":
    case "bigint":
      return value;
    case "boolean":
      return value ? -1 : 0;
    case "string": {
      const text = value.trim();
      if (/^[+-]?\d+$/.test(text)) return BigInt(text);
      const number = text === "" ? Number.NaN : Number(text);
      return Number.isNaN(number) || /^[+-]?0[box]/i.test(text) ? null : number;
    }
    default:
      return null;
  }
}
