import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api.ts";
import { notify } from "./notice.ts";

/** What a view is doing for its user. */
export interface Task {
  readonly isBusy: boolean;
  /** What is being done and since when (ms since 1970); null = nothing. */
  readonly current: { readonly label: string; readonly sinceMs: number } | null;
  /**
   * Does one thing at a time; what fails is told. The signal is aborted by `cancel`, and when the view goes: the
   * broker then ends what it does for the request.
   */
  readonly run: (label: string, work: (signal: AbortSignal) => Promise<void>) => void;
  readonly cancel: () => void;
}

export function useTask(): Task {
  const [current, setCurrent] = useState<Task["current"]>(null);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const run: Task["run"] = (label, work) => {
    if (abort.current !== null) return;
    const controller = new AbortController();
    abort.current = controller;
    setCurrent({ label, sinceMs: Date.now() });
    work(controller.signal)
      .catch((error: unknown) => {
        if (!isQuiet(error)) notify("error", messageOf(error));
      })
      .finally(() => {
        abort.current = null;
        setCurrent(null);
      });
  };
  return { isBusy: current !== null, current, run, cancel: () => abort.current?.abort() };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The user knows already: a login was given up, or the work was cancelled. */
function isQuiet(error: unknown): boolean {
  return error instanceof ApiError && (error.code === "CONSOLE_LOGIN_NEEDED" || error.code === "CANCELLED");
}
