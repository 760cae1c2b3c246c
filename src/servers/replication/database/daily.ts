/**
 * The next time the clock on the wall shows `HH:MM` here, in ms since 1970, later than `nowMs`. A time that a
 * change to summer time leaves out is taken as the hour after; one that comes twice is used once.
 */
export function nextDailyMs(timeOfDay: string, nowMs: number): number {
  const [hours = 0, minutes = 0] = timeOfDay.split(":").map(Number);
  const now = new Date(nowMs);
  for (let day = 0; ; day++) {
    const at = new Date(now.getFullYear(), now.getMonth(), now.getDate() + day, hours, minutes).getTime();
    if (at > nowMs) return at;
  }
}
