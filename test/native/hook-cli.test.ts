import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { JsonProcess } from "../../tools/native/json-process.ts";
import { startTestClient } from "../../tools/native/programs.ts";
import { describeNative } from "./support/machine.ts";

const run = promisify(execFile);
const cli = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const progId = "Understudy.Simulator.1";

describeNative("The commands that enable and disable a DA pair", (machine) => {
  let directory: string;
  let client: JsonProcess | null = null;

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

  async function understudy(...args: string[]): Promise<string> {
    const places = ["--project", join(directory, "redundancymaster.xml"), "--state-dir", directory];
    const env = { ...machine().environment, UNDERSTUDY_DA_WINE_PREFIX: machine().prefix };
    const { stdout } = await run(process.execPath, [cli, ...places, ...args], { env, timeout: 60_000 });
    return stdout;
  }

  async function clsidPath(): Promise<string> {
    return machine().run("reg", "query", `HKLM\\Software\\Classes\\${progId}\\CLSID`, "/ve");
  }

  it("print what they would do, do it, and restore what was there", async () => {
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
});
