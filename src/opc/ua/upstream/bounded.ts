import { abortedError, openTimeoutError } from "./channel.ts";

/**
 * Waits for work that is shared with others no longer than this caller may.
 * @throws ServiceError CONNECT_TIMEOUT or CONNECT_ABORTED; the work itself goes on.
 */
export function bounded<T>(
  shared: Promise<T>,
  endpointUrl: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const onAbort = (): void => {
      end();
      reject(abortedError(endpointUrl));
    };
    const timer = setTimeout(() => {
      end();
      reject(openTimeoutError(endpointUrl, timeoutMs));
    }, timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    shared.then(resolve, reject).finally(end);
  });
}
