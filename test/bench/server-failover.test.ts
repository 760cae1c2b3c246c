import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { whyNoDatabases } from "../../tools/bench/servers/database-lab.ts";

const main = fileURLToPath(new URL("../../tools/bench/main.js", import.meta.url));

describe("The bench of server failover", () => {
  it("measures what it is asked for, leaves the rest null, and leaves nothing behind", async function () {
    this.timeout(120_000);
    const reason = await whyNoDatabases();
    if (reason !== null) {
      console.log(`      skipped: ${reason}`);
      this.skip();
    }
    const directory = mkdtempSync(join(tmpdir(), "understudy-test-"));
    chmodSync(directory, 0o711);
    try {
      const args = [
        "server-failover",
        "--json",
        "--quiet",
        "--measures",
        "commit-visible",
        "--commits",
        "20",
      ];
      const { stdout } = await promisify(execFile)(process.execPath, [main, ...args], {
        env: { ...process.env, TMPDIR: directory },
      });
      const report = JSON.parse(stdout) as Readonly<Record<string, number | null>>;
      assert.ok((report["commitVisibleMedianMs"] ?? 0) > 0);
      assert.equal(report["deltaSeconds"], null);
      assert.equal(report["acknowledgedLost"], null);
      assert.deepEqual(readdirSync(directory), []);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it("says which measures there are", async () => {
    const asked = promisify(execFile)(process.execPath, [main, "server-failover", "--measures", "all"]);
    await assert.rejects(asked, /--measures knows takeover, file-delta, commit-visible, acknowledged-lost/);
  });
});
