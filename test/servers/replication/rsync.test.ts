import assert from "node:assert/strict";
import { retryPauseMs } from "../../../src/servers/replication/failure.ts";
import { filterRules } from "../../../src/servers/replication/files/filter-rules.ts";
import {
  endsOf,
  sshOptions,
  transferArguments,
} from "../../../src/servers/replication/files/rsync-arguments.ts";
import { rsyncFailure } from "../../../src/servers/replication/files/rsync-failure.ts";
import {
  lineCutter,
  parseProgress,
  SummaryReader,
} from "../../../src/servers/replication/files/rsync-output.ts";
import type { FileReplicationSettings } from "../../../src/servers/replication/files/settings.ts";

const settings: FileReplicationSettings = {
  source: "/srv/data/",
  destination: "/var/copy",
  ssh: { host: "live", port: 2222, user: "repl", identityFile: "/keys/id one", knownHostsFile: null },
  include: [],
  checksum: false,
  orphans: "keep",
  bandwidthLimit: 0,
  compress: false,
  rescanInterval: 1000,
};

describe("rsync, as file replication uses it", () => {
  it("copies to the stand-in, or back, over SSH or not, IPv6 too", () => {
    assert.deepEqual(endsOf(settings, "fromLive"), { from: "repl@live:/srv/data/", to: "/var/copy/" });
    assert.deepEqual(endsOf(settings, "toLive"), { from: "/var/copy/", to: "repl@live:/srv/data/" });
    assert.equal(endsOf({ ...settings, ssh: null }, "fromLive").from, "/srv/data/");
    const ssh = { ...(settings.ssh as NonNullable<typeof settings.ssh>), host: "fd00::1" };
    assert.equal(endsOf({ ...settings, ssh }, "fromLive").from, "repl@[fd00::1]:/srv/data/");
  });

  it("never asks a question and never trusts an unknown host", () => {
    const options = sshOptions(settings.ssh as NonNullable<typeof settings.ssh>).join(" ");
    assert.match(options, /BatchMode=yes/);
    assert.match(options, /StrictHostKeyChecking=yes/);
    const shell = transferArguments(settings, "fromLive").find((each) => each.startsWith("ssh ")) ?? "";
    assert.match(shell, /-p 2222 .*-i "\/keys\/id one"/);
  });

  it("compares contents, compresses and keeps to a limit only where told to", () => {
    const flags = (changes: Partial<FileReplicationSettings>) =>
      transferArguments({ ...settings, ...changes }, "fromLive").filter((each) =>
        /^--(checksum|compress|bwlimit)/.test(each),
      );
    assert.deepEqual(flags({}), []);
    assert.deepEqual(flags({ checksum: true, compress: true, bandwidthLimit: 512 }), [
      "--checksum",
      "--compress",
      "--bwlimit=512",
    ]);
  });

  it("takes names of subdirectories as they are, whatever characters they have", () => {
    const rules = filterRules([{ subdirectory: "a[1]*/b", patterns: ["*.wav"], recursive: false }]);
    assert.ok(rules.includes("+ /a\\[1]\\*/b/*.wav"), rules.join("\n"));
  });

  it("reads progress and sums", () => {
    assert.deepEqual(parseProgress("  1,234,567  45%    1.50MB/s    0:00:03 (xfr#5, to-chk=10/100)"), {
      bytes: 1_234_567,
      percent: 45,
      bytesPerSecond: 1_500_000,
    });
    assert.equal(parseProgress("Number of files: 3"), null);
    const reader = new SummaryReader();
    const cut = lineCutter((line) => reader.line(line));
    cut("Number of files: 1,003 (reg: 1,000, dir: 3)\nNumber of regular files tra");
    cut("nsferred: 7\rTotal file size: 64,000 bytes\n*deleting   old/one.txt\ndeleting two words.txt\n");
    assert.equal(reader.summary.files, 1000);
    assert.equal(reader.summary.transferredFiles, 7);
    assert.equal(reader.summary.totalBytes, 64_000);
    assert.deepEqual(reader.deletions, ["old/one.txt", "two words.txt"]);
  });

  it("says what a failure means", () => {
    const codeOf = (status: number | null, text: string) => rsyncFailure(status, text)?.code ?? null;
    assert.equal(codeOf(0, ""), null);
    assert.equal(codeOf(24, "file has vanished"), null);
    assert.equal(codeOf(11, 'write failed on "x": No space left on device (28)'), "REPLICATION_DISK_FULL");
    assert.equal(codeOf(255, "Host key verification failed."), "REPLICATION_HOST_UNKNOWN");
    assert.equal(codeOf(255, "repl@live: Permission denied (publickey)."), "REPLICATION_LOGIN_REFUSED");
    assert.equal(
      codeOf(255, "ssh: connect to host live port 22: Connection refused"),
      "REPLICATION_UNREACHABLE",
    );
    assert.equal(codeOf(127, "bash: rsync: command not found"), "REPLICATION_RSYNC_MISSING");
    assert.equal(codeOf(23, "opendir failed: Permission denied (13)"), "REPLICATION_INCOMPLETE");
    assert.equal(codeOf(null, ""), "REPLICATION_FAILED");
  });

  it("waits longer after each failure, up to a minute", () => {
    assert.deepEqual([1, 2, 3, 6, 7, 50].map(retryPauseMs), [1000, 2000, 4000, 32_000, 60_000, 60_000]);
  });
});
