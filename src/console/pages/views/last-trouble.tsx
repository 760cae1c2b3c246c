import { events } from "../live.ts";
import { timeText } from "../parts/time.ts";
import { useStore } from "../store.ts";

/** The latest thing that went wrong with a pair or a server: what somebody woken at night wants to know first. */
export function LastTrouble({ name, href }: { readonly name: string; readonly href: string }) {
  const all = useStore(events);
  const last = all.findLast(({ pair, severity }) => pair === name && severity === "error");
  if (!last) return null;
  return (
    <p class="trouble">
      <time dateTime={last.time}>{timeText(last.time)}</time>
      <span>{last.message}</span>
      <a href={href}>All events</a>
    </p>
  );
}
