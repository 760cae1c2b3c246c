import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { disableHook, enableHook } from "../../src/opc/da/hook/hook.ts";
import { textValue } from "../../src/opc/da/hook/registry.ts";
import { nativeFile, startTestClient } from "../../tools/native/programs.ts";
import { describeProxy, eventually, failed, name, ok, until, values, ways } from "./support/proxy-rig.ts";

describeProxy("The OPC DA proxy", (rig) => {
  for (const way of ways) {
    it(`gives data, cache reads and writes to a client that comes by ${way}`, async () => {
      await rig.connect(way);
      assert.equal(await rig.vendor(), "fake");
      const subscribed = await rig.client.command({
        command: "subscribe",
        items: 1000,
        rateMs: 50,
        periodMs: 50,
      });
      assert.deepEqual(
        [subscribed["result"], subscribed["added"], subscribed["revisedRateMs"]],
        [ok, 1000, 50],
      );
      const stats = await eventually(rig.client, (each) => values(each) >= 10_000);
      assert.deepEqual([stats["lost"], stats["duplicated"], stats["notGood"]], [0, 0, 0]);
      const asked = rig.broker.count("read");
      const read = await rig.client.command({ command: "read", source: "cache", items: 1000 });
      assert.deepEqual(
        [read["result"], read["type"], read["quality"], read["clientHandle"]],
        [ok, 5, 192, 1],
      );
      assert.equal(rig.broker.count("read"), asked, "a cache read asks nobody");
      await rig.client.command({ command: "read", source: "device", items: 1000 });
      assert.equal(rig.broker.count("read"), asked + 1);
      assert.equal((await rig.client.command({ command: "removeGroup" }))["result"], ok);
      await rig.client.command({ command: "disconnect" });
      await until(() => rig.broker.connectionCount === 0);
    });
  }

  it("calls a client of a single-threaded apartment back in its apartment", async () => {
    const single = await startTestClient(rig.machine(), { sta: true });
    try {
      await rig.connect("inproc", single);
      await single.command({ command: "subscribe", items: 10, rateMs: 50, periodMs: 50 });
      const stats = await eventually(single, (each) => values(each) >= 100);
      assert.deepEqual([stats["lost"], stats["duplicated"]], [0, 0]);
    } finally {
      await single.kill();
    }
  });

  it("reads and writes asynchronously and refreshes", async () => {
    await rig.connect("inproc");
    await rig.client.command({ command: "subscribe", item: "Written.1", rateMs: 50 });
    const written = await rig.client.command({ command: "asyncWrite", item: "Written.1", value: 7 });
    assert.equal(written["error"], ok);
    assert.equal((await rig.client.event("write"))["masterError"], ok);
    assert.equal(rig.broker.written.get("Written.1")?.type, 5);
    await rig.client.command({ command: "asyncRead" });
    assert.deepEqual((await rig.client.event("read"))["firstQuality"], 192);
    await rig.client.command({ command: "refresh", source: "device" });
    assert.equal((await rig.client.event("refresh"))["count"], 1);
  });

  it("shows the server's shutdown notification to the client", async () => {
    await rig.connect("inproc");
    rig.broker.shutdown("maintenance");
    assert.equal((await rig.client.event("shutdown"))["reason"], "maintenance");
  });

  it("answers wrong calls with the codes of the specification", async () => {
    await rig.connect("inproc");
    await rig.client.command({ command: "subscribe", items: 1 });
    const { id: _, ...answers } = await rig.client.command({ command: "errors" });
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

  for (const way of ["inproc", "local", "exe"] as const) {
    it(`survives the end of the broker and goes on with the same groups (${way})`, async () => {
      await rig.connect(way);
      await rig.client.command({ command: "subscribe", items: 100, rateMs: 50 });
      await eventually(rig.client, (each) => values(each) >= 200);
      await rig.broker.stop();
      const stale = await eventually(rig.client, (each) => each["lastQuality"] === 0x44);
      assert.equal(stale["notGood"], 100, "each item is told once to be uncertain");
      const read = await rig.client.command({ command: "read", source: "cache", items: 1 });
      assert.deepEqual([read["result"], read["quality"]], [ok, 0x44]);
      assert.equal((await rig.client.command({ command: "status" }))["state"], 6);
      const seen = rig.broker.count("addItems");
      await rig.broker.start();
      await eventually(rig.client, (each) => each["lastQuality"] === 192);
      assert.equal(rig.broker.count("addItems"), seen + 1);
      assert.equal(
        (await rig.client.command({ command: "read", source: "device", items: 100 }))["result"],
        ok,
      );
    });
  }

  it("ends a call whose deadline has passed and takes the next one", async () => {
    await rig.connect("inproc");
    await rig.client.command({ command: "subscribe", items: 1, rateMs: 50 });
    rig.broker.ignored.add("read");
    const begunMs = Date.now();
    const late = await rig.client.command({ command: "read", source: "device" });
    assert.equal(late["result"], failed);
    assert.ok(Date.now() - begunMs < 3000, `${Date.now() - begunMs} ms`);
    rig.broker.ignored.delete("read");
    assert.equal((await rig.client.command({ command: "read", source: "device" }))["result"], ok);
  });

  it("does not send a write again that the end of the broker left without an answer", async () => {
    await rig.connect("inproc");
    await rig.client.command({ command: "subscribe", item: "Written.1", rateMs: 50 });
    rig.broker.ignored.add("write");
    const write = rig.client.command({ command: "write", item: "Written.1", value: 1 });
    await until(() => rig.broker.count("write") === 1);
    await rig.broker.stop();
    assert.equal((await write)["result"], failed);
    rig.broker.ignored.clear();
    await rig.broker.start();
    await until(() => rig.broker.connectionCount === 1);
    await delay(300);
    assert.equal(rig.broker.count("write"), 1);
  });

  it("connects again where the stream is not of the protocol", async () => {
    await rig.connect("inproc");
    await rig.client.command({ command: "subscribe", items: 1, rateMs: 50 });
    const seen = rig.broker.count("hello");
    rig.broker.sendRaw(Buffer.from("ffffffff00000000", "hex"));
    rig.broker.sendRaw(Buffer.alloc(64, 0xff));
    await until(() => rig.broker.count("hello") === seen + 1);
    await eventually(rig.client, (each) => each["lastQuality"] === 192);
  });

  for (const way of ["inproc", "local"] as const) {
    it(`stands a careless client: null pointers, wrong counts, threads, apartments, no release (${way})`, async () => {
      const arguments_ = way === "local" ? [name, way] : [name];
      const output = await rig.machine().run(nativeFile("understudy-da-proxytest.exe"), ...arguments_);
      assert.match(output, /^all is well/);
      await until(() => rig.broker.connectionCount === 0);
    });
  }

  it("ends the EXE with its last client", async () => {
    await rig.connect("exe");
    assert.equal(rig.exes().length, 1);
    await rig.client.command({ command: "disconnect" });
    await until(() => rig.exes().length === 0);
    await until(() => rig.broker.connectionCount === 0);
  });

  it("asks nothing more for a client that was killed (EXE)", async () => {
    await rig.connect("exe");
    await rig.client.command({ command: "subscribe", items: 10, rateMs: 50 });
    await eventually(rig.client, (each) => values(each) >= 50);
    await rig.client.kill();
    await until(() => rig.broker.connectionCount === 0);
  });

  it("shows no DA 3.0 interfaces where the server has none", async () => {
    rig.broker.interfaces = 7;
    const answer = await rig.connect("inproc");
    assert.deepEqual([answer["browse3"], answer["itemIo"]], [false, false]);
  });

  for (const way of ["inproc", "local", "exe"] as const) {
    it(`hands out the original server where no broker answers (${way})`, async () => {
      await rig.broker.stop();
      await rig.setBroker(200);
      await rig.connect(way);
      assert.match(String(await rig.vendor()), /simulator/i);
      const subscribed = await rig.client.command({ command: "subscribe", items: 10, rateMs: 100 });
      assert.equal(subscribed["added"], 10);
      await eventually(rig.client, (each) => values(each) >= 50);
    });
  }

  it("refuses the client where no broker answers and the original is forbidden", async () => {
    await enableHook(rig.hook, rig.request({ forbidOriginal: true }));
    await rig.broker.stop();
    await rig.setBroker(200);
    const answer = await rig.client.command({ command: "connect", progId: name, context: "inproc" });
    assert.equal(answer["result"], "0x80080005");
    await enableHook(rig.hook, rig.request());
  });

  it("refuses a broker that does not take its token, and hands out the original", async () => {
    await rig.put("Token", textValue("wrong"));
    await rig.connect("inproc");
    assert.match(String(await rig.vendor()), /simulator/i);
  });

  it("leads clients to the original again once the hook is off", async () => {
    await disableHook(rig.hook, name);
    try {
      await rig.connect("all");
      assert.match(String(await rig.vendor()), /simulator/i);
    } finally {
      await enableHook(rig.hook, rig.request());
    }
  });
});
