import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createJournal } from "../../src/diagnostics/journal.ts";
import { keepOnDisk } from "../../src/diagnostics/journal-disk.ts";

const child = fileURLToPath(new URL("support/journal-child.js", import.meta.url));
const rounds = 8;

describe("the journal of a process that is killed again and again", function () {
  this.timeout(120_000);
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "understudy-journal-kill-"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** Runs it for a while after its first acknowledged event; the last id it said to be acknowledged. */
  async function runAndKill(forMs: number, maximum: number): Promise<number> {
    const process_ = spawn(process.execPath, [child, directory, String(maximum)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let acknowledged = 0;
    let hasBegun = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      hasBegun = resolve;
    });
    createInterface({ input: process_.stdout }).on("line", (line) => {
      const [kind, id] = line.split(" ");
      if (kind !== "acknowledged") return;
      acknowledged = Number(id);
      hasBegun();
    });
    const ended = once(process_, "close");
    await Promise.race([begun, ended]);
    await delay(forMs);
    process_.kill("SIGKILL");
    await ended;
    return acknowledged;
  }

  async function idsOnDisk(maximum: number): Promise<readonly number[]> {
    const { journal, restore, close } = keepOnDisk({
      journal: createJournal({ maximumEvents: maximum, pairs: {} }),
      stateDirectory: directory,
      onTrouble: () => undefined,
    });
    await restore();
    const events = journal.query();
    await close(events);
    return events.map(({ id }) => id);
  }

  it("has every event that was acknowledged, once and in order, and numbers the next one on", async () => {
    let last = 0;
    for (let round = 0; round < rounds; round++) {
      // from within the first group to after a fold of the tail
      const acknowledged = await runAndKill(37 * round, 100_000);
      assert.ok(acknowledged > last, `round ${round}: ${acknowledged} after ${last}`);
      const ids = await idsOnDisk(100_000);
      assert.deepEqual(
        ids,
        ids.map((_, index) => (ids[0] ?? 0) + index),
        "without a gap or a double",
      );
      assert.equal(ids[0], 1);
      assert.ok((ids.at(-1) ?? 0) >= acknowledged, `${ids.at(-1)} of ${acknowledged}`);
      last = ids.at(-1) ?? 0;
    }
  });

  it("keeps to its bound, the oldest dropped first", async () => {
    for (let round = 0; round < 3; round++) {
      const acknowledged = await runAndKill(150, 1000);
      const ids = await idsOnDisk(1000);
      assert.ok(ids.length <= 1000);
      assert.ok((ids.at(-1) ?? 0) >= acknowledged);
      assert.equal((ids.at(-1) ?? 0) - (ids[0] ?? 0), ids.length - 1);
    }
  });
});
