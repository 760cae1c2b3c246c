import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createJournal } from "../../src/diagnostics/journal.ts";
import { type DiskJournal, type DiskTrouble, keepOnDisk } from "../../src/diagnostics/journal-disk.ts";
import { anEvent } from "./helpers.ts";

describe("the journal on disk", () => {
  let directory: string;
  let troubles: DiskTrouble[];
  let opened: DiskJournal[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "understudy-journal-"));
    troubles = [];
    opened = [];
  });
  afterEach(async () => {
    for (const disk of opened) await disk.close([]).catch(() => undefined);
    rmSync(directory, { recursive: true, force: true });
  });

  async function open(maximumEvents = 1000): Promise<DiskJournal> {
    const disk = keepOnDisk({
      journal: createJournal({ maximumEvents, pairs: {} }),
      stateDirectory: directory,
      onTrouble: (trouble) => troubles.push(trouble),
    });
    opened.push(disk);
    await disk.restore();
    return disk;
  }

  const ids = (disk: DiskJournal): number[] => disk.journal.query().map(({ id }) => id);

  it("has every acknowledged event after a run that did not end in order, and counts on", async () => {
    const first = await open();
    for (let count = 0; count < 50; count++) first.journal.append(anEvent());
    await first.commit();
    assert.equal(first.acknowledgedId(), 50);
    first.journal.append(anEvent());
    // no close: the process is gone
    const second = await open();
    assert.deepEqual(
      ids(second),
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    assert.equal(second.journal.append(anEvent()).id, 51);
  });

  it("takes a torn last line and other damage for no event", async () => {
    const first = await open();
    first.journal.append(anEvent());
    first.journal.append(anEvent());
    await first.commit();
    const tail = join(directory, "events-tail.jsonl");
    writeFileSync(tail, readFileSync(tail, "utf8").slice(0, -20));
    appendFileSync(tail, "\n\0\0{}\nnonsense\n");
    const second = await open();
    assert.deepEqual(ids(second), [1]);
    second.journal.append(anEvent());
    await second.commit();
    assert.deepEqual(ids(await open()), [1, 2]);
  });

  it("keeps only what is to be preserved over an orderly stop", async () => {
    const first = await open();
    first.journal.append(anEvent({ pair: "Kept" }));
    first.journal.append(anEvent({ pair: "Gone" }));
    await first.close(first.journal.query({ pair: "Kept" }));
    const second = await open();
    assert.deepEqual(ids(second), [1]);
    await second.close([]);
    assert.equal(existsSync(join(directory, "events.jsonl")), false);
    assert.equal(existsSync(join(directory, "events-tail.jsonl")), false);
  });

  it("does not write everything again at a start after an orderly stop, and loses nothing of what follows", async () => {
    const first = await open();
    first.journal.append(anEvent());
    await first.close(first.journal.query());
    const base = join(directory, "events.jsonl");
    const { ino } = statSync(base);
    const second = await open();
    assert.equal(statSync(base).ino, ino);
    assert.equal(second.acknowledgedId(), 1);
    second.journal.append(anEvent());
    await second.commit();
    // no close: the process is gone
    assert.deepEqual(ids(await open()), [1, 2]);
  });

  it("does not grow without end, and drops the oldest", async () => {
    const disk = await open(1000);
    for (let count = 0; count < 12_000; count++) {
      disk.journal.append(anEvent());
      if (count % 500 === 0) await disk.commit();
    }
    await disk.commit();
    await disk.commit();
    const lines = (name: string) => readFileSync(join(directory, name), "utf8").split("\n").length - 1;
    assert.ok(lines("events.jsonl") <= 1000);
    assert.ok(lines("events-tail.jsonl") <= 5500, `${lines("events-tail.jsonl")}`);
    assert.equal(ids(await open(1000))[0], 11_001);
  });

  it("forgets all, or one pair, for good", async () => {
    const disk = await open();
    disk.journal.append(anEvent({ pair: "One" }));
    disk.journal.append(anEvent({ pair: "Two" }));
    await disk.commit();
    disk.journal.clear("one");
    await disk.commit();
    assert.deepEqual(ids(await open()), [2]);
  });

  it("says once that the disk fails, goes on in memory, and mends all of it when the disk is back", async () => {
    const blocked = mkdtempSync(join(directory, "blocked-"));
    const disk = keepOnDisk({
      journal: createJournal({ maximumEvents: 1000, pairs: {} }),
      stateDirectory: join(blocked, "not", "a", "folder"),
      onTrouble: (trouble) => troubles.push(trouble),
    });
    writeFileSync(join(blocked, "not"), "a file where a folder should be");
    await disk.restore();
    disk.journal.append(anEvent());
    await disk.commit();
    disk.journal.append(anEvent());
    await disk.commit();
    assert.deepEqual(
      troubles.map(({ kind }) => kind),
      ["failed"],
    );
    assert.equal(disk.journal.query().length, 2);
    rmSync(join(blocked, "not"));
    disk.journal.clear("nobody");
    await disk.commit();
    assert.deepEqual(
      troubles.map(({ kind }) => kind),
      ["failed", "recovered"],
    );
    await disk.close([]);
  });
});
