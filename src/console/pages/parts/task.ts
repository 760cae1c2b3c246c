import { useState } from "preact/hooks";
import { ApiError } from "../api.ts";
import { Store } from "../store.ts";

export interface Notice {
  readonly id: number;
  readonly kind: "done" | "error";
  readonly text: string;
}

export const notices = new Store<readonly Notice[]>([]);
let lastId = 0;

/** Says something at the edge of the page for a while; errors stay until they are put away. */
export function notify(kind: Notice["kind"], text: string): void {
  const notice = { id: ++lastId, kind, text };
  notices.set([...notices.value, notice].slice(-5));
  if (kind === "done") setTimeout(() => dismiss(notice.id), 5000);
}

export function dismiss(id: number): void {
  notices.set(notices.value.filter((notice) => notice.id !== id));
}

export function messageOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  return error instanceof Error ? error.message : String(error);
}

/** Runs one thing at a time for a view and tells whether it is under way; what fails is told. */
export function useTask(): readonly [boolean, (work: () => Promise<void>) => void] {
  const [isBusy, setBusy] = useState(false);
  const run = (work: () => Promise<void>): void => {
    if (isBusy) return;
    setBusy(true);
    work()
      .catch((error: unknown) => {
        if (!(error instanceof ApiError && error.code === "CONSOLE_LOGIN_NEEDED"))
          notify("error", messageOf(error));
      })
      .finally(() => setBusy(false));
  };
  return [isBusy, run];
}
