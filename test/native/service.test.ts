import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { nativeFile } from "../../tools/native/programs.ts";
import { until } from "./support/helper-session.ts";
import { describeNative } from "./support/machine.ts";

const host = nativeFile("understudy-service.exe");
const name = "UnderstudyTest";
const patienceMs = 60_000;
const firstInstallMs = 240_000;
const run = promisify(execFile);

/** Plays the broker: says that it is ready, writes down each line it is told, ends with "stop". */
const playedBroker = (log: string, ends: string): string =>
  [
    "@echo off",
    `echo started>>"${log}"`,
    ends,
    'echo {"ready":true}',
    ":next",
    "set line=end",
    "set /p line=",
    `echo %line%>>"${log}"`,
    'if "%line%"=="stop" exit /b 0',
    'if "%line%"=="end" exit /b 0',
    "goto next",
    "",
  ].join("\r\n");

describeNative("The Windows service host", (machine) => {
  let directory: string;
  let log: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "understudy-service-"));
    log = join(directory, "told.txt");
  });
  afterEach(async () => {
    await machine()
      .run(host, "--control", name, "stop")
      .catch(() => undefined);
    await machine()
      .run(host, "--uninstall", name)
      .catch(() => undefined);
    rmSync(directory, { recursive: true, force: true });
  });

  const windowsPath = (path: string): string => `Z:${path.replaceAll("/", "\\")}`;
  const told = (): string[] => {
    try {
      return readFileSync(log, "utf8")
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean);
    } catch {
      return [];
    }
  };
  const query = async (): Promise<string> => (await machine().run(host, "--query", name)).trim();

  async function untilState(wanted: string): Promise<void> {
    const endMs = Date.now() + patienceMs;
    for (let state = await query(); state !== wanted; state = await query()) {
      assert.ok(Date.now() < endMs, `still ${state}, not ${wanted}`);
    }
  }

  async function install(ends = ""): Promise<void> {
    const script = join(directory, "broker.cmd");
    writeFileSync(script, playedBroker(windowsPath(log), ends));
    // In a machine that has just been made, Wine keeps the first new service waiting for a minute.
    await run("wine", [host, "--install", name, `cmd.exe /c ${windowsPath(script)}`], {
      env: machine().environment,
      timeout: firstInstallMs,
    });
  }

  /** Wine starts a new service by itself, some time after it was made. */
  async function start(): Promise<void> {
    await machine()
      .run(host, "--control", name, "start")
      .catch(() => undefined);
  }

  it("is installed, runs once the broker is ready, hands on reload and stop, and is taken away", async function () {
    this.timeout(420_000);
    assert.equal(await query(), "absent");
    await install();
    assert.notEqual(await query(), "absent");
    await start();
    await untilState("running");
    await machine().run(host, "--control", name, "reload");
    await until(() => told().includes("reload"), patienceMs);
    await machine().run(host, "--control", name, "stop");
    await untilState("stopped");
    assert.deepEqual(told(), ["started", "reload", "stop"]);
    await machine().run(host, "--uninstall", name);
    await untilState("absent");
  });

  it("is stopped, as a failure, when the broker ends by itself", async function () {
    this.timeout(420_000);
    await install("exit /b 2");
    await start();
    await until(() => told().includes("started"), patienceMs);
    await untilState("stopped");
    await assert.rejects(machine().run(host, "--control", name, "stop"), /error \d+/);
  });

  it("says what is wrong with a name or an action", async () => {
    await assert.rejects(machine().run(host, "--uninstall", "NoSuchService"), /OpenService: error 1060/);
    await assert.rejects(machine().run(host, "--nonsense", name));
  });
});
