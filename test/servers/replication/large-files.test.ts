import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../src/opc/clock.ts";
import { FileReplicator } from "../../../src/servers/replication/files/file-replicator.ts";
import { largeFileBytes } from "../../../src/servers/replication/files/large-file-deltas.ts";
import type { FileReplicationSettings } from "../../../src/servers/replication/files/settings.ts";
import { missingForFiles, TestSshd } from "./support/sshd.ts";

const missing = missingForFiles();
const blockBytes = 64 * 1024;
/** Blocks that are changed, 1 MiB apart. */
const changed = Array.from({ length: 16 }, (_, index) => index * 16);

describe("differences of large files", function () {
  this.timeout(120_000);
  let sshd: TestSshd;
  let folder: string;
  let settings: FileReplicationSettings;
  let told: string[];
  let original: Buffer;

  before(async function () {
    if (missing !== null) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    sshd = await TestSshd.start();
    original = randomBytes(largeFileBytes);
  });
  after(async () => {
    await sshd?.stop();
  });
  beforeEach(async () => {
    told = [];
    folder = mkdtempSync(join(tmpdir(), "understudy-files-"));
    settings = {
      source: join(folder, "live"),
      destination: join(folder, "copy"),
      ssh: sshd.place,
      include: [],
      checksum: false,
      orphans: "keep",
      bandwidthLimit: 0,
      compress: false,
      rescanInterval: 60_000,
    };
    mkdirSync(join(settings.source, "deep"), { recursive: true });
    writeFileSync(at("source"), original);
    await pass();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function at(where: "source" | "destination"): string {
    return join(settings[where], "deep", "large image");
  }

  function replicator(changes: Partial<FileReplicationSettings> = {}): FileReplicator {
    return new FileReplicator({ ...settings, ...changes }, systemClock, {
      complete: () => undefined,
      failed: (error) => told.push(error.code),
      noticed: (detail) => told.push(detail),
    });
  }

  /** One pass; resolves with the bytes that travelled because they were different. */
  async function pass(changes: Partial<FileReplicationSettings> = {}): Promise<number> {
    const running = replicator(changes);
    await running.runOnce("fromLive", () => undefined, new AbortController().signal);
    return Number(/, (\d+) bytes/.exec(running.status().detail)?.[1]);
  }

  function writeBlocks(path: string, blocks: readonly number[], from: Buffer): void {
    const file = openSync(path, "r+");
    for (const block of blocks) writeSync(file, from, block * blockBytes, blockBytes, block * blockBytes);
    closeSync(file);
  }

  function changeSource(): Buffer {
    writeBlocks(at("source"), changed, randomBytes(largeFileBytes));
    return readFileSync(at("source"));
  }

  function copyIs(content: Buffer): boolean {
    return readFileSync(at("destination")).equals(content);
  }

  const own = (name: string): string => join(settings.destination, ".understudy", name);

  /** Lets the differences come, but not be written: another one holds the lock. What waits for it is killed. */
  async function fetchOnly(): Promise<void> {
    mkdirSync(own(""), { recursive: true });
    const holder: ChildProcess = spawn("flock", [own("lock"), "sh", "-c", "echo held; exec sleep 60"]);
    await once(holder.stdout as NonNullable<typeof holder.stdout>, "data");
    try {
      const running = assert.rejects(pass(), { code: "REPLICATION_FAILED" });
      while (waiting().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      for (const pid of waiting()) process.kill(pid, "SIGKILL");
      await running;
    } finally {
      const ended = once(holder, "exit");
      for (const pid of childrenOf(holder.pid)) process.kill(pid, "SIGKILL");
      await ended;
    }
    assert.ok(existsSync(own("fetched")));
  }

  function childrenOf(pid: number | undefined): number[] {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  }

  function waiting(): number[] {
    return childrenOf(process.pid).filter((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith(`flock\0--exclusive\0${own("lock")}\0`),
    );
  }

  it("are written into the file, and nothing else travels", async () => {
    const before = statSync(at("destination"));
    const content = changeSource();
    writeFileSync(join(settings.source, "small"), "new");
    const travelled = await pass();
    assert.ok(travelled <= (changed.length + 1) * blockBytes, `${travelled} bytes travelled`);
    assert.ok(copyIs(content));
    assert.equal(readFileSync(join(settings.destination, "small"), "utf8"), "new");
    assert.equal(statSync(at("destination")).ino, before.ino, "the file was not written anew");
    assert.equal(statSync(at("destination")).mtimeMs, statSync(at("source")).mtimeMs);
    assert.equal(await pass(), 0);
    assert.deepEqual(readdirSync(own("")), ["lock"], "nothing is left behind");
  });

  it("come compressed, of files that grow or shrink, and only of files that the rules include", async () => {
    const include = [{ subdirectory: "deep", patterns: ["* image"], recursive: true }];
    writeFileSync(at("source"), Buffer.concat([original, randomBytes(blockBytes)]));
    writeFileSync(join(settings.destination, "own large file"), original);
    writeFileSync(join(settings.source, "own large file"), Buffer.alloc(largeFileBytes));
    assert.ok((await pass({ include, compress: true })) <= 2 * blockBytes);
    assert.ok(copyIs(readFileSync(at("source"))));
    assert.ok(readFileSync(join(settings.destination, "own large file")).equals(original));
    writeFileSync(at("source"), original);
    assert.ok((await pass({ include })) <= 2 * blockBytes);
    assert.ok(copyIs(original));
  });

  it("never change the other names of a file", async () => {
    linkSync(at("destination"), join(folder, "kept"));
    const content = changeSource();
    await pass();
    assert.ok(copyIs(content));
    assert.ok(readFileSync(join(folder, "kept")).equals(original));
  });

  it("leave the file as it was where the connection breaks", async () => {
    const content = changeSource();
    const running = replicator({ bandwidthLimit: 256 });
    const broken = running.runOnce("fromLive", () => undefined, new AbortController().signal);
    const outcome = assert.rejects(broken);
    const batch = own("fetching/batch");
    while (!existsSync(batch) || statSync(batch).size < 4 * blockBytes) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const pid of childrenOf(process.pid)) {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (command.startsWith("rsync") && command.includes(folder)) process.kill(pid, "SIGKILL");
    }
    await outcome;
    assert.ok(copyIs(original));
    assert.ok((await pass()) <= (changed.length + 1) * blockBytes);
    assert.ok(copyIs(content));
  });

  it("are written to their end after a crash in the middle, also when the live server is gone", async () => {
    const content = changeSource();
    await fetchOnly();
    assert.ok(copyIs(original));
    writeBlocks(at("destination"), changed.slice(0, 7), content);
    await sshd.down();
    try {
      await replicator().stop();
      assert.ok(copyIs(content));
      assert.deepEqual(told, []);
      assert.deepEqual(readdirSync(own("")), ["lock"]);
    } finally {
      await sshd.up();
    }
    assert.equal(await pass(), 0);
  });

  it("are found to be wrong where they do not fit the file, which is said, and mended by the next copy", async () => {
    const content = changeSource();
    await fetchOnly();
    writeBlocks(at("destination"), [5], randomBytes(largeFileBytes));
    await sshd.down();
    try {
      await replicator().stop();
    } finally {
      await sshd.up();
    }
    assert.deepEqual(told, ["REPLICATION_COPY_DAMAGED"]);
    assert.ok(!copyIs(content));
    assert.ok((await pass()) > 0);
    assert.ok(copyIs(content));
  });

  it("come as those of all files where the live server's rsync is too old for it", async () => {
    const programs = join(folder, "programs");
    const isOld = join(folder, "is-old");
    mkdirSync(programs);
    const complaint = [
      "rsync: --checksum-choice=xxh128: unknown option",
      "rsync error: syntax or usage error (code 1) at main.c(1580) [server=3.1.3]",
    ];
    const script = [
      "#!/bin/sh",
      // all options come by the connection: only the first call can be the one in question
      `if [ -e '${isOld}' ]; then rm '${isOld}'; printf '%s\\n' '${complaint.join("' '")}' >&2; exit 1; fi`,
      'exec /usr/bin/rsync "$@"',
    ];
    writeFileSync(join(programs, "rsync"), `${script.join("\n")}\n`, { mode: 0o755 });
    const other = await TestSshd.start([`SetEnv PATH=${programs}:/usr/bin:/bin`]);
    try {
      const content = changeSource();
      writeFileSync(isOld, "");
      assert.ok((await pass({ ssh: other.place })) <= changed.length * blockBytes);
      assert.ok(copyIs(content));
      assert.ok(!existsSync(isOld), "it was asked");
    } finally {
      await other.stop();
    }
  });

  it("need only their own space, and say so where that is not there", async function () {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=66m", "tmpfs", disk], { stdio: "pipe" });
    } catch {
      console.log("      skipped: no file system can be mounted");
      this.skip();
    }
    try {
      settings = { ...settings, destination: join(disk, "copy") };
      await pass();
      let content = changeSource();
      await pass();
      assert.ok(copyIs(content), "a second file of that size would not have had space");
      const before = content;
      writeFileSync(at("source"), randomBytes(largeFileBytes));
      await assert.rejects(pass(), { code: "REPLICATION_DISK_FULL" });
      assert.ok(copyIs(before));
      content = readFileSync(at("source"));
      execFileSync("mount", ["-o", "remount,size=160m", disk]);
      await pass();
      assert.ok(copyIs(content));
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});
