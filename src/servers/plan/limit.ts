/** A signal with a time limit, to be ended by its owner. */
export interface Limit {
  readonly signal: AbortSignal;
  /** Frees the timer; the signal is not aborted by it. */
  end(): void;
}

/**
 * Aborted with `outer` or after `ms`. Not AbortSignal.any with AbortSignal.timeout: such a signal may be collected as
 * garbage before it is due (Node.js 20), and whoever waits for it waits for ever.
 */
export function limitOf(outer: AbortSignal | null, ms: number): Limit {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, ms);
  outer?.addEventListener("abort", abort, { once: true });
  if (outer?.aborted) abort();
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer);
      outer?.removeEventListener("abort", abort);
    },
  };
}
