/** Local date and time to the ms, as the events have it. */
export function timeText(iso: string | number): string {
  const date = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, "0");
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`
  );
}

export function pingText(pingMs: number | null): string {
  if (pingMs === null) return "–";
  return pingMs < 10 ? `${pingMs.toFixed(1)} ms` : `${Math.round(pingMs)} ms`;
}

/** E.g. `28 s`, `19 min 17 s`. */
export function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** E.g. `1 client`, `3 clients`. */
export function counted(count: number, what: string): string {
  return `${countText(count)} ${what}${count === 1 ? "" : "s"}`;
}

export function countText(count: number): string {
  return count.toLocaleString("en").replaceAll(",", "\u202f");
}
