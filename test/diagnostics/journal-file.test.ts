import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createJournal } from "../../src/diagnostics/journal.ts";
import { loadJournal, saveJournal } from "../../src/diagnostics/journal-file.ts";
import { anEvent } from "./helpers.ts";

describe("events kept on disk over a restart", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "understudy-journal-"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it("come back as they were, and nothing else is left in the directory", async () => {
    const journal = createJournal();
    journal.append(anEvent());
    journal.append(anEvent({ severity: "error", code: "connectFailed" }));
    const path = join(directory, "events.jsonl");
    await saveJournal(path, journal.query());
    assert.deepEqual(await loadJournal(path), journal.query());
    assert.deepEqual(readdirSync(directory), ["events.jsonl"]);
  });

  it("survive a damaged line and a missing file", async () => {
    const path = join(directory, "events.jsonl");
    assert.deepEqual(await loadJournal(path), []);
    await saveJournal(path, [{ id: 1, ...anEvent() }]);
    appendFileSync(path, '{"id":2,"time":\n{"id":"x"}\nnull\n');
    assert.deepEqual(
      (await loadJournal(path)).map((event) => event.id),
      [1],
    );
  });

  it("are refused with a clear error where they cannot be saved", async () => {
    await assert.rejects(saveJournal(join(directory, "no\0file"), []), { code: "JOURNAL_NOT_SAVED" });
  });
});
