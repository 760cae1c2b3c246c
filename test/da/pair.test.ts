import assert from "node:assert/strict";
import type { ConnectionMode } from "../../src/core/policy.ts";
import { hresult } from "../../src/opc/da/mapping/hresult.ts";
import { Values } from "../../src/opc/da/wire/values.ts";
import { varType } from "../../src/opc/da/wire/var-type.ts";
import { scalar } from "../../src/opc/da/wire/variant.ts";
import { eventually, PlayedPair } from "./support/played-pair.ts";

const modes: readonly ConnectionMode[] = ["cold", "warm", "hot"];

const good = 0xc0;
const commFailure = 0x18;

function writeBody(item: number, value: number) {
  return {
    server: 1,
    group: 1,
    via: 0,
    items: Uint32Array.of(item),
    values: Values.of([scalar(varType.i4, value)]),
    given: new Uint8Array(),
    qualities: new Uint16Array(),
    timestamps: new BigUint64Array(),
  };
}

function readBody(...items: readonly number[]) {
  return { server: 1, group: 1, source: 2, via: 0, maxAgeMs: 0, items: Uint32Array.from(items) };
}

describe("DA clients of a DA pair", () => {
  let played: PlayedPair | null = null;

  afterEach(async () => {
    await played?.stop();
    played = null;
  });

  for (const mode of modes) {
    it(`get values, read and write under their own handles, and go on after the server is killed, ${mode}`, async () => {
      played = await PlayedPair.start(mode);
      const client = await played.client();
      await client.addGroup(1);
      const added = await client.addItems(1, { 7: "a", 8: "none", 9: "b" });
      assert.deepEqual([...added.errors], [0, hresult.OPC_E_UNKNOWNITEMID, 0]);
      await client.until(() => client.values(7).length === 1 && client.values(9).length === 1);
      played.set({ a: 1, b: 2 }, 100);
      await client.until(() => client.values(7).includes(1) && client.values(9).includes(2));
      await client.expect("write", writeBody(7, 5));
      assert.deepEqual(played.primary.writes, [{ itemId: "a", value: { type: varType.i4, value: 5 } }]);
      assert.deepEqual(played.secondary.writes, []);

      played.primary.kill();
      await eventually(() => played?.pair.host.status().active === "secondary");
      played.secondary.set({ a: 3, b: 4 }, 200);
      await client.until(() => client.values(7).includes(3) && client.values(9).includes(4));
      const states = await client.expect("read", readBody(7, 9));
      assert.deepEqual(
        states.values.toArray().map((variant) => "value" in variant && variant.value),
        [3, 4],
      );
      await client.expect("write", writeBody(9, 6));
      assert.equal(played.secondary.writes.length, 1);
      assert.deepEqual(client.values(7), [0, 1, 3]);
      assert.deepEqual(client.values(9), [0, 2, 4]);
      assert.ok(client.received.every(({ quality }) => quality === good));
    });
  }

  it("get at once what the standby delivered while the failure was not yet noticed, once, hot", async () => {
    played = await PlayedPair.start("hot");
    const client = await played.client();
    await client.addGroup(1);
    await client.addItems(1, { 1: "a", 2: "b" });
    await client.until(() => client.values(2).length === 1);
    await eventually(() => played?.secondary.log.filter((name) => name === "addItems").length === 1);
    played.set({ a: 1, b: 1 }, 100);
    await client.until(() => client.values(2).includes(1));
    // the primary hangs: only the standby goes on delivering
    played.primary.hangs.add("getStatus");
    for (const value of [2, 3, 4]) played.secondary.set({ a: value, b: value }, 100 + value * 10);
    assert.equal(played.pair.host.status().active, "primary");
    await client.until(() => client.values(1).includes(4) && client.values(2).includes(4));
    played.secondary.set({ a: 5 }, 300);
    await client.until(() => client.values(1).includes(5));
    assert.deepEqual(client.values(1), [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(client.values(2), [0, 1, 2, 3, 4]);
    const switched = played.records.find((record) => record.kind === "clientSwitched");
    assert.ok(switched?.kind === "clientSwitched" && switched.replayed === 6, JSON.stringify(switched));
    // the hung server's helpers are gone; a new one tries
    await eventually(() => (played?.primary.started ?? 0) >= 3);
  });

  for (const mode of ["warm", "hot"] as const) {
    it(`are told what the other member has where it differs, though its time is earlier, ${mode}`, async () => {
      played = await PlayedPair.start(mode);
      const client = await played.client();
      await client.addGroup(1);
      await client.addItems(1, { 1: "a", 2: "b" });
      await eventually(() => played?.secondary.log.filter((name) => name === "addItems").length === 1);
      played.secondary.set({ a: 8, b: 5 }, 100);
      played.primary.set({ a: 7, b: 5 }, 900);
      await client.until(() => client.values(1).includes(7) && client.values(2).includes(5));
      played.primary.kill();
      await eventually(() => played?.pair.host.status().active === "secondary");
      await client.until(() => client.values(1).at(-1) === 8, 10_000);
      assert.deepEqual(client.values(2), [0, 5]);
      played.secondary.set({ a: 9 }, 1000);
      await client.until(() => client.values(1).at(-1) === 9);
    });
  }

  it("keep a group that was changed by them as they changed it, on either member", async () => {
    played = await PlayedPair.start("hot");
    const client = await played.client();
    await client.addGroup(1);
    await client.addGroup(2, false);
    await client.addItems(1, { 1: "a", 2: "b", 3: "c" });
    await client.addItems(2, { 1: "d" });
    await client.expect("removeItems", { server: 1, group: 1, items: Uint32Array.of(2) });
    await client.expect("setItemsActive", { server: 1, group: 1, active: false, items: Uint32Array.of(3) });
    await client.until(() => client.values(1).length === 1 && client.values(3).length === 1);
    const before = client.received.length;
    played.primary.shutDown();
    await eventually(() => played?.pair.host.status().active === "secondary");
    played.secondary.set({ a: 1, b: 1, c: 1, d: 1 }, 100);
    await client.until(() => client.values(1).includes(1));
    assert.equal(client.received.length, before + 1);
    await client.expect("setItemsActive", { server: 1, group: 1, active: true, items: Uint32Array.of(3) });
    await client.until(() => client.values(3).includes(1));
  });

  it("are told what became of a write that was under way, and it is not made again", async () => {
    played = await PlayedPair.start("hot");
    const client = await played.client();
    await client.addGroup(1);
    await client.addItems(1, { 1: "a" });
    played.primary.hangs.add("write");
    const writing = client.call("write", writeBody(1, 5));
    await eventually(() => played?.primary.log.includes("write") ?? false);
    played.primary.kill();
    const outcome = await writing;
    assert.ok(!outcome.ok);
    assert.equal(outcome.result, hresult.RPC_S_CALL_FAILED);
    await eventually(() => played?.pair.host.status().active === "secondary");
    assert.deepEqual(played.secondary.writes, []);
    // a read in the same place is carried out by the other member
    played.secondary.hangs.clear();
    await client.expect("read", readBody(1));
  });

  it("get the answer to a read, and the values of a refresh, from the next member where the first is killed", async () => {
    played = await PlayedPair.start("hot");
    const client = await played.client();
    await client.addGroup(1);
    await client.addItems(1, { 1: "a" });
    played.primary.hangs.add("read");
    played.primary.hangs.add("refresh");
    const reading = client.expect("read", readBody(1));
    const refreshing = client.expect("refresh", { server: 1, group: 1, source: 2, transaction: 77 });
    await eventually(() => played?.primary.log.includes("refresh") ?? false);
    played.primary.kill();
    assert.equal((await reading).values.count, 1);
    await refreshing;
    await client.until(() => client.changes.some(({ transaction }) => transaction === 77));
    assert.equal(client.changes.filter(({ transaction }) => transaction === 77).length, 1);
  });

  it("see bad quality while nothing serves, keep their groups, and get all values again", async () => {
    played = await PlayedPair.start("hot", "<failover><reconnectInterval>200</reconnectInterval></failover>");
    const client = await played.client();
    await client.addGroup(1);
    await client.addItems(1, { 1: "a", 2: "b" });
    played.set({ a: 1, b: 2 }, 100);
    await client.until(() => client.values(2).includes(2));
    played.primary.kill();
    played.secondary.kill();
    await client.until((received) => received.filter(({ quality }) => quality === commFailure).length === 2);
    const read = await client.expect("read", readBody(1));
    assert.deepEqual([...read.qualities], [commFailure]);
    const status = await client.expect("getStatus", { server: 1 });
    assert.equal(status.state, 6);
    const write = await client.call("write", writeBody(1, 1));
    assert.ok(!write.ok && write.result === hresult.RPC_S_SERVER_UNAVAILABLE);
    const before = client.received.length;
    played.primary.revive();
    await client.until((received) => {
      const later = received.slice(before).filter(({ quality }) => quality === good);
      return later.some(({ item }) => item === 1) && later.some(({ item }) => item === 2);
    });
    assert.ok(client.isOpen);
  });

  it("are served by the secondary alone where the primary does not answer at the start", async () => {
    const starting = PlayedPair.start("warm");
    played = await starting;
    played.primary.kill();
    await eventually(() => played?.pair.host.status().active === "secondary");
    const client = await played.client("plant");
    await client.addGroup(1);
    await client.addItems(1, { 1: "a" });
    await client.until(() => client.values(1).length === 1);
    assert.equal(played.pair.status([]).clients, 1);
    assert.equal(played.pair.status([]).monitoredItems, 1);
  });

  it("fail over when a monitor item is bad, and back when it is good again", async () => {
    const item =
      "<monitorItems><monitorItem><itemId>watched</itemId><updateRate>100</updateRate><trigger>badQuality</trigger></monitorItem></monitorItems><alwaysReconnectToPrimary>true</alwaysReconnectToPrimary>";
    played = await PlayedPair.start("hot", item);
    await eventually(() => played?.primary.log.includes("addItems") ?? false);
    played.primary.set({ watched: 1 }, 100, 0);
    await eventually(() => played?.pair.host.status().active === "secondary");
    assert.deepEqual(played.pair.host.status().members[0]?.monitorItemsInError, ["watched"]);
    played.primary.set({ watched: 2 }, 200);
    await eventually(() => played?.pair.host.status().active === "primary");
  });

  it("fail over when the server says that it has failed", async () => {
    played = await PlayedPair.start("warm");
    played.primary.state = 2;
    await eventually(() => played?.pair.host.status().active === "secondary");
  });

  it("leave no helper process behind", async () => {
    played = await PlayedPair.start("hot");
    const client = await played.client();
    await client.addGroup(1);
    assert.equal(played.primary.connections.size, 2);
    client.close();
    await eventually(() => played?.primary.connections.size === 1);
    const { primary, secondary } = played;
    await played.stop();
    played = null;
    await eventually(() => primary.connections.size + secondary.connections.size === 0);
  });
});
