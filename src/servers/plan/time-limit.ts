import { UnderstudyError } from "../../core/error.ts";

/** Time for a step to end after it was told to, in ms; then it is left behind. */
const graceMs = 3000;

/**
 * The result of `work`, which is told to end after `limitMs` or when `outer` is aborted, and is not waited for
 * much longer, whatever it does.
 * @throws UnderstudyError STEP_TIMEOUT, or what `work` rejected with
 */
export async function inTime<T>(
  name: string,
  limitMs: number,
  outer: AbortSignal | null,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const end = (): void => abort.abort();
  if (outer?.aborted) end();
  outer?.addEventListener("abort", end, { once: true });
  const late = new Promise<never>((_resolve, reject) => {
    const tooLate = (): void => reject(timeout(name, limitMs));
    timers.push(setTimeout(end, limitMs));
    timers.push(setTimeout(tooLate, limitMs + graceMs));
    abort.signal.addEventListener("abort", () => timers.push(setTimeout(tooLate, graceMs)), { once: true });
  });
  try {
    return await Promise.race([work(abort.signal), late]);
  } catch (error) {
    // A program that was ended for the step's sake did not fail by itself.
    if (abort.signal.aborted && outer?.aborted !== true) throw timeout(name, limitMs, error);
    throw error;
  } finally {
    for (const timer of timers) clearTimeout(timer);
    outer?.removeEventListener("abort", end);
  }
}

function timeout(name: string, limitMs: number, cause?: unknown): UnderstudyError {
  const detail = cause instanceof Error ? ` (${cause.message})` : "";
  return new UnderstudyError("STEP_TIMEOUT", `${name} was not done within ${limitMs} ms${detail}`, { cause });
}
