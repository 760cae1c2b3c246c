import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { UnderstudyError } from "../../../src/core/error.ts";
import { systemClock } from "../../../src/opc/clock.ts";
import { type CopyResult, copyFiles } from "../../../src/servers/replication/files/copy.ts";
import { FileReplicator } from "../../../src/servers/replication/files/file-replicator.ts";
import type { FileReplicationSettings } from "../../../src/servers/replication/files/settings.ts";
import type { ReplicationReport } from "../../../src/servers/replication/replication-report.ts";
import type { ReplicationDirection } from "../../../src/servers/seams.ts";
import { missingForFiles, TestSshd } from "./support/sshd.ts";
import { readTree, writeTree } from "./support/tree.ts";

const missing = missingForFiles();

describe("file replication over SSH", function () {
  this.timeout(60_000);
  let sshd: TestSshd;
  let folder: string;
  let settings: FileReplicationSettings;

  before(async function () {
    if (missing !== null) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    sshd = await TestSshd.start();
  });
  after(async () => {
    await sshd?.stop();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "understudy-files-"));
    settings = {
      source: join(folder, "live data"),
      destination: join(folder, "copy"),
      ssh: sshd.place,
      include: [],
      checksum: false,
      orphans: "keep",
      bandwidthLimit: 0,
      compress: false,
      rescanInterval: 60_000,
    };
    mkdirSync(settings.source);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function copy(
    changes: Partial<FileReplicationSettings> = {},
    direction: ReplicationDirection = "fromLive",
    signal?: AbortSignal,
  ): Promise<CopyResult> {
    const options = { direction, orphanFolder: "now", beganMs: Date.now(), ...(signal ? { signal } : {}) };
    return copyFiles({ ...settings, ...changes }, options);
  }

  it("copies everything, then only differences", async () => {
    writeTree(settings.source, { "a.txt": "1", "deep/er/b.txt": "2", "name with blanks.txt": "3" });
    assert.equal((await copy()).transferredFiles, 3);
    assert.deepEqual(readTree(settings.destination), readTree(settings.source));
    assert.equal((await copy()).transferredFiles, 0);
    writeTree(settings.source, { "deep/er/b.txt": "changed" });
    assert.equal((await copy()).transferredFiles, 1);
    assert.deepEqual(readTree(settings.destination), readTree(settings.source));
  });

  it("copies what the rules include and nothing else", async () => {
    writeTree(settings.source, {
      "Extn/1/hello.wav": "w",
      "Extn/1/hello.txt": "t",
      "Custom/own.vox": "v",
      "Custom/below/own.vox": "v",
      "Mail/any/thing": "m",
      "Music/a.mp3": "p",
      "Music/below/b.mp3": "p",
      "other/x.wav": "x",
      "top.wav": "x",
    });
    await copy({
      include: [
        { subdirectory: "Extn/", patterns: ["*.wav", "*.vox"], recursive: true },
        { subdirectory: "Custom", patterns: ["*.vox"], recursive: false },
        { subdirectory: "Mail", patterns: ["*.*"], recursive: true },
        { subdirectory: "Music", patterns: ["*"], recursive: false },
      ],
    });
    assert.deepEqual(Object.keys(readTree(settings.destination)), [
      "Custom/own.vox",
      "Extn/1/hello.wav",
      "Mail/any/thing",
      "Music/a.mp3",
    ]);
  });

  it("keeps, moves or deletes what the original has no more, and touches nothing outside of the rules", async () => {
    const include = [{ subdirectory: "", patterns: ["*.txt"], recursive: true }];
    writeTree(settings.source, { "a.txt": "a", "b.txt": "b" });
    await copy({ include });
    writeTree(settings.destination, { "own.log": "not replicated" });
    writeTree(settings.source, { "b.txt": null, "a.txt": "changed" });

    assert.equal((await copy({ include, orphans: "keep" })).orphans, 0);
    assert.deepEqual(Object.keys(readTree(settings.destination)), ["a.txt", "b.txt", "own.log"]);

    assert.equal((await copy({ include, orphans: "move" })).orphans, 1);
    assert.deepEqual(readTree(settings.destination), { "a.txt": "changed", "own.log": "not replicated" });
    assert.deepEqual(readTree(join(settings.destination, ".understudy/orphans/now")), { "b.txt": "b" });

    writeTree(settings.destination, { "late.txt": "x" });
    assert.equal((await copy({ include, orphans: "delete" })).orphans, 1);
    assert.deepEqual(Object.keys(readTree(settings.destination)), ["a.txt", "own.log"]);
  });

  it("removes nothing where the original is suddenly empty", async () => {
    const files = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`${index}.txt`, "x"]));
    writeTree(settings.source, files);
    await copy({ orphans: "delete" });
    rmSync(settings.source, { recursive: true });
    mkdirSync(settings.source);
    const result = await copy({ orphans: "delete" });
    assert.equal(result.orphansHeldBack, true);
    assert.equal(Object.keys(readTree(settings.destination)).length, 30);
  });

  it("sees a change that neither size nor time tells, with checksums", async () => {
    const sameTime = new Date(2026, 0, 1);
    const { utimesSync } = await import("node:fs");
    writeTree(settings.source, { "a.txt": "old" });
    utimesSync(join(settings.source, "a.txt"), sameTime, sameTime);
    await copy();
    writeTree(settings.source, { "a.txt": "new" });
    utimesSync(join(settings.source, "a.txt"), sameTime, sameTime);
    await copy();
    assert.equal(readTree(settings.destination)["a.txt"], "old");
    await copy({ checksum: true });
    assert.equal(readTree(settings.destination)["a.txt"], "new");
  });

  it("copies back to the live server", async () => {
    writeTree(settings.destination, { "made at the stand-in.txt": "x" });
    await copy({}, "toLive");
    assert.deepEqual(readTree(settings.source), { "made at the stand-in.txt": "x" });
  });

  it("goes on after a break with what it has, and shows no half file meanwhile", async () => {
    const content = randomBytes(12 * 1024 * 1024);
    writeFileSync(join(settings.source, "big"), content);
    const cancel = new AbortController();
    const broken = copyFiles(
      { ...settings, bandwidthLimit: 1024 },
      {
        direction: "fromLive",
        orphanFolder: "now",
        beganMs: Date.now(),
        signal: cancel.signal,
        onProgress: ({ bytes }) => {
          if (bytes > 512 * 1024) cancel.abort();
        },
      },
    );
    await assert.rejects(broken, { code: "CANCELLED" });
    assert.equal(existsSync(join(settings.destination, "big")), false);
    assert.ok(readdirSync(join(settings.destination, ".understudy-partial")).includes("big"));
    const result = await copy();
    assert.ok(result.literalBytes < content.length, `${result.literalBytes} bytes travelled`);
    assert.equal((await copy({ checksum: true })).transferredFiles, 0);
  });

  it("says what stands in the way", async () => {
    const place = sshd.place;
    const codeOf = (changes: Partial<FileReplicationSettings>) =>
      copy(changes).then(
        () => "none",
        (error: UnderstudyError) => error.code,
      );
    const other = join(folder, "other-key");
    const { execFileSync } = await import("node:child_process");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", other]);
    writeFileSync(join(folder, "none"), "");
    assert.equal(await codeOf({ ssh: { ...place, identityFile: other } }), "REPLICATION_LOGIN_REFUSED");
    assert.equal(
      await codeOf({ ssh: { ...place, knownHostsFile: join(folder, "none") } }),
      "REPLICATION_HOST_UNKNOWN",
    );
    assert.equal(await codeOf({ ssh: { ...place, port: 1 } }), "REPLICATION_UNREACHABLE");
    assert.equal(await codeOf({ source: join(folder, "nowhere") }), "REPLICATION_INCOMPLETE");
  });

  describe("continuously", () => {
    let replicator: FileReplicator;
    let told: string[];
    let tell: () => void;

    function start(changes: Partial<FileReplicationSettings> = {}): void {
      told = [];
      tell = () => undefined;
      const add = (what: string): void => {
        told.push(what);
        tell();
      };
      const report: ReplicationReport = {
        complete: () => add("recovered"),
        failed: (error) => add(error.code),
        noticed: (detail) => add(detail),
      };
      replicator = new FileReplicator({ ...settings, ...changes }, systemClock, report);
      replicator.start();
    }
    afterEach(() => replicator?.stop());

    async function until(condition: () => boolean): Promise<void> {
      const deadlineMs = performance.now() + 30_000;
      while (!condition()) {
        assert.ok(
          performance.now() < deadlineMs,
          `told: ${told.join(", ")}; ${JSON.stringify(replicator.status())}`,
        );
        await new Promise<void>((resolve) => {
          tell = resolve;
          setTimeout(resolve, 50);
        });
      }
    }

    it("copies what changes, by scanning alone if need be", async () => {
      writeTree(settings.source, { "a.txt": "1" });
      start({ rescanInterval: 300 });
      await until(() => told.includes("recovered"));
      writeTree(settings.source, { "b.txt": "2" });
      await until(() => existsSync(join(settings.destination, "b.txt")));
      assert.ok((replicator.status().completeUntilMs ?? 0) > 0);
      assert.deepEqual(told, ["recovered"]);
    });

    it("copies at once where a watcher at the live server tells of a change", async function () {
      start();
      await until(() => replicator.watch !== "starting" && told.length > 0);
      if (replicator.watch === "absent") {
        console.log("      skipped: inotifywait missing");
        this.skip();
      }
      // the next scan is a minute away
      writeTree(settings.source, { "hinted.txt": "x" });
      await until(() => existsSync(join(settings.destination, "hinted.txt")));
    });

    it("says once that the server cannot be reached, and copies the differences when it is back", async () => {
      writeTree(settings.source, { "a.txt": "1" });
      start({ rescanInterval: 200 });
      await until(() => told.includes("recovered"));
      await sshd.down();
      await until(() => told.includes("REPLICATION_UNREACHABLE"));
      writeTree(settings.source, { "b.txt": "2" });
      await sshd.up();
      await until(() => existsSync(join(settings.destination, "b.txt")));
      await until(() => told.length === 3);
      assert.deepEqual(told, ["recovered", "REPLICATION_UNREACHABLE", "recovered"]);
    });

    it("refuses to copy in the other direction meanwhile", async () => {
      mkdirSync(settings.destination);
      start();
      const signal = new AbortController().signal;
      await assert.rejects(
        replicator.runOnce("toLive", () => undefined, signal),
        { code: "REPLICATION_RUNNING" },
      );
      await replicator.stop();
      await replicator.runOnce("toLive", () => undefined, signal);
    });
  });
});
