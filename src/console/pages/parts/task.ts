import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api.ts";
import { notify } from "./notice.ts";

/** What a view is doing for its user. */
export interface Task {
  readonly isBusy: boolean;
  /** What is being done and since when (ms since 1970); null = nothing. */
  readonly current: { readonly label: string; readonly sinceMs: number } | null;
  /**
   * Does one thing at a time; what fails is told. The signal is aborted by `cancel`: the broker then ends what it does
   * for the request.
   */
  readonly run: (label: string, work: (signal: AbortSignal) => Promise<void>) => void;
  readonly cancel: () => void;
  /** Why the last thing failed; null = it did not, or it is told at the edge of the page. */
  readonly error: string | null;
  /** Whether something shows `error` (TaskProgress does): what is at the edge cannot be reached from a dialog. */
  readonly isTold: { current: boolean };
}

/**
 * `endsWithView`: what is being done is broken off when the view goes, as a question should be. A change is not: the view
 * of a pair goes because it is being removed.
 */
export function useTask(endsWithView = false): Task {
  const [current, setCurrent] = useState<Task["current"]>(null);
  const [error, setError] = useState<string | null>(null);
  const isTold = useRef(false);
  const abort = useRef<AbortController | null>(null);
  useEffect(
    () => () => {
      if (endsWithView) abort.current?.abort();
    },
    [endsWithView],
  );
  const run: Task["run"] = (label, work) => {
    if (abort.current !== null) return;
    const controller = new AbortController();
    abort.current = controller;
    setError(null);
    setCurrent({ label, sinceMs: Date.now() });
    work(controller.signal)
      .catch((failure: unknown) => {
        if (isQuiet(failure)) return;
        if (isTold.current) setError(messageOf(failure));
        else notify("error", messageOf(failure));
      })
      .finally(() => {
        abort.current = null;
        setCurrent(null);
      });
  };
  return { isBusy: current !== null, current, run, cancel: () => abort.current?.abort(), error, isTold };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The user knows already: a login was given up, or the work was cancelled. */
function isQuiet(error: unknown): boolean {
  return error instanceof ApiError && (error.code === "CONSOLE_LOGIN_NEEDED" || error.code === "CANCELLED");
}
