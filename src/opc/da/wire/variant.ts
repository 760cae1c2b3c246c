import { varType } from "./var-type.ts";

/** A VARIANT as data. `type` is its VARTYPE, with the array bit for arrays. */
export type Variant = ScalarVariant | ArrayVariant;

export interface ScalarVariant {
  readonly type: number;
  /**
   * null for VT_EMPTY, VT_NULL and a BSTR that is NULL; boolean for VT_BOOL; bigint for VT_I8, VT_UI8 and
   * VT_CY (1/10000); number for the others (VT_DATE: days since 1899-12-30); a Decimal for VT_DECIMAL.
   */
  readonly value: number | bigint | boolean | string | Decimal | null;
}

export interface ArrayVariant {
  readonly type: number;
  /** From the leftmost (fastest in memory) to the rightmost. */
  readonly dimensions: readonly Dimension[];
  /** In the order of SAFEARRAY memory; of VT_VARIANT arrays Variants, else as the scalar's `value`. */
  readonly elements: readonly (ScalarVariant["value"] | Variant)[];
}

export interface Dimension {
  readonly count: number;
  readonly lowerBound: number;
}

/** (-1)^isNegative * unscaled / 10^scale; `scale` 0 to 28, `unscaled` below 2^96. */
export interface Decimal {
  readonly scale: number;
  readonly isNegative: boolean;
  readonly unscaled: bigint;
}

export const emptyVariant: Variant = Object.freeze({ type: varType.empty, value: null });

export function isArrayVariant(variant: Variant): variant is ArrayVariant {
  return "elements" in variant;
}

/** A scalar, for the common cases. */
export function scalar(type: number, value: ScalarVariant["value"]): ScalarVariant {
  return Object.freeze({ type, value });
}

/** An array of one dimension that starts at 0. */
export function vector(elementType: number, elements: ArrayVariant["elements"]): ArrayVariant {
  const dimensions = [{ count: elements.length, lowerBound: 0 }];
  return Object.freeze({ type: 0x2000 | elementType, dimensions, elements });
}
