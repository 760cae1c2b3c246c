import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { disableHook, enableHook, type Hook } from "../../src/opc/da/hook/hook.ts";
import { openRegistry, type ProgramRegistry } from "../../src/opc/da/hook/hook-program.ts";
import { fileHookJournal } from "../../src/opc/da/hook/journal.ts";
import type { HookRequest } from "../../src/opc/da/hook/plan.ts";
import { numberValue, textValue } from "../../src/opc/da/hook/registry.ts";
import type { JsonObject, JsonProcess } from "../../tools/native/json-process.ts";
import { nativeFile, startTestClient } from "../../tools/native/programs.ts";
import { FakeBroker } from "./fake-broker.ts";
import { describeNative } from "./support/machine.ts";

const ok = "0x00000000";
const failed = "0x80004005";
const name = "Understudy.Simulator.1";
const brokerKey = { view: 64, path: "SOFTWARE\\Understudy\\Broker" } as const;

/** Where a program of this machine is for a program under Wine. */
const windowsPath = (path: string) => `Z:${path.replaceAll("/", "\\")}`;

async function eventually(
  client: JsonProcess,
  isRight: (stats: JsonObject) => boolean,
  withinMs = 10_000,
): Promise<JsonObject> {
  const endMs = Date.now() + withinMs;
  for (;;) {
    const stats = await client.command({ command: "stats" });
    if (isRight(stats)) return stats;
    if (Date.now() > endMs) assert.fail(`not reached: ${JSON.stringify(stats)}`);
    await delay(50);
  }
}

async function until(isRight: () => boolean, withinMs = 10_000): Promise<void> {
  const endMs = Date.now() + withinMs;
  while (!isRight()) {
    if (Date.now() > endMs) assert.fail("not reached");
    await delay(20);
  }
}

