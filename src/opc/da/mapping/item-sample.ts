import type { ItemSample } from "../../../core/input.ts";
import { arrayBit, varType } from "../wire/var-type.ts";
import { type Decimal, isArrayVariant, type Variant } from "../wire/variant.ts";
import { sampleQuality } from "./quality.ts";
import { jsDateOfTicks, ticksOfDate } from "./time.ts";

/** What the core needs of a value from a DA server. An item error counts as bad quality. */
export function itemSampleOf(error: number, daQuality: number, value: Variant): ItemSample {
  const isArray = (value.type & arrayBit) !== 0;
  return {
    quality: error < 0 ? "bad" : sampleQuality(daQuality),
    value: canonicalText(value),
    isArray,
  };
}

/** A scalar as text, in the same form as a UA value of the type it maps to; null for arrays and no value. */
export function canonicalText(variant: Variant): string | null {
  if (isArrayVariant(variant) || variant.value === null) return null;
  const { type, value } = variant;
  switch (type) {
    case varType.r4:
      return floatText(value as number);
    case varType.date: {
      const ticks = ticksOfDate(value as number);
      return ticks === null ? null : jsDateOfTicks(ticks).toISOString();
    }
    case varType.cy: {
      const units = value as bigint;
      return decimalText({ scale: 4, isNegative: units < 0n, unscaled: units < 0n ? -units : units });
    }
    case varType.decimal:
      return decimalText(value as Decimal);
    default:
      return String(value);
  }
}

/** Without zeros that say nothing: `1.5`, `-20`. */
function decimalText({ scale, isNegative, unscaled }: Decimal): string {
  const digits = unscaled.toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, "");
  const sign = isNegative && unscaled !== 0n ? "-" : "";
  return fraction === "" ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
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
