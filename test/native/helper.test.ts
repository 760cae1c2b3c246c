import assert from "node:assert/strict";
import { Values } from "../../src/opc/da/wire/values.ts";
import { varType } from "../../src/opc/da/wire/var-type.ts";
import { scalar } from "../../src/opc/da/wire/variant.ts";
import { group, groupState, HelperSession, ramps, server, until } from "./support/helper-session.ts";
import { describeNative } from "./support/machine.ts";

const unknownItem = 0xc0040007 | 0;
const invalidHandle = 0xc0040001 | 0;
const badRights = 0xc0040006 | 0;

describeNative("The OPC DA helper", (machine) => {
  let session: HelperSession;

  beforeEach(async () => {
    session = await HelperSession.start(machine());
  });

  afterEach(() => session.end());

  it("opens a server and tells what it can", async () => {
    const { clsid, interfaces } = await session.open();
    assert.equal(clsid, "{7B1C2A40-5E0F-4D31-8F26-9C1D5B7E0001}");
    assert.equal(interfaces, 63);
    const status = await session.ask("getStatus", { server });
    assert.deepEqual([status.state, status.vendorInfo], [1, "Understudy OPC DA simulator 1"]);
  });

  it("hands on 1000 items every 100 ms and loses and repeats none", async () => {
    await session.open();
    const added = await session.subscribe(ramps(1000));
    assert.ok(added.errors.every((error) => error === 0));
    assert.ok(added.canonicalTypes.every((type) => type === varType.r8));
    await until(() => session.eventsOf("dataChange").length >= 30);
    const ticks = new Map<number, number>();
    for (const change of session.eventsOf("dataChange")) {
      assert.ok(change.qualities.every((quality) => quality === 192));
      const numbers = change.values.doubles();
      assert.ok(numbers);
      change.items.forEach((item, row) => {
        const tick = (numbers[row] ?? Number.NaN) - (item - 1);
        const last = ticks.get(item);
        if (last !== undefined) assert.equal(tick, last + 1, `item ${item}`);
        ticks.set(item, tick);
      });
    }
    assert.equal(ticks.size, 1000);
  });

  it("lists the servers of this machine", async () => {
    const { source, servers } = await session.ask("listServers", { machine: "", versions: 7 });
    assert.equal(source, 2);
    const found = new Set(servers.map(({ progId }) => progId));
    for (const instance of [1, 2])
      assert.ok(found.has(`Understudy.Simulator.${instance}`), [...found].join());
  });

  it("reads from cache and device, at once and asynchronously, in the order of the request", async () => {
    await session.open();
    await session.subscribe(["Ramp0", "Writable3", "Ramp1"]);
    for (const via of [0, 1]) {
      for (const source of [1, 2, 3]) {
        const body = { server, group, source, via, maxAgeMs: 0, items: Uint32Array.of(3, 99, 2, 1) };
        const states = await session.ask("read", body);
        assert.deepEqual([...states.errors], [0, invalidHandle, 0, 0]);
        const types = states.values.toArray().map(({ type }) => type);
        assert.deepEqual(types, [varType.r8, varType.empty, varType.bstr, varType.r8]);
        assert.deepEqual([...states.qualities], [192, 0, 192, 192]);
      }
    }
  });

  it("writes values, also with quality and timestamp, and reports each item's error", async () => {
    await session.open();
    await session.subscribe(["Writable1", "Ramp0", "Writable0"]);
    const values = Values.of([scalar(varType.i4, 7), scalar(varType.r8, 1), scalar(varType.bstr, "2.5")]);
    const items = Uint32Array.of(1, 2, 3);
    for (const via of [0, 1]) {
      const { errors } = await session.ask("write", {
        ...{ server, group, via, items, values },
        ...{ given: new Uint8Array(), qualities: new Uint16Array(), timestamps: new BigUint64Array() },
      });
      assert.deepEqual([...errors], [0, badRights, 0]);
    }
    const time = 134_116_992_000_000_000n;
    await session.ask("write", {
      ...{ server, group, via: 0, items: Uint32Array.of(1), values: Values.of([scalar(varType.i4, 8)]) },
      ...{ given: Uint8Array.of(3), qualities: Uint16Array.of(0x44), timestamps: BigUint64Array.of(time) },
    });
    const read = { server, group, source: 2, via: 0, maxAgeMs: 0, items: Uint32Array.of(1, 3) };
    const states = await session.ask("read", read);
    assert.deepEqual(states.values.toArray(), [scalar(varType.i4, 8), scalar(varType.r8, 2.5)]);
    assert.deepEqual([states.qualities[0], states.timestamps[0]], [0x44, time]);
  });

  it("browses both ways and knows properties", async () => {
    await session.open();
    const path = ["Simulation", "Sines"];
    const filter = { filter: "Sine?", dataType: 0, accessRights: 0 };
    const { names } = await session.ask("browseAddressSpace", { server, path, browseType: 2, ...filter });
    assert.equal(names.length, 10);
    const ids = await session.ask("getItemIds", { server, path, names: ["Sine3", "none"] });
    assert.deepEqual([...ids.itemIds], ["Sine3", null]);
    const browsed = await session.ask("browse", {
      ...{ server, itemId: "Simulation/Ramps", continuation: null, maxElements: 600, filter: 3 },
      ...{ nameFilter: "", vendorFilter: "", allProperties: true, propertyValues: true },
      properties: new Uint32Array(),
    });
    assert.deepEqual([browsed.elements.length, browsed.continuation], [600, "600"]);
    assert.equal(browsed.elements[0]?.properties.properties.length, 7);
    const properties = await session.ask("getItemProperties", {
      server,
      itemId: "Ramp0",
      ids: Uint32Array.of(1, 4711),
    });
    assert.deepEqual([...properties.errors], [0, 0xc0040203 | 0]);
    const known = await session.ask("queryProperties", { server, itemId: "Ramp0" });
    assert.ok(known.descriptions.includes("Item Value"));
    const { text } = await session.ask("getErrorString", { server, error: unknownItem, locale: 0 });
    assert.equal(text, "The server knows no such item");
  });

  it("answers unknown items, groups, servers and classes with their codes", async () => {
    assert.equal(await session.refusal("getStatus", { server: 9 }), "0x80070006");
    const nowhere = { server: 2, id: "No.Such.Server", machine: "", classContext: 0, authentication: 0 };
    assert.equal(await session.refusal("openServer", nowhere), "0x800401F3");
    await session.open();
    assert.equal(await session.refusal("removeGroup", { server, group: 9 }), "0xC0040001");
    const added = await session.subscribe(["Ramp0", "NoSuchItem", ""]);
    assert.deepEqual([...added.errors], [0, unknownItem, 0xc0040008 | 0]);
  });

  it("carries out requests that were sent without waiting, in their order", async () => {
    const item = { active: true, requestedType: 0, accessPath: "", itemId: "Ramp0" };
    const [, , added, states, removed] = await Promise.all([
      session.open(),
      session.ask("addGroup", { server, group, name: "", ...groupState }),
      session.ask("addItems", { server, group, items: [{ item: 1, ...item }] }),
      session.ask("read", { server, group, source: 2, via: 0, maxAgeMs: 0, items: Uint32Array.of(1) }),
      session.ask("removeItems", { server, group, items: Uint32Array.of(1) }),
    ]);
    assert.deepEqual([added.errors[0], removed.errors[0]], [0, 0]);
    assert.equal(states.errors.length, 1);
  });
});
