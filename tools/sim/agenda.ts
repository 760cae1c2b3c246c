/** Things to happen, in the order of their time; of the same time, in the order in which they were planned. */
export interface Agenda {
  plan(atMs: number, action: () => void): void;
  /** Takes out the next one if it is due by `untilMs`. */
  next(untilMs: number): { readonly atMs: number; readonly action: () => void } | null;
}

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly action: () => void;
}

/** A binary heap: schedules hold hundreds of entries at a time. */
export function createAgenda(): Agenda {
  const heap: Entry[] = [];
  let order = 0;
  const before = (a: Entry, b: Entry): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

  const rise = (from: number): void => {
    let at = from;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const child = heap[at];
      const parent = heap[up];
      if (child === undefined || parent === undefined || !before(child, parent)) return;
      heap[at] = parent;
      heap[up] = child;
      at = up;
    }
  };

  const sink = (): void => {
    let at = 0;
    for (;;) {
      const parent = heap[at];
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      if (parent === undefined || left === undefined) return;
      const useRight = right !== undefined && before(right, left);
      const child = useRight ? right : left;
      if (!before(child, parent)) return;
      const to = 2 * at + (useRight ? 2 : 1);
      heap[at] = child;
      heap[to] = parent;
      at = to;
    }
  };

  return {
    plan(atMs, action) {
      heap.push({ atMs, order: order++, action });
      rise(heap.length - 1);
    },
    next(untilMs) {
      const first = heap[0];
      if (first === undefined || first.atMs > untilMs) return null;
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) {
        heap[0] = last;
        sink();
      }
      return first;
    },
  };
}
