import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createJournal } from "../../src/diagnostics/journal.ts";
import { type DiskJournal, type DiskTrouble, keepOnDisk } from "../../src/diagnostics/journal-disk.ts";
import { anEvent } from "./helpers.ts";

/** Size of the disk, in bytes. */
const diskBytes = 512 * 1024;

describe("the journal on a disk that is full", function () {
  this.timeout(30_000);
  let disk: string;
  let troubles: DiskTrouble[];
  let opened: DiskJournal[] = [];

  before(function () {
    disk = mkdtempSync(join(tmpdir(), "understudy-full-"));
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${diskBytes}`, "tmpfs", disk]);
    if (status !== 0) {
      rmSync(disk, { recursive: true });
      console.log("      skipped: no disk can be mounted here");
      this.skip();
    }
  });
  after(() => {
    spawnSync("umount", [disk]);
    rmSync(disk, { recursive: true, force: true });
  });
  beforeEach(() => {
    troubles = [];
  });
  afterEach(async () => {
    for (const each of opened) await each.close([]).catch(() => undefined);
    opened = [];
  });

  async function open(): Promise<DiskJournal> {
    const journal = keepOnDisk({
      journal: createJournal({ maximumEvents: 1000, pairs: {} }),
      stateDirectory: join(disk, "state"),
      onTrouble: (trouble) => troubles.push(trouble),
    });
    opened.push(journal);
    await journal.restore();
    return journal;
  }

  const ids = (of: DiskJournal): number[] => of.journal.query().map(({ id }) => id);

  it("loses nothing acknowledged, says once that it is full, and has everything when there is room again", async () => {
    const first = await open();
    for (let count = 0; count < 20; count++) first.journal.append(anEvent());
    await first.commit();
    assert.equal(first.acknowledgedId(), 20);
    const filler = join(disk, "filler");
    assert.throws(() => writeFileSync(filler, Buffer.alloc(diskBytes)), { code: "ENOSPC" });
    // some room is left within the last page of the file
    while (troubles.length === 0) {
      first.journal.append(anEvent());
      await first.commit();
    }
    const before = first.acknowledgedId();
    for (let count = 0; count < 5; count++) {
      first.journal.append(anEvent());
      await first.commit();
    }
    assert.deepEqual(
      troubles.map(({ kind }) => kind),
      ["failed"],
    );
    assert.match(troubles[0]?.kind === "failed" ? troubles[0].detail : "", /ENOSPC|no space/i);
    const inMemory = ids(first);
    assert.equal(first.acknowledgedId(), before, "nothing counts as kept that is not");

    // room again, and an end at the worst moment: behind a line that was written in part
    rmSync(filler);
    first.journal.append(anEvent());
    await first.commit();
    const afterKill = await open();
    for (let id = 1; id <= first.acknowledgedId(); id++) assert.ok(ids(afterKill).includes(id), `${id}`);

    first.journal.clear("nobody");
    await first.commit();
    assert.equal(troubles.at(-1)?.kind, "recovered");
    assert.equal(first.acknowledgedId(), (inMemory.at(-1) ?? 0) + 1);
    assert.deepEqual(ids(await open()), ids(first));
  });
});
