import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../src/opc/clock.ts";
import { FileReplicator } from "../../../src/servers/replication/files/file-replicator.ts";
import type { FileReplicationSettings } from "../../../src/servers/replication/files/settings.ts";
import { CutLine } from "./support/cut-line.ts";
import { missingForFiles, TestSshd } from "./support/sshd.ts";

const missing = missingForFiles();
const mebibyte = 1024 * 1024;

describe("file replication that is interrupted", function () {
  this.timeout(120_000);
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
    mkdirSync(settings.source);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  interface Pass {
    readonly percents: number[];
    readonly bytes: number[];
    /** Bytes that travelled because they were different. */
    readonly literalBytes: number;
  }

  /** One pass, with something done when it is halfway. */
  async function pass(
    changes: Partial<FileReplicationSettings> = {},
    halfway: () => void = () => undefined,
  ): Promise<Pass> {
    const report = { complete: () => undefined, failed: () => undefined, noticed: () => undefined };
    const replicator = new FileReplicator({ ...settings, ...changes }, systemClock, report);
    const percents: number[] = [];
    const bytes: number[] = [];
    let isHalfway = false;
    const onProgress = (percent: number): void => {
      percents.push(percent);
      bytes.push(replicator.status().bytes);
      if (percent >= 50 && !isHalfway) {
        isHalfway = true;
        halfway();
      }
    };
    await replicator.runOnce("fromLive", onProgress, new AbortController().signal);
    const travelled = /, (\d+) bytes/.exec(replicator.status().detail)?.[1];
    return { percents, bytes, literalBytes: Number(travelled) };
  }

  function isEqual(): boolean {
    return readFileSync(join(settings.source, "big")).equals(readFileSync(join(settings.destination, "big")));
  }

  /** Pids of a program by what its command line or its environment has that is this test's own. */
  function processes(program: string, text: string): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((pid) => {
        try {
          const said = ["cmdline", "environ"].map((name) => readFileSync(`/proc/${pid}/${name}`, "latin1"));
          const isIt = readlinkSync(`/proc/${pid}/exe`).endsWith(`/${program}`);
          return isIt && said.join(" ").replaceAll("\0", " ").includes(text);
        } catch {
          return false;
        }
      })
      .map(Number);
  }

  const size = 32 * mebibyte;
  // progress is told once a second
  const slow = { bandwidthLimit: 6 * 1024 };
  const kill = (pids: readonly number[]): void => {
    assert.ok(pids.length > 0, "there is something to kill");
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // it ended with another one
      }
    }
  };
  const faults: readonly { readonly name: string; readonly fault: () => void; readonly code: RegExp }[] = [
    {
      name: "rsync is killed with kill -9 here",
      fault: () => kill(processes("rsync", `${folder}/copy/`)),
      code: /^REPLICATION_FAILED$/,
    },
    {
      name: "its receiving half alone is killed",
      fault: () => kill(processes("rsync", `${folder}/copy/`).slice(-1)),
      code: /^REPLICATION_(FAILED|UNREACHABLE)$/,
    },
    {
      name: "ssh is killed with kill -9",
      fault: () => kill(processes("ssh", `-p ${sshd.place.port} `)),
      code: /^REPLICATION_(FAILED|UNREACHABLE)$/,
    },
    {
      name: "rsync is killed at the live server",
      fault: () => kill(processes("rsync", ` 127.0.0.1 ${sshd.place.port} `)),
      code: /^REPLICATION_(FAILED|UNREACHABLE)$/,
    },
  ];
  for (const { name, fault, code } of faults) {
    it(`copies only the rest where ${name} at one half`, async () => {
      writeFileSync(join(settings.source, "big"), randomBytes(size));
      await assert.rejects(pass(slow, fault), { code });
      assert.equal(
        existsSync(join(settings.destination, "big")),
        false,
        "no half file is taken for the file",
      );
      const { literalBytes } = await pass();
      assert.ok(literalBytes < size * 0.6, `${literalBytes} bytes of ${size} travelled again`);
      assert.ok(isEqual());
      assert.deepEqual(readdirSync(settings.destination), ["big"], "nothing is left behind");
    });
  }

  it("copies only the rest where the line goes dead at one half", async () => {
    const line = await CutLine.to(sshd.place, (port) => {
      const known = readFileSync(sshd.place.knownHostsFile ?? "", "utf8");
      const path = join(folder, "known");
      writeFileSync(path, known.replace(/:\d+ /, `:${port} `).replace(/\]:\d+/, `]:${port}`));
      return path;
    });
    try {
      writeFileSync(join(settings.source, "big"), randomBytes(size));
      const began = performance.now();
      await assert.rejects(
        pass({ ...slow, ssh: line.place }, () => line.cut()),
        { code: "REPLICATION_UNREACHABLE" },
      );
      assert.ok(performance.now() - began < 60_000, "it is noticed");
      const { literalBytes } = await pass();
      assert.ok(literalBytes < size * 0.6, `${literalBytes} bytes of ${size} travelled again`);
      assert.ok(isEqual());
    } finally {
      line.close();
    }
  });

  it("keeps to its limit, and tells progress that never goes back and ends with 100 percent", async () => {
    writeFileSync(join(settings.source, "big"), randomBytes(8 * mebibyte));
    writeFileSync(join(settings.source, "other"), randomBytes(mebibyte));
    const began = performance.now();
    const { percents, bytes } = await pass({ bandwidthLimit: 4 * 1024 });
    const seconds = (performance.now() - began) / 1000;
    // 9 MiB at 4 MiB a second; rsync lets a first burst through
    assert.ok(seconds > 1.7, `it took ${seconds} s`);
    assert.ok(percents.length > 2, percents.join(" "));
    assert.deepEqual(
      percents,
      percents.toSorted((a, b) => a - b),
    );
    assert.deepEqual(
      bytes,
      bytes.toSorted((a, b) => a - b),
    );
    assert.equal(percents.at(-1), 100);
    assert.equal(bytes.at(-1), 9 * mebibyte);
  });

  it("says that the disk is full, leaves the copy as it was, and goes on when there is space", async function () {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], { stdio: "pipe" });
    } catch {
      console.log("      skipped: no file system can be mounted");
      this.skip();
    }
    try {
      settings = { ...settings, destination: join(disk, "copy") };
      mkdirSync(settings.destination);
      writeFileSync(join(settings.source, "big"), randomBytes(16 * mebibyte));
      await pass();
      const before = readFileSync(join(settings.destination, "big"));
      writeFileSync(join(settings.source, "big"), randomBytes(16 * mebibyte));
      await assert.rejects(pass(), { code: "REPLICATION_DISK_FULL" });
      assert.ok(readFileSync(join(settings.destination, "big")).equals(before));
      execFileSync("mount", ["-o", "remount,size=64m", disk]);
      await pass();
      assert.ok(isEqual());
      assert.equal((await pass()).literalBytes, 0);
      assert.equal(statSync(join(settings.destination, "big")).size, 16 * mebibyte);
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});