describeNative("The OPC DA proxy", (machine) => {
  let directory: string;
  let registry: ProgramRegistry;
  let hook: Hook;
  let broker: FakeBroker;
  let client: JsonProcess;

  const request = (changes: Partial<HookRequest> = {}): HookRequest => ({
    name,
    server: name,
    machines: ["localhost", "standby"],
    programs: {
      dll64: windowsPath(nativeFile("understudy-da-proxy.dll")),
      dll32: null,
      exe: windowsPath(nativeFile("understudy-da-proxy.exe")),
    },
    forbidOriginal: false,
    allowMinimalRegistration: false,
    knownClsid: null,
    ...changes,
  });

  const setBroker = async (connectTimeoutMs: number) => {
    const put = (valueName: string, value: ReturnType<typeof textValue>) =>
      registry.apply({ kind: "put", ...brokerKey, name: valueName, value });
    await put("Endpoint", textValue(broker.endpoint));
    await put("Token", textValue(broker.token));
    await put("ConnectTimeoutMs", numberValue(connectTimeoutMs));
    await put("CallDeadlineMs", numberValue(1500));
  };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "understudy-proxy-"));
    registry = openRegistry({
      command: "wine",
      arguments: [nativeFile("understudy-hook.exe")],
      environment: machine().environment,
    });
    hook = { registry, journal: fileHookJournal(directory) };
    await enableHook(hook, request());
  });

  after(async () => {
    await disableHook(hook, name);
    await registry.close();
    await rm(directory, { recursive: true, force: true });
  });

  beforeEach(async () => {
    broker = new FakeBroker();
    broker.target = name;
    await broker.start();
    await setBroker(2000);
    client = await startTestClient(machine());
  });

  afterEach(async () => {
    await client.kill();
    await broker.stop();
    for (const pid of machine().pidsOf("understudy-da-proxy.exe")) process.kill(pid, "SIGKILL");
    for (const pid of machine().pidsOf("understudy-da-simulator.exe")) process.kill(pid, "SIGKILL");
    machine().forgetKilledServers();
  });

  const connect = async (context: string, ofClient = client) => {
    const answer = await ofClient.command({ command: "connect", progId: name, context });
    assert.equal(answer["result"], ok);
    return answer;
  };
  const vendor = async () => (await client.command({ command: "status" }))["vendor"];
  const values = (stats: JsonObject) => Number(stats["values"]);

  for (const context of ["inproc", "local", "all"]) {
    it(`gives data, cache reads and writes to a client that asks for ${context}`, async () => {
      await connect(context);
      assert.equal(await vendor(), "fake");
      const subscribed = await client.command({
        command: "subscribe",
        items: 1000,
        rateMs: 50,
        periodMs: 50,
      });
      assert.deepEqual(
        [subscribed["result"], subscribed["added"], subscribed["revisedRateMs"]],
        [ok, 1000, 50],
      );
      const stats = await eventually(client, (each) => values(each) >= 10_000);
      assert.deepEqual([stats["lost"], stats["duplicated"], stats["notGood"]], [0, 0, 0]);
      const asked = broker.count("read");
      const read = await client.command({ command: "read", source: "cache", items: 1000 });
      assert.deepEqual(
        [read["result"], read["type"], read["quality"], read["clientHandle"]],
        [ok, 5, 192, 1],
      );
      assert.equal(broker.count("read"), asked, "a cache read asks nobody");
      await client.command({ command: "read", source: "device", items: 1000 });
      assert.equal(broker.count("read"), asked + 1);
      assert.equal((await client.command({ command: "removeGroup" }))["result"], ok);
      await client.command({ command: "disconnect" });
      await until(() => broker.connectionCount === 0);
    });
  }

  it("calls a client of a single-threaded apartment back in its apartment", async () => {
    const single = await startTestClient(machine(), { sta: true });
    try {
      await connect("inproc", single);
      await single.command({ command: "subscribe", items: 10, rateMs: 50, periodMs: 50 });
      const stats = await eventually(single, (each) => values(each) >= 100);
      assert.deepEqual([stats["lost"], stats["duplicated"]], [0, 0]);
    } finally {
      await single.kill();
    }
  });

  it("reads and writes asynchronously and refreshes", async () => {
    await connect("inproc");
    await client.command({ command: "subscribe", item: "Written.1", rateMs: 50 });
    const written = await client.command({ command: "asyncWrite", item: "Written.1", value: 7 });
    assert.equal(written["error"], ok);
    assert.equal((await client.event("write"))["masterError"], ok);
    assert.equal(broker.written.get("Written.1")?.type, 5);
    await client.command({ command: "asyncRead" });
    assert.deepEqual((await client.event("read"))["firstQuality"], 192);
    await client.command({ command: "refresh", source: "device" });
    assert.equal((await client.event("refresh"))["count"], 1);
  });

  it("shows the server's shutdown notification to the client", async () => {
    await connect("inproc");
    broker.shutdown("maintenance");
    assert.equal((await client.event("shutdown"))["reason"], "maintenance");
  });

  it("answers wrong calls with the codes of the specification", async () => {
    await connect("inproc");
    await client.command({ command: "subscribe", items: 1 });
    const { id: _, ...answers } = await client.command({ command: "errors" });
    assert.deepEqual(answers, {
      readWrongHandle: "0x00000001",
      readWrongHandleItem: "0xC0040001",
      readNothing: "0x80070057",
      readNullHandles: "0x80070057",
      readWrongSource: "0x80070057",
      removeWrongHandle: "0x00000001",
      removeWrongHandleItem: "0xC0040001",
      cancelUnknown: failed,
      asyncWrongHandle: "0x00000001",
      removeWrongGroup: "0xC0040001",
      groupByUnknownName: "0x80070057",
      addGroupBadDeadband: "0x80070057",
      addGroupWrongInterface: "0x80004002",
      errorString: ok,
      errorText: "The server knows no such item",
      result: ok,
    });
  });

  for (const context of ["inproc", "local"]) {
    it(`survives the end of the broker and goes on with the same groups (${context})`, async () => {
      await connect(context);
      await client.command({ command: "subscribe", items: 100, rateMs: 50 });
      await eventually(client, (each) => values(each) >= 200);
      await broker.stop();
      const stale = await eventually(client, (each) => each["lastQuality"] === 0x44);
      assert.equal(stale["notGood"], 100, "each item is told once to be uncertain");
      const read = await client.command({ command: "read", source: "cache", items: 1 });
      assert.deepEqual([read["result"], read["quality"]], [ok, 0x44]);
      assert.equal((await client.command({ command: "status" }))["state"], 6);
      const seen = broker.count("addItems");
      await broker.start();
      await eventually(client, (each) => each["lastQuality"] === 192);
      assert.equal(broker.count("addItems"), seen + 1);
      assert.equal((await client.command({ command: "read", source: "device", items: 100 }))["result"], ok);
    });
  }

  it("ends a call whose deadline has passed and takes the next one", async () => {
    await connect("inproc");
    await client.command({ command: "subscribe", items: 1, rateMs: 50 });
    broker.ignored.add("read");
    const begunMs = Date.now();
    const late = await client.command({ command: "read", source: "device" });
    assert.equal(late["result"], failed);
    assert.ok(Date.now() - begunMs < 3000, `${Date.now() - begunMs} ms`);
    broker.ignored.delete("read");
    assert.equal((await client.command({ command: "read", source: "device" }))["result"], ok);
  });

  it("does not send a write again that the end of the broker left without an answer", async () => {
    await connect("inproc");
    await client.command({ command: "subscribe", item: "Written.1", rateMs: 50 });
    broker.ignored.add("write");
    const write = client.command({ command: "write", item: "Written.1", value: 1 });
    await until(() => broker.count("write") === 1);
    await broker.stop();
    assert.equal((await write)["result"], failed);
    broker.ignored.clear();
    await broker.start();
    await until(() => broker.connectionCount === 1);
    await delay(300);
    assert.equal(broker.count("write"), 1);
  });

  it("connects again where the stream is not of the protocol", async () => {
    await connect("inproc");
    await client.command({ command: "subscribe", items: 1, rateMs: 50 });
    const seen = broker.count("hello");
    broker.sendRaw(Buffer.from("ffffffff00000000", "hex"));
    broker.sendRaw(Buffer.alloc(64, 0xff));
    await until(() => broker.count("hello") === seen + 1);
    await eventually(client, (each) => each["lastQuality"] === 192);
  });

  it("stands a careless client: null pointers, wrong counts, threads, apartments, no release", async () => {
    const output = await machine().run(nativeFile("understudy-da-proxytest.exe"), name);
    assert.match(output, /^all is well/);
    await until(() => broker.connectionCount === 0);
  });

  it("ends the EXE with its last client", async () => {
    await connect("local");
    assert.equal(machine().pidsOf("understudy-da-proxy.exe").length, 1);
    await client.command({ command: "disconnect" });
    await until(() => machine().pidsOf("understudy-da-proxy.exe").length === 0);
    await until(() => broker.connectionCount === 0);
  });

  it("asks nothing more for a client that was killed (EXE)", async () => {
    await connect("local");
    await client.command({ command: "subscribe", items: 10, rateMs: 50 });
    await eventually(client, (each) => values(each) >= 50);
    await client.kill();
    await until(() => broker.connectionCount === 0);
  });

  it("shows no DA 3.0 interfaces where the server has none", async () => {
    broker.interfaces = 7;
    const answer = await connect("inproc");
    assert.deepEqual([answer["browse3"], answer["itemIo"]], [false, false]);
  });

  for (const context of ["inproc", "local"]) {
    it(`hands out the original server where no broker answers (${context})`, async () => {
      await broker.stop();
      await setBroker(200);
      await connect(context);
      assert.match(String(await vendor()), /simulator/i);
      const subscribed = await client.command({ command: "subscribe", items: 10, rateMs: 100 });
      assert.equal(subscribed["added"], 10);
      await eventually(client, (each) => values(each) >= 50);
    });
  }

  it("refuses the client where no broker answers and the original is forbidden", async () => {
    await enableHook(hook, request({ forbidOriginal: true }));
    await broker.stop();
    await setBroker(200);
    const answer = await client.command({ command: "connect", progId: name, context: "inproc" });
    assert.equal(answer["result"], "0x80080005");
    await enableHook(hook, request());
  });

  it("refuses a broker that does not take its token, and hands out the original", async () => {
    await registry.apply({ kind: "put", ...brokerKey, name: "Token", value: textValue("wrong") });
    await connect("inproc");
    assert.match(String(await vendor()), /simulator/i);
  });

  it("leads clients to the original again once the hook is off", async () => {
    await disableHook(hook, name);
    try {
      await connect("all");
      assert.match(String(await vendor()), /simulator/i);
    } finally {
      await enableHook(hook, request());
    }
  });
});
