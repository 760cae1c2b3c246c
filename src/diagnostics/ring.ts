/** First in, first out, with a limit: the oldest makes room for the newest. All steps in constant time. */
export interface Ring<T> {
  readonly size: number;
  /** Appends; returns the item that had to go, if one had to. */
  push(item: T): T | undefined;
  /** Takes the oldest. */
  shift(): T | undefined;
  /** From the oldest to the newest. */
  toArray(): T[];
  /** Sets the limit (at least 1); where it shrinks, the oldest go. */
  resize(limit: number): void;
  clear(): void;
}

export function createRing<T>(initialLimit: number): Ring<T> {
  let limit = checked(initialLimit);
  // Grows up to `limit`, then turns into a circle whose oldest item is at `head`.
  let items: (T | undefined)[] = [];
  let head = 0;
  let size = 0;

  function toArray(): T[] {
    const inOrder =
      head + size <= items.length
        ? items.slice(head, head + size)
        : [...items.slice(head), ...items.slice(0, head + size - items.length)];
    return inOrder as T[];
  }

  function shift(): T | undefined {
    if (size === 0) return undefined;
    const item = items[head];
    // The freed place must not keep the item alive.
    items[head] = undefined;
    head = (head + 1) % items.length;
    size--;
    if (size === 0) {
      items = [];
      head = 0;
    }
    return item;
  }

  return {
    get size() {
      return size;
    },
    push(item) {
      const dropped = size === limit ? shift() : undefined;
      if (size === items.length && items.length < limit) {
        if (head !== 0) {
          items = toArray();
          head = 0;
        }
        items.push(item);
      } else {
        items[(head + size) % items.length] = item;
      }
      size++;
      return dropped;
    },
    shift,
    toArray,
    resize(newLimit) {
      limit = checked(newLimit);
      items = toArray().slice(-limit);
      head = 0;
      size = items.length;
    },
    clear() {
      items = [];
      head = 0;
      size = 0;
    },
  };
}

function checked(limit: number): number {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`ring limit ${limit} is not 1 or more`);
  return limit;
}
