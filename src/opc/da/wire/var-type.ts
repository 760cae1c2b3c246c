/** VARTYPE (MS-OAUT 2.2.7): those that travel. */
export const varType = Object.freeze({
  empty: 0,
  null: 1,
  i2: 2,
  i4: 3,
  r4: 4,
  r8: 5,
  cy: 6,
  date: 7,
  bstr: 8,
  error: 10,
  bool: 11,
  variant: 12,
  decimal: 14,
  i1: 16,
  ui1: 17,
  ui2: 18,
  ui4: 19,
  i8: 20,
  ui8: 21,
  int: 22,
  uint: 23,
} as const);

/** VT_ARRAY, a bit beside the type of the elements. */
export const arrayBit = 0x2000;
/** In `values`: each element carries its own VARTYPE. */
export const mixedType = 0xffff;

const widths: ReadonlyMap<number, number> = new Map<number, number>([
  [varType.empty, 0],
  [varType.null, 0],
  [varType.i1, 1],
  [varType.ui1, 1],
  [varType.i2, 2],
  [varType.bool, 2],
  [varType.ui2, 2],
  [varType.i4, 4],
  [varType.r4, 4],
  [varType.error, 4],
  [varType.ui4, 4],
  [varType.int, 4],
  [varType.uint, 4],
  [varType.r8, 8],
  [varType.cy, 8],
  [varType.date, 8],
  [varType.i8, 8],
  [varType.ui8, 8],
]);

/** Bytes of a value of this type; undefined where they vary or the type does not travel. */
export function widthOf(type: number): number | undefined {
  return widths.get(type);
}
