import { isDeepStrictEqual } from "node:util";

/** How to get from one array to another, in order. */
export type AlignStep =
  | { readonly kind: "keep"; readonly before: number; readonly after: number }
  | { readonly kind: "remove"; readonly before: number }
  | { readonly kind: "insert"; readonly after: number };

/**
 * Pairs up the items of two arrays: equal ones first (longest common subsequence), then those left between
 * them in order, as the same thing changed.
 */
export function alignArrays(before: readonly unknown[], after: readonly unknown[]): AlignStep[] {
  const steps: AlignStep[] = [];
  let start = 0;
  const same = (b: number, a: number): boolean => isDeepStrictEqual(before[b], after[a]);
  while (start < before.length && start < after.length && same(start, start)) {
    steps.push({ kind: "keep", before: start, after: start });
    start += 1;
  }
  let tail = 0;
  const limit = Math.min(before.length, after.length) - start;
  while (tail < limit && same(before.length - 1 - tail, after.length - 1 - tail)) tail += 1;
  steps.push(...alignMiddle(before, after, start, before.length - tail, after.length - tail));
  for (let index = tail; index > 0; index -= 1) {
    steps.push({ kind: "keep", before: before.length - index, after: after.length - index });
  }
  return steps;
}

function alignMiddle(
  before: readonly unknown[],
  after: readonly unknown[],
  start: number,
  beforeEnd: number,
  afterEnd: number,
): AlignStep[] {
  const rows = beforeEnd - start;
  const columns = afterEnd - start;
  const width = columns + 1;
  const keysBefore = before.slice(start, beforeEnd).map((item) => JSON.stringify(item));
  const keysAfter = after.slice(start, afterEnd).map((item) => JSON.stringify(item));
  const lengths = new Uint32Array((rows + 1) * width);
  const at = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = rows - 1; row >= 0; row -= 1) {
    for (let column = columns - 1; column >= 0; column -= 1) {
      lengths[row * width + column] =
        keysBefore[row] === keysAfter[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const steps: AlignStep[] = [];
  let row = 0;
  let column = 0;
  let removed: number[] = [];
  let inserted: number[] = [];
  const flush = (): void => {
    const changed = Math.min(removed.length, inserted.length);
    for (const [index, item] of removed.entries()) {
      const other = inserted[index];
      steps.push(
        other === undefined
          ? { kind: "remove", before: start + item }
          : { kind: "keep", before: start + item, after: start + other },
      );
    }
    for (const item of inserted.slice(changed)) steps.push({ kind: "insert", after: start + item });
    removed = [];
    inserted = [];
  };
  while (row < rows || column < columns) {
    if (row < rows && column < columns && keysBefore[row] === keysAfter[column]) {
      flush();
      steps.push({ kind: "keep", before: start + row, after: start + column });
      row += 1;
      column += 1;
    } else if (column >= columns || (row < rows && at(row + 1, column) >= at(row, column + 1))) {
      removed.push(row);
      row += 1;
    } else {
      inserted.push(column);
      column += 1;
    }
  }
  flush();
  return steps;
}
