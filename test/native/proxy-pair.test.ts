import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ConnectionMode } from "../../src/core/policy.ts";
import { systemClock } from "../../src/opc/clock.ts";
import { DaService } from "../../src/opc/da/da-service.ts";
import { helperCommand } from "../../src/opc/da/helper/helper-command.ts";
import { HelperProcesses } from "../../src/opc/da/helper/helper-process.ts";
import { disableHook, enableHook, type Hook } from "../../src/opc/da/hook/hook.ts";
import { openRegistry, type ProgramRegistry } from "../../src/opc/da/hook/hook-program.ts";
import { fileHookJournal } from "../../src/opc/da/hook/journal.ts";
import { textValue } from "../../src/opc/da/hook/registry.ts";
import type { JsonObject, JsonProcess } from "../../tools/native/json-process.ts";
import { nativeFile, nativeFiles, startDaSimulator, startTestClient } from "../../tools/native/programs.ts";
import { daPair, eventually, token } from "../da/support/played-pair.ts";
import { describeNative } from "./support/machine.ts";

const ok = "0x00000000";
const itemCount = 100;
const periodMs = 100;
const members = { primary: "Understudy.Simulator.1", secondary: "Understudy.Simulator.2" };
const windowsPath = (path: string) => `Z:${path.replaceAll("/", "\\")}`;

describeNative("An unchanged DA client of a redundant pair", (machine) => {
  let directory: string;
  let registry: ProgramRegistry;
  let hook: Hook;
  let service: DaService | null = null;
  let client: JsonProcess | null = null;
  let simulators: Record<"primary" | "secondary", JsonProcess> | null = null;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "understudy-proxy-pair-"));
    registry = openRegistry({
      command: "wine",
      arguments: [nativeFile("understudy-hook.exe")],
      environment: machine().environment,
    });
    hook = { registry, journal: fileHookJournal(directory) };
    await enableHook(hook, {
      name: "Plant",
      server: members.primary,
      machines: ["localhost", "localhost"],
      programs: {
        dll64: windowsPath(nativeFile("understudy-da-proxy.dll")),
        dll32: null,
        exe: windowsPath(nativeFile("understudy-da-proxy.exe")),
      },
      forbidOriginal: true,
      allowMinimalRegistration: false,
      knownClsid: null,
    });
  });

  after(async () => {
    await disableHook(hook, "Plant");
    await registry.close();
    await rm(directory, { recursive: true, force: true });
  });

  afterEach(async function () {
    this.timeout(30_000);
    await client?.kill();
    await service?.stop("test over");
    await Promise.all([simulators?.primary.kill(), simulators?.secondary.kill()]);
    for (const pid of machine().pidsOf("understudy-da-proxy.exe")) process.kill(pid, "SIGKILL");
    machine().forgetKilledServers();
    client = null;
    service = null;
    simulators = null;
  });

  async function connect(mode: ConnectionMode, context: string): Promise<JsonProcess> {
    machine().forgetKilledServers();
    simulators = {
      primary: await startDaSimulator(machine(), { instance: 1, items: itemCount, periodMs }),
      secondary: await startDaSimulator(machine(), { instance: 2, items: itemCount, periodMs }),
    };
    const command = helperCommand({
      executable: nativeFile(nativeFiles.helper),
      winePrefix: machine().prefix,
    });
    const starter = new HelperProcesses({ command });
    const started = new DaService({
      stateDirectory: directory,
      endpoint: "tcp:127.0.0.1:0",
      token,
      starter: () => starter,
      report: () => undefined,
      clock: systemClock,
    });
    service = started;
    const settings = daPair(mode, "<failover><connectTimeout>20000</connectTimeout></failover>");
    const pair = await started.add({
      ...settings,
      queryServerStatusTimeout: 300,
      primary: { ...settings.primary, endpointUrl: `opcda://localhost/${members.primary}` },
      secondary: { ...settings.secondary, endpointUrl: `opcda://localhost/${members.secondary}` },
    });
    pair.host.enable("test");
    await eventually(() => {
      const status = pair.host.status();
      return (
        status.active === "primary" && (mode === "cold" || status.members.every(({ link }) => link === "up"))
      );
    }, 30_000);
    for (const [name, text] of [
      ["Endpoint", started.endpoint ?? ""],
      ["Token", token],
    ] as const) {
      const key = { view: 64, path: "SOFTWARE\\Understudy\\Broker" } as const;
      await registry.apply({ kind: "put", ...key, name, value: textValue(text) });
    }
    client = await startTestClient(machine());
    assert.equal((await client.command({ command: "connect", progId: "Plant", context }))["result"], ok);
    const subscribed = await client.command({
      command: "subscribe",
      items: itemCount,
      rateMs: periodMs,
      periodMs,
    });
    assert.deepEqual([subscribed["result"], subscribed["added"]], [ok, itemCount]);
    return client;
  }

  async function reach(
    ofClient: JsonProcess,
    isRight: (stats: JsonObject) => boolean,
    withinMs = 30_000,
  ): Promise<JsonObject> {
    const endMs = Date.now() + withinMs;
    for (;;) {
      const stats = await ofClient.command({ command: "stats" });
      if (isRight(stats)) return stats;
      if (Date.now() > endMs) assert.fail(`not reached: ${JSON.stringify(stats)}`);
      await delay(50);
    }
  }
  const isFlowing = (values: number) => (stats: JsonObject) =>
    Number(stats["values"]) >= values && stats["lastQuality"] === 192 && Number(stats["silenceMs"]) < 300;

  for (const context of ["inproc", "local"]) {
    it(`loses and repeats nothing while the primary is killed, hot, ${context}`, async () => {
      const user = await connect("hot", context);
      await reach(user, isFlowing(2000));
      process.kill(simulators?.primary.pid ?? 0, "SIGKILL");
      const before = Number((await user.command({ command: "stats" }))["values"]);
      const stats = await reach(user, isFlowing(before + 3000));
      assert.deepEqual(
        [stats["lost"], stats["duplicated"], stats["notGood"]],
        [0, 0, 0],
        JSON.stringify(stats),
      );
      const read = await user.command({ command: "read", source: "device", items: itemCount });
      assert.deepEqual([read["result"], read["quality"]], [ok, 192]);
    });
  }

  for (const mode of ["cold", "warm"] as const) {
    it(`gets data again after the primary was killed, ${mode}`, async () => {
      const user = await connect(mode, "inproc");
      await reach(user, isFlowing(1000));
      process.kill(simulators?.primary.pid ?? 0, "SIGKILL");
      const before = Number((await user.command({ command: "stats" }))["values"]);
      await reach(user, isFlowing(before + 2000));
    });
  }

  it("gets data again after the primary stands still, hot", async () => {
    const user = await connect("hot", "inproc");
    await reach(user, isFlowing(2000));
    process.kill(simulators?.primary.pid ?? 0, "SIGSTOP");
    const before = Number((await user.command({ command: "stats" }))["values"]);
    const stats = await reach(user, isFlowing(before + 3000));
    assert.equal(stats["lost"], 0, JSON.stringify(stats));
  });
});
