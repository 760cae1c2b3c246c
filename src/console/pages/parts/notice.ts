import { Store } from "../store.ts";

export interface Notice {
  readonly id: number;
  readonly kind: "done" | "error";
  readonly text: string;
}

export const notices = new Store<readonly Notice[]>([]);
/** A notice that something was done goes by itself after so many ms; errors stay until they are put away. */
const shownMs = 5000;
let lastId = 0;

/** Says something at the edge of the page. */
export function notify(kind: Notice["kind"], text: string): void {
  const notice = { id: ++lastId, kind, text };
  notices.set([...notices.value, notice].slice(-5));
  if (kind === "done") setTimeout(() => dismiss(notice.id), shownMs);
}

export function dismiss(id: number): void {
  notices.set(notices.value.filter((notice) => notice.id !== id));
}
