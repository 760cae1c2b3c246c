import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { helperCommand } from "../../src/opc/da/helper/helper-command.ts";
import { HelperProcesses } from "../../src/opc/da/helper/helper-process.ts";
import type { JsonProcess } from "../../tools/native/json-process.ts";
import { nativeFile, nativeFiles, startTestClient } from "../../tools/native/programs.ts";
import { describeNative } from "./support/machine.ts";

const run = promisify(execFile);
const cli = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const progId = "Understudy.Simulator.1";

describeNative("The commands that enable and disable a DA pair", (machine) => {
  let directory: string;
  let client: JsonProcess | null = null;
  /** While something runs, Wine does not end and start anew, 3 s each time, between the commands. */
  let idler: JsonProcess | null = null;

  before(async () => {
    idler = await startTestClient(machine());
  });
  after(() => idler?.kill());

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "understudy-hook-cli-"));
    await understudy(
      "pair",
      "add",
      progId,
      "--protocol",
      "opcda",
      "--primary",
      "localhost",
      "--secondary",
      "standby",
    );
  });

  afterEach(async () => {
    await client?.kill();
    client = null;
    for (const pid of machine().pidsOf("understudy-da-simulator.exe")) process.kill(pid, "SIGKILL");
    machine().forgetKilledServers();
    await rm(directory, { recursive: true, force: true });
  });

  const places = () => ["--project", join(directory, "redundancymaster.xml"), "--state-dir", directory];
  const environment = () => ({ ...machine().environment, UNDERSTUDY_DA_WINE_PREFIX: machine().prefix });

  async function understudy(...args: string[]): Promise<string> {
    const options = { env: environment(), timeout: 60_000 };
    const { stdout } = await run(process.execPath, [cli, ...places(), ...args], options);
    return stdout;
  }

  /** All of the registry that the hook may touch. */
  async function registry(): Promise<string> {
    const file = join(directory, "export.reg");
    const target = `Z:${file.replaceAll("/", "\\")}`;
    await machine().run("reg", "export", "HKLM\\Software", target, "/y");
    return (await readFile(file)).toString("utf16le");
  }

  /** ProgIDs that clients see when they browse the machine. */
  async function browsed(): Promise<readonly (string | null)[]> {
    const command = helperCommand({
      executable: nativeFile(nativeFiles.helper),
      winePrefix: machine().prefix,
    });
    const starter = new HelperProcesses({ command: { ...command, environment: machine().environment } });
    const helper = await starter.start(new AbortController().signal);
    try {
      const outcome = await helper.call("listServers", { machine: "", versions: 7 }, 30_000);
      assert.ok(outcome.ok);
      return outcome.body.servers.map(({ progId }) => progId);
    } finally {
      helper.end();
      await helper.exited;
    }
  }

  const journalFile = () => join(directory, "da-hook", `${progId.toLowerCase()}.json`);

  /** Starts a broker and ends it when it is ready. */
  async function runUntilReady(): Promise<void> {
    const child = spawn(process.execPath, [cli, ...places(), "run", "--json"], {
      env: environment(),
      stdio: ["ignore", "pipe", "ignore"],
    });
    const exited = once(child, "exit");
    await Promise.race([once(child.stdout, "data"), exited]);
    child.kill("SIGTERM");
    await exited;
  }

  /** Ends `pair enable` the hard way, so long after it began to change the registry. */
  async function crashWhileEnabling(afterMs: number): Promise<void> {
    const child = spawn(process.execPath, [cli, ...places(), "pair", "enable", progId], {
      env: environment(),
      stdio: "ignore",
    });
    const exited = once(child, "exit");
    while (!existsSync(journalFile()) && child.exitCode === null) await delay(1);
    await delay(afterMs);
    child.kill("SIGKILL");
    await exited;
    for (const pid of machine().pidsOf("understudy-hook.exe")) process.kill(pid, "SIGKILL");
  }

  async function clsidPath(): Promise<string> {
    return machine().run("reg", "query", `HKLM\\Software\\Classes\\${progId}\\CLSID`, "/ve");
  }

  it("print what they would do, do it, and restore what was there", async function () {
    this.timeout(120_000);
    const before = await clsidPath();
    const planned = await understudy("pair", "enable", progId, "--dry-run");
    assert.match(planned, /set .*Understudy\.Simulator\.1\\CLSID/);
    assert.equal(await clsidPath(), before);
    await understudy("pair", "enable", progId);
    assert.notEqual(await clsidPath(), before);
    await understudy("pair", "disable", progId);
    assert.equal(await clsidPath(), before);
    await understudy("pair", "enable", progId);
    await understudy("pair", "remove", progId);
    assert.equal(await clsidPath(), before);
    client = await startTestClient(machine());
    const answer = await client.command({ command: "connect", progId, context: "local" });
    assert.equal(answer["result"], "0x00000000");
  });

  it("move with the name of a pair, which clients see when they browse, and leave nothing behind", async function () {
    this.timeout(300_000);
    const alias = "Understudy.Simulator.Boiler";
    const before = await registry();
    await understudy("pair", "enable", progId);
    const enabled = await registry();
    const planned = await understudy("pair", "alias", progId, alias, "--dry-run");
    assert.match(planned, /set .*Understudy\.Simulator\.Boiler\\CLSID/);
    assert.match(planned, /set .*Understudy\.Simulator\.1\\CLSID/);
    assert.equal(await registry(), enabled);
    await understudy("pair", "alias", progId, alias);
    const names = await browsed();
    assert.ok(names.includes(alias) && names.includes(progId), names.join());
    client = await startTestClient(machine());
    const answer = await client.command({ command: "connect", progId: alias, context: "local" });
    assert.equal(answer["result"], "0x00000000", "no broker runs, so the alias leads to the original");
    await client.kill();
    // the server's own name is another pair's meanwhile
    const members = ["--primary", "localhost", "--secondary", "standby"];
    await understudy("pair", "add", progId, "--protocol", "opcda", ...members);
    const aliased = await registry();
    await assert.rejects(understudy("pair", "unalias", alias), /PAIR_UNALIAS_REFUSED/);
    assert.equal(await registry(), aliased);
    await understudy("pair", "remove", progId);
    await understudy("pair", "unalias", alias);
    assert.equal(await registry(), enabled);
    await understudy("pair", "remove", progId, "--dry-run");
    assert.equal(await registry(), enabled);
    await understudy("pair", "disable", progId);
    assert.equal(await registry(), before);
  });

  it("restore what was there after a crash of the command, by the next command or the start of a broker", async function () {
    this.timeout(300_000);
    const before = await registry();
    for (const afterMs of [0, 15, 60]) {
      await crashWhileEnabling(afterMs);
      await understudy("pair", "disable", progId);
      assert.equal(await registry(), before, `after ${afterMs} ms`);
    }
    await crashWhileEnabling(5);
    await runUntilReady();
    assert.ok(!existsSync(journalFile()), "the broker undid what was half done");
    assert.equal(await registry(), before);
  });
});
