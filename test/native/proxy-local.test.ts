import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { disableHook, enableHook } from "../../src/opc/da/hook/hook.ts";
import { numberValue } from "../../src/opc/da/hook/registry.ts";
import { startTestClient } from "../../tools/native/programs.ts";
import { describeProxy, eventually, localClients, name, ok, until, values } from "./support/proxy-rig.ts";

const clientExe = "understudy-da-testclient.exe";
const exe = "understudy-da-proxy.exe";

describeProxy("A DA client that asks for a local server", (rig) => {
  const subscribe = (client = rig.client) =>
    client.command({ command: "subscribe", items: 100, rateMs: 50, periodMs: 50 });

  it("gets the object into its own process, and the EXE ends", async () => {
    await rig.connect("local");
    assert.deepEqual(rig.broker.programs(), [exe, clientExe]);
    await until(() => rig.exes().length === 0);
    await until(() => rig.broker.connectionCount === 1);
    await subscribe();
    const stats = await eventually(rig.client, (each) => values(each) >= 1000);
    assert.deepEqual([stats["lost"], stats["duplicated"], stats["notGood"]], [0, 0, 0]);
    const asked = rig.broker.count("read");
    assert.equal((await rig.client.command({ command: "read", source: "cache", items: 100 }))["result"], ok);
    assert.equal(rig.broker.count("read"), asked);
    await rig.client.command({ command: "disconnect" });
    await until(() => rig.broker.connectionCount === 0);
  });

  it("is called back in its single-threaded apartment", async () => {
    const single = await startTestClient(rig.machine(), { sta: true });
    try {
      await rig.connect("local", single);
      await subscribe(single);
      const stats = await eventually(single, (each) => values(each) >= 1000);
      assert.deepEqual([stats["lost"], stats["duplicated"]], [0, 0]);
      assert.equal(rig.broker.programs().at(-1), clientExe);
    } finally {
      await single.kill();
    }
  });

  it("connects again and again", async () => {
    for (let round = 0; round < 5; round++) {
      await rig.connect("local");
      assert.equal(rig.broker.programs().at(-1), clientExe);
      assert.equal(await rig.vendor(), "fake");
    }
    await rig.client.command({ command: "disconnect" });
    await until(() => rig.broker.connectionCount === 0 && rig.exes().length === 0);
  });

  it("stays with the EXE where the policy says so", async () => {
    await rig.put("LocalClientsInProcess", numberValue(localClients.inExe));
    const answer = await rig.client.command({ command: "connect", progId: name, context: "local" });
    assert.equal(answer["result"], ok);
    await subscribe();
    await eventually(rig.client, (each) => values(each) >= 500);
    assert.deepEqual(rig.broker.programs(), [exe]);
    assert.equal(rig.exes().length, 1);
  });

  it("stays with the EXE where a client of 32 bit would not find the DLL", async () => {
    const folder = join(rig.machine().prefix, "drive_c/windows/syswow64");
    const mark = join(folder, "kernel32.dll");
    // By this file the proxy knows a machine that runs programs of 32 bit.
    const isMarked = !existsSync(mark);
    mkdirSync(folder, { recursive: true });
    if (isMarked) writeFileSync(mark, "");
    await disableHook(rig.hook, name);
    try {
      const { programs } = rig.request();
      await enableHook(rig.hook, rig.request({ programs: { ...programs, dll32: null } }));
      await rig.put("LocalClientsInProcess", numberValue(localClients.inClient));
      await rig.connect("local");
      assert.deepEqual(rig.broker.programs(), [exe]);
      await rig.client.command({ command: "disconnect" });
      await until(() => rig.exes().length === 0);
      await rig.put("LocalClientsInProcess", numberValue(localClients.inClientOf64Bit));
      await rig.connect("local");
      assert.deepEqual(rig.broker.programs().slice(1), [exe, clientExe]);
    } finally {
      if (isMarked) rmSync(mark);
      await disableHook(rig.hook, name);
      await enableHook(rig.hook, rig.request());
    }
  });

  it("stays with the EXE where its own process cannot reach the broker", async () => {
    rig.broker.refusedProgram = clientExe;
    await rig.connect("local");
    assert.equal(await rig.vendor(), "fake");
    await subscribe();
    await eventually(rig.client, (each) => values(each) >= 500);
    assert.equal(rig.exes().length, 1);
    assert.equal(rig.broker.connectionCount, 1);
    await rig.client.command({ command: "disconnect" });
    await until(() => rig.broker.connectionCount === 0 && rig.exes().length === 0);
  });

  it("leaves nothing at the broker when it is killed", async () => {
    await rig.connect("local");
    await subscribe();
    await eventually(rig.client, (each) => values(each) >= 500);
    await rig.client.kill();
    await until(() => rig.broker.connectionCount === 0 && rig.exes().length === 0);
  });
});
