import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const module = new URL("../../../src/servers/replication/database/daily.js", import.meta.url).href;

/** What the next time is where a time zone is in force; a process has only one. */
function nextIn(zone: string, timeOfDay: string, now: string): string {
  const script = `import(${JSON.stringify(module)}).then(({ nextDailyMs }) =>
    console.log(new Date(nextDailyMs(${JSON.stringify(timeOfDay)}, Date.parse(${JSON.stringify(now)}))).toISOString()))`;
  return execFileSync(process.execPath, ["-e", script], {
    encoding: "utf8",
    env: { ...process.env, TZ: zone },
    cwd: fileURLToPath(new URL(".", import.meta.url)),
  }).trim();
}

describe("the time of the daily replication", () => {
  it("is today's if that is still to come, else tomorrow's", () => {
    assert.equal(nextIn("UTC", "02:30", "2026-03-01T01:00:00Z"), "2026-03-01T02:30:00.000Z");
    assert.equal(nextIn("UTC", "02:30", "2026-03-01T02:30:00Z"), "2026-03-02T02:30:00.000Z");
    assert.equal(nextIn("UTC", "02:30", "2026-12-31T23:00:00Z"), "2027-01-01T02:30:00.000Z");
  });

  it("is the time on the wall, in summer and in winter", () => {
    assert.equal(nextIn("Europe/Berlin", "12:00", "2026-01-15T00:00:00Z"), "2026-01-15T11:00:00.000Z");
    assert.equal(nextIn("Europe/Berlin", "12:00", "2026-07-15T00:00:00Z"), "2026-07-15T10:00:00.000Z");
  });

  it("comes once on the days that leave an hour out or have one twice", () => {
    // 02:30 does not exist on 29 March; on 25 October it comes twice
    assert.equal(nextIn("Europe/Berlin", "02:30", "2026-03-29T00:00:00Z"), "2026-03-29T01:30:00.000Z");
    const first = nextIn("Europe/Berlin", "02:30", "2026-10-25T00:00:00Z");
    assert.equal(first, "2026-10-25T00:30:00.000Z");
    assert.equal(nextIn("Europe/Berlin", "02:30", first), "2026-10-26T01:30:00.000Z");
  });
});
