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

export function countText(count: number): string {
  return count.toLocaleString("en").replaceAll(",", "\u202f");
}
