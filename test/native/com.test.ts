import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { JsonObject, JsonProcess } from "../../tools/native/json-process.ts";
import { startDaSimulator, startTestClient } from "../../tools/native/programs.ts";
import { describeNative } from "./support/machine.ts";

const ok = "0x00000000";
const connect = { command: "connect", progId: "Understudy.Simulator.1", context: "local" } as const;

/** Asks until the tally is as wanted; fails after a while. */
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

describeNative("The OPC DA simulator over COM", (machine) => {
  let simulator: JsonProcess;
  let client: JsonProcess;

  beforeEach(async () => {
    simulator = await startDaSimulator(machine(), { items: 1000 });
    client = await startTestClient(machine());
  });

  afterEach(async () => {
    await Promise.all([client.kill(), simulator.kill()]);
    machine().forgetKilledServers();
  });

  const values = (stats: JsonObject) => Number(stats["values"]);

  it("sends 1000 items every 100 ms and loses and repeats none", async () => {
    assert.equal((await client.command(connect))["result"], ok);
    const subscribed = await client.command({ command: "subscribe", items: 1000, rateMs: 100 });
    assert.deepEqual([subscribed["added"], subscribed["revisedRateMs"]], [1000, 100]);
    const stats = await eventually(client, (each) => values(each) >= 20_000);
    assert.deepEqual([stats["lost"], stats["duplicated"], stats["notGood"]], [0, 0, 0]);
  });

  it("reads, writes, browses and describes its items", async () => {
    await client.command(connect);
    await client.command({ command: "subscribe", item: "Writable1", via: "none" });
    assert.equal((await client.command({ command: "write", item: "Writable1", value: 42 }))["error"], ok);
    const read = await client.command({ command: "read", source: "device" });
    assert.deepEqual([read["value"], read["type"], read["quality"]], [42, 3, 192]);
    const tooLarge = await client.command({ command: "write", item: "Writable1", value: 1e300 });
    assert.deepEqual([tooLarge["result"], tooLarge["error"]], ["0x00000001", "0xC004000B"]);
    const browsed = await client.command({ command: "browse", position: "Simulation", type: "branch" });
    assert.deepEqual(browsed["names"], ["Ramps", "Sines", "Writables"]);
    const attributes = await client.command({ command: "attributes" });
    assert.deepEqual([attributes["firstItemId"], attributes["canonicalType"]], ["Writable1", 3]);
  });

  it("answers wrong calls with the codes of the specification", async () => {
    await client.command(connect);
    await client.command({ command: "subscribe", items: 1 });
    const { id: _, ...answers } = await client.command({ command: "errors" });
    assert.deepEqual(answers, {
      readWrongHandle: "0x00000001",
      readWrongHandleItem: "0xC0040001",
      readNothing: "0x80070057",
      readNullHandles: "0x800706F4",
      readWrongSource: "0x80070057",
      removeWrongHandle: "0x00000001",
      removeWrongHandleItem: "0xC0040001",
      cancelUnknown: "0x80004005",
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

  it("reads and writes asynchronously, refreshes, and cancels what waits", async () => {
    await client.command(connect);
    await client.command({ command: "subscribe", item: "Writable0" });
    const read = await client.command({ command: "asyncRead" });
    assert.equal((await client.event("read"))["transaction"], read["transaction"]);
    await client.command({ command: "asyncWrite", item: "Writable0", value: 3 });
    assert.equal((await client.event("write"))["firstError"], ok);
    const refresh = await client.command({ command: "refresh", source: "device" });
    assert.equal((await client.event("refresh"))["transaction"], refresh["transaction"]);
    await simulator.command({ command: "slow", delayMs: 1500 });
    const slow = await client.command({ command: "asyncRead" });
    const cancelled = await client.command({ command: "cancel", cancelId: slow["cancelId"] });
    assert.equal(cancelled["result"], ok);
    assert.equal((await client.event("cancel"))["transaction"], slow["transaction"]);
  });

  it("serves DA 1.0 clients through IDataObject", async () => {
    await client.command(connect);
    assert.equal((await client.command({ command: "subscribe", items: 100, via: "da1" }))["result"], ok);
    const stats = await eventually(client, (each) => values(each) >= 1000);
    assert.deepEqual([stats["lost"], stats["duplicated"], stats["errors"]], [0, 0, 0]);
  });

  it("reads, writes and refreshes asynchronously the way of DA 1.0", async () => {
    await client.command(connect);
    await client.command({ command: "subscribe", item: "Writable3", via: "da1" });
    const written = await client.command({ command: "da1Write", item: "Writable3", value: "old" });
    assert.equal(written["result"], ok);
    const complete = await client.event("da1Write");
    assert.deepEqual([complete["transaction"], complete["firstError"]], [written["transaction"], ok]);
    const read = await client.command({ command: "da1Read", source: "device" });
    const answer = await client.event("da1Read");
    assert.deepEqual([answer["transaction"], answer["firstQuality"]], [read["transaction"], 192]);
    assert.equal((await client.command({ command: "da1Refresh" }))["result"], ok);
  });

  it("calls a client in a single-threaded apartment", async () => {
    const apartment = await startTestClient(machine(), { sta: true });
    try {
      assert.equal((await apartment.command(connect))["result"], ok);
      await apartment.command({ command: "subscribe", items: 10 });
      const stats = await eventually(apartment, (each) => values(each) >= 50);
      assert.equal(stats["lost"], 0);
    } finally {
      await apartment.kill();
    }
  });

  it("tells bad quality and good again", async () => {
    await client.command(connect);
    await client.command({ command: "subscribe", items: 1 });
    await eventually(client, (each) => values(each) > 0);
    await simulator.command({ command: "quality", item: "Ramp0", good: false });
    await eventually(client, (each) => each["lastQuality"] === 16);
    await simulator.command({ command: "quality", item: "*", good: true });
    await simulator.command({ command: "quality", item: "Ramp0", good: true });
    await eventually(client, (each) => each["lastQuality"] === 192);
  });

  it("keeps a group alive that has nothing to tell", async () => {
    await client.command(connect);
    await client.command({ command: "subscribe", item: "Text" });
    const set = await client.command({ command: "setGroup", keepAliveMs: 200 });
    assert.equal(set["keepAliveMs"], 200);
    await eventually(client, (each) => Number(each["keepAlives"]) >= 3);
  });

  it("tells its clients of its shutdown and ends", async () => {
    await client.command(connect);
    await simulator.command({ command: "shutdown", afterMs: 100 });
    assert.equal((await client.event("shutdown"))["reason"], "asked for");
    await simulator.exited;
  });

  it("leaves a client with RPC errors, at once, when it is killed", async () => {
    await client.command(connect);
    await simulator.kill();
    const status = await client.command({ command: "status" });
    assert.match(String(status["result"]), /^0x800706B[AE]$/);
    assert.ok(Number(status["ms"]) < 1000);
  });

  it("releases everything when its client lets go", async () => {
    const before = await simulator.command({ command: "status" });
    await client.command(connect);
    await client.command({ command: "subscribe", items: 100 });
    await eventually(client, (each) => values(each) > 0);
    await client.command({ command: "disconnect" });
    const endMs = Date.now() + 5000;
    for (;;) {
      const { objects } = await simulator.command({ command: "status" });
      if (objects === before["objects"]) break;
      assert.ok(Date.now() < endMs, `${objects} objects are left`);
      await delay(50);
    }
  });
});
