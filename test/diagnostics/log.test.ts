import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import {
  close,
  mkdtempSync,
  open,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  write,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog, type Log, type LogOptions, textLine } from "../../src/diagnostics/log.ts";
import type { LogFileTrouble } from "../../src/diagnostics/log-file.ts";
import { anEvent, manualClock } from "./helpers.ts";

describe("the log", () => {
  let directory: string;
  const troubles: LogFileTrouble[] = [];
  const changes = new EventEmitter();
  const clock = manualClock();

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "understudy-log-"));
    troubles.length = 0;
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function log(options: Partial<LogOptions> = {}): Log {
    return createLog({
      stateDirectory: directory,
      clock,
      console: { format: "text", colour: false, severity: null },
      onFileTrouble: (trouble) => {
        troubles.push(trouble);
        changes.emit(trouble.kind);
      },
      ...options,
    });
  }

  const file = (name = "understudy.log") => join(directory, "log", name);

  it("writes each event as one JSON line that only its owner can read", async () => {
    const under = log();
    const event = { id: 7, ...anEvent() };
    under.event(event);
    under.line("error", "two\nlines");
    await under.close();
    const lines = readFileSync(file(), "utf8").trimEnd().split("\n");
    assert.deepEqual(JSON.parse(lines[0] ?? ""), event);
    assert.deepEqual(JSON.parse(lines[1] ?? ""), {
      time: "2026-01-01T00:00:00.000Z",
      severity: "error",
      message: "two\nlines",
    });
    if (process.platform !== "win32") {
      assert.equal(statSync(file()).mode & 0o777, 0o600);
      assert.equal(statSync(join(directory, "log")).mode & 0o777, 0o700);
    }
  });

  it("rotates and keeps no more files than allowed", async () => {
    const under = log({ maximumFileBytes: 2000, maximumFiles: 3 });
    for (let round = 0; round < 8; round++) {
      for (let index = 0; index < 12; index++) under.event({ id: index, ...anEvent() });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await under.close();
    const files = readdirSync(join(directory, "log")).sort();
    assert.deepEqual(files, ["understudy.log", "understudy1.log", "understudy2.log"]);
    assert.deepEqual(troubles, []);
  });

  it("goes on when the disk is full, says so once, and tells how many lines are missing afterwards", async () => {
    let full = true;
    const disk = {
      open,
      close,
      write: ((...args: unknown[]) => {
        const callback = args.at(-1) as (error: Error | null) => void;
        if (full) setImmediate(() => callback(new Error("ENOSPC: no space left on device")));
        else (write as (...forwarded: unknown[]) => void)(...args);
      }) as typeof write,
    };
    const under = log({ fileSystem: disk });
    const failed = once(changes, "failed");
    under.line("information", "first");
    await failed;
    for (let index = 0; index < 20; index++) under.line("information", "lost");
    assert.deepEqual(troubles, [{ kind: "failed", detail: "ENOSPC: no space left on device" }]);
    full = false;
    clock.advance(10_000);
    const recovered = once(changes, "recovered");
    under.line("information", "written again");
    await recovered;
    await under.close();
    assert.equal(troubles.length, 2);
    assert.match(readFileSync(file(), "utf8"), /written again/);
    assert.ok(troubles[1]?.kind === "recovered" && troubles[1].lost >= 20);
  });

  it("works without a file where the directory cannot be made", async () => {
    writeFileSync(join(directory, "log"), "a file is in the way");
    const under = log();
    under.line("information", "to nowhere");
    under.line("information", "to nowhere");
    assert.deepEqual(
      troubles.map((trouble) => trouble.kind),
      ["failed"],
    );
    await under.close();
  });

  it("does not let text of others steer the terminal or forge a line", () => {
    const line = textLine(
      {
        time: "t",
        severity: "warning",
        message: "bad\u001b[31m\nERROR forged",
        pair: "P",
        client: "x\u0007",
      },
      false,
    );
    assert.equal(line, "t warn  [P x\\x07] bad\\x1b[31m\n    ERROR forged");
  });
});
