/** Hands items from a producer that calls to a consumer that iterates. One consumer. */
export interface ItemQueue<T> extends AsyncIterable<T> {
  /** Items that wait for the consumer. */
  readonly size: number;
  push(item: T): void;
  /** No more items; the consumer still gets those that wait. */
  end(): void;
  /** As `end`, and the consumer's loop then throws. */
  fail(error: unknown): void;
}

/** `onEmpty` is called each time the consumer has taken all there was. */
export function createItemQueue<T>(onEmpty: () => void): ItemQueue<T> {
  let items: T[] = [];
  let outcome: { readonly error: unknown; readonly failed: boolean } | null = null;
  let wake: (() => void) | null = null;

  function settle(result: { readonly error: unknown; readonly failed: boolean }): void {
    outcome ??= result;
    wake?.();
  }

  return {
    get size() {
      return items.length;
    },
    push(item) {
      if (outcome !== null) return;
      items.push(item);
      wake?.();
    },
    end: () => settle({ error: null, failed: false }),
    fail: (error) => settle({ error, failed: true }),
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const taken = items;
        items = [];
        yield* taken;
        if (items.length > 0) continue;
        if (outcome !== null) {
          if (outcome.failed) throw outcome.error;
          return;
        }
        onEmpty();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = null;
      }
    },
  };
}
