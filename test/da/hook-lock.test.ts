import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withHookLock } from "../../src/opc/da/hook/hook-lock.ts";

describe("the lock on the registry's journal", () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "understudy-lock-"));
    file = join(directory, "da-hook", "lock");
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("lets one after the other work, and the next one after a failure", async () => {
    const order: string[] = [];
    let second: Promise<void> = Promise.resolve();
    const first = withHookLock(directory, async () => {
      second = withHookLock(directory, async () => {
        order.push("second");
      });
      await readFile(file);
      order.push("first");
      throw new Error("failed");
    });
    await assert.rejects(first, /failed/);
    await second;
    assert.deepEqual(order, ["first", "second"]);
    assert.ok(!existsSync(file));
  });

  it("does not wait for a process that has ended, but for one that lives, and says for which", async () => {
    const gone = spawn(process.execPath, ["-e", ""]);
    await once(gone, "exit");
    await withHookLock(directory, async () => undefined);
    await writeFile(file, String(gone.pid));
    assert.equal(await withHookLock(directory, async () => "done"), "done");
    await writeFile(file, String(process.pid));
    await assert.rejects(
      withHookLock(directory, async () => undefined, 100),
      (error: Error & { code?: string }) =>
        error.code === "DA_HOOK_BUSY" && error.message.includes(String(process.pid)),
    );
  });
});
