import assert from "node:assert/strict";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { helperCommand } from "../../src/opc/da/helper/helper-command.ts";
import { type HelperProcess, HelperProcesses } from "../../src/opc/da/helper/helper-process.ts";
import type { EventBody, EventName, WireEvent } from "../../src/opc/da/wire/events.ts";
import { encodeFrame, type Frame, FrameSplitter } from "../../src/opc/da/wire/frame.ts";
import { encodeRequest } from "../../src/opc/da/wire/message-codec.ts";
import {
  helloMagic,
  type RequestBody,
  type RequestName,
  type ResponseBody,
} from "../../src/opc/da/wire/requests.ts";
import { Values } from "../../src/opc/da/wire/values.ts";
import { varType } from "../../src/opc/da/wire/var-type.ts";
import { scalar } from "../../src/opc/da/wire/variant.ts";
import type { JsonProcess } from "../../tools/native/json-process.ts";
import { nativeFile, nativeFiles, startDaSimulator } from "../../tools/native/programs.ts";
import { describeNative } from "./support/machine.ts";

const deadlineMs = 10_000;
const server = 1;
const group = 1;
const unknownItem = 0xc0040007 | 0;
const invalidHandle = 0xc0040001 | 0;
const badRights = 0xc0040006 | 0;

const groupState = {
  active: true,
  updateRateMs: 100,
  timeBiasMinutes: 0,
  deadbandPercent: 0,
  locale: 0,
  keepAliveMs: 0,
} as const;

describeNative("The OPC DA helper", (machine) => {
  let simulator: JsonProcess;
  let helper: HelperProcess;
  let events: WireEvent[];

  beforeEach(async () => {
    simulator = await startDaSimulator(machine(), { items: 1000 });
    const command = helperCommand({
      executable: nativeFile(nativeFiles.helper),
      winePrefix: machine().prefix,
    });
    const starter = new HelperProcesses({ command: { ...command, environment: machine().environment } });
    helper = await starter.start(new AbortController().signal);
    events = [];
    helper.onEvent = (event) => events.push(event);
  });

  afterEach(async () => {
    helper.end();
    await Promise.all([helper.exited, simulator.kill()]);
    machine().forgetKilledServers();
  });

  async function ask<N extends RequestName>(name: N, body: RequestBody<N>): Promise<ResponseBody<N>> {
    const outcome = await helper.call(name, body, deadlineMs);
    if (!outcome.ok) assert.fail(`${name} failed with ${hex(outcome.result)}: ${outcome.detail}`);
    return outcome.body;
  }

  async function refusal<N extends RequestName>(name: N, body: RequestBody<N>): Promise<string> {
    const outcome = await helper.call(name, body, deadlineMs);
    assert.ok(!outcome.ok, `${name} succeeded`);
    return hex(outcome.result);
  }

  const hex = (result: number) => `0x${(result >>> 0).toString(16).toUpperCase().padStart(8, "0")}`;

  const open = () =>
    ask("openServer", {
      server,
      id: "Understudy.Simulator.1",
      machine: "",
      classContext: 0,
      authentication: 0,
    });

  async function subscribe(itemIds: readonly string[]): Promise<ResponseBody<"addItems">> {
    await ask("addGroup", { server, group, name: "", ...groupState });
    return ask("addItems", {
      server,
      group,
      items: itemIds.map((itemId, index) => ({
        item: index + 1,
        active: true,
        requestedType: 0,
        accessPath: "",
        itemId,
      })),
    });
  }

  const ramps = (count: number) => Array.from({ length: count }, (_, index) => `Ramp${index}`);

  const eventsOf = <N extends EventName>(name: N): EventBody<N>[] =>
    events.filter((event) => event.name === name).map((event) => event.body as EventBody<N>);

  async function until(isSo: () => boolean, withinMs = 10_000): Promise<void> {
    const endMs = Date.now() + withinMs;
    while (!isSo()) {
      assert.ok(Date.now() < endMs, "not reached in time");
      await delay(20);
    }
  }

  it("opens a server and tells what it can", async () => {
    const { clsid, interfaces } = await open();
    assert.equal(clsid, "{7B1C2A40-5E0F-4D31-8F26-9C1D5B7E0001}");
    assert.equal(interfaces, 63);
    const status = await ask("getStatus", { server });
    assert.deepEqual([status.state, status.vendorInfo], [1, "Understudy OPC DA simulator 1"]);
  });

  it("hands on 1000 items every 100 ms and loses and repeats none", async () => {
    await open();
    const added = await subscribe(ramps(1000));
    assert.ok(added.errors.every((error) => error === 0));
    assert.ok(added.canonicalTypes.every((type) => type === varType.r8));
    await until(() => eventsOf("dataChange").length >= 30);
    const ticks = new Map<number, number>();
    for (const change of eventsOf("dataChange")) {
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
    const { source, servers } = await ask("listServers", { machine: "", versions: 7 });
    assert.equal(source, 2);
    assert.deepEqual(servers.map(({ progId }) => progId).sort(), [
      "Understudy.Simulator.1",
      "Understudy.Simulator.2",
    ]);
  });

  it("reads from cache and device, at once and asynchronously, in the order of the request", async () => {
    await open();
    await subscribe(["Ramp0", "Writable3", "Ramp1"]);
    for (const via of [0, 1]) {
      for (const source of [1, 2, 3]) {
        const body = { server, group, source, via, maxAgeMs: 0, items: Uint32Array.of(3, 99, 2, 1) };
        const states = await ask("read", body);
        assert.deepEqual([...states.errors], [0, invalidHandle, 0, 0]);
        const types = states.values.toArray().map(({ type }) => type);
        assert.deepEqual(types, [varType.r8, varType.empty, varType.bstr, varType.r8]);
        assert.deepEqual([...states.qualities], [192, 0, 192, 192]);
      }
    }
  });

  it("writes values, also with quality and timestamp, and reports each item's error", async () => {
    await open();
    await subscribe(["Writable1", "Ramp0", "Writable0"]);
    const values = Values.of([scalar(varType.i4, 7), scalar(varType.r8, 1), scalar(varType.bstr, "2.5")]);
    const items = Uint32Array.of(1, 2, 3);
    for (const via of [0, 1]) {
      const { errors } = await ask("write", {
        ...{ server, group, via, items, values },
        ...{ given: new Uint8Array(), qualities: new Uint16Array(), timestamps: new BigUint64Array() },
      });
      assert.deepEqual([...errors], [0, badRights, 0]);
    }
    const time = 134_116_992_000_000_000n;
    await ask("write", {
      ...{ server, group, via: 0, items: Uint32Array.of(1), values: Values.of([scalar(varType.i4, 8)]) },
      ...{ given: Uint8Array.of(3), qualities: Uint16Array.of(0x44), timestamps: BigUint64Array.of(time) },
    });
    const read = { server, group, source: 2, via: 0, maxAgeMs: 0, items: Uint32Array.of(1, 3) };
    const states = await ask("read", read);
    assert.deepEqual(states.values.toArray(), [scalar(varType.i4, 8), scalar(varType.r8, 2.5)]);
    assert.deepEqual([states.qualities[0], states.timestamps[0]], [0x44, time]);
  });

  it("browses both ways and knows properties", async () => {
    await open();
    const path = ["Simulation", "Sines"];
    const filter = { filter: "Sine?", dataType: 0, accessRights: 0 };
    const { names } = await ask("browseAddressSpace", { server, path, browseType: 2, ...filter });
    assert.equal(names.length, 10);
    const ids = await ask("getItemIds", { server, path, names: ["Sine3", "none"] });
    assert.deepEqual([...ids.itemIds], ["Sine3", null]);
    const browsed = await ask("browse", {
      ...{ server, itemId: "Simulation/Ramps", continuation: null, maxElements: 600, filter: 3 },
      ...{ nameFilter: "", vendorFilter: "", allProperties: true, propertyValues: true },
      properties: new Uint32Array(),
    });
    assert.deepEqual([browsed.elements.length, browsed.continuation], [600, "600"]);
    assert.equal(browsed.elements[0]?.properties.properties.length, 7);
    const properties = await ask("getItemProperties", {
      server,
      itemId: "Ramp0",
      ids: Uint32Array.of(1, 4711),
    });
    assert.deepEqual([...properties.errors], [0, 0xc0040203 | 0]);
    const known = await ask("queryProperties", { server, itemId: "Ramp0" });
    assert.ok(known.descriptions.includes("Item Value"));
    const { text } = await ask("getErrorString", { server, error: unknownItem, locale: 0 });
    assert.equal(text, "The server knows no such item");
  });

  it("answers unknown items, groups, servers and classes with their codes", async () => {
    assert.equal(await refusal("getStatus", { server: 9 }), "0x80070006");
    const nowhere = { server: 2, id: "No.Such.Server", machine: "", classContext: 0, authentication: 0 };
    assert.equal(await refusal("openServer", nowhere), "0x800401F3");
    await open();
    assert.equal(await refusal("removeGroup", { server, group: 9 }), "0xC0040001");
    const added = await subscribe(["Ramp0", "NoSuchItem", ""]);
    assert.deepEqual([...added.errors], [0, unknownItem, 0xc0040008 | 0]);
  });

  it("carries out requests that were sent without waiting, in their order", async () => {
    const item = { active: true, requestedType: 0, accessPath: "", itemId: "Ramp0" };
    const [, , added, states, removed] = await Promise.all([
      open(),
      ask("addGroup", { server, group, name: "", ...groupState }),
      ask("addItems", { server, group, items: [{ item: 1, ...item }] }),
      ask("read", { server, group, source: 2, via: 0, maxAgeMs: 0, items: Uint32Array.of(1) }),
      ask("removeItems", { server, group, items: Uint32Array.of(1) }),
    ]);
    assert.deepEqual([added.errors[0], removed.errors[0]], [0, 0]);
    assert.equal(states.errors.length, 1);
  });

  it("goes on with other calls while one is slow", async () => {
    await open();
    await subscribe(["Ramp0"]);
    await ask("addGroup", { server, group: 2, name: "", ...groupState });
    await simulator.command({ command: "slow", delayMs: 1000 });
    const begun = Date.now();
    const reads = Array.from({ length: 8 }, () =>
      ask("read", { server, group, source: 2, via: 0, maxAgeMs: 0, items: Uint32Array.of(1) }),
    );
    await Promise.all([...reads, ask("getStatus", { server })]);
    const tookMs = Date.now() - begun;
    await simulator.command({ command: "slow", delayMs: 0 });
    assert.ok(tookMs < 4000, `nine calls of a second each took ${tookMs} ms`);
  });

  it("tells bad quality as it is", async () => {
    await open();
    await subscribe(["Ramp0"]);
    await until(() => eventsOf("dataChange").length > 0);
    await simulator.command({ command: "quality", item: "Ramp0", good: false });
    await until(() => eventsOf("dataChange").some(({ qualities }) => qualities[0] === 16));
  });

  it("tells of a shutdown notification", async () => {
    await open();
    await simulator.command({ command: "shutdown", afterMs: 200 });
    await until(() => eventsOf("shutdown").length > 0);
    assert.deepEqual(eventsOf("shutdown"), [{ server, reason: "asked for" }]);
  });

  it("leaves nothing on the server after it is closed", async () => {
    const objects = async () => (await simulator.command({ command: "status" }))["objects"];
    const before = await objects();
    for (let round = 0; round < 3; round++) {
      await open();
      await subscribe(ramps(100));
      await ask("read", { server, group, source: 2, via: 1, maxAgeMs: 0, items: Uint32Array.of(1, 2) });
      await ask("closeServer", { server });
    }
    const endMs = Date.now() + 5000;
    while ((await objects()) !== before) {
      assert.ok(Date.now() < endMs, "objects are left");
      await delay(50);
    }
  });

  it("finds a killed server with the next call and says so once", async () => {
    await open();
    await simulator.kill();
    const begun = Date.now();
    assert.match(await refusal("getStatus", { server }), /^0x800706B[AE]$/);
    assert.ok(Date.now() - begun < 1000);
    await refusal("getStatus", { server });
    await until(() => eventsOf("serverLost").length > 0);
    assert.equal(eventsOf("serverLost").length, 1);
  });

  it("cancels an asynchronous read that waits, and says so of what it does not know", async () => {
    await open();
    await subscribe(["Ramp0"]);
    await simulator.command({ command: "slow", delayMs: 3000 });
    const body = { server, group, source: 2, via: 1, maxAgeMs: 0, items: Uint32Array.of(1) };
    const begun = Date.now();
    const reading = helper.call("read", body, deadlineMs);
    const correlations = Array.from({ length: 20 }, (_, index) => index + 1);
    // The connection chooses the correlation ids: small numbers in their order.
    const found: number[] = [];
    while (found.length === 0) {
      for (const request of correlations) {
        const outcome = await helper.call("cancel", { request }, deadlineMs);
        if (outcome.ok && outcome.result === 0) found.push(request);
      }
    }
    const outcome = await reading;
    assert.ok(!outcome.ok);
    assert.equal(hex(outcome.result), "0x80004004");
    assert.ok(Date.now() - begun < 2500);
    await simulator.command({ command: "slow", delayMs: 0 });
  });

  it("answers asynchronous reads that a killed server will never complete", async () => {
    await open();
    await subscribe(["Ramp0"]);
    await simulator.command({ command: "slow", delayMs: 3000 });
    const body = { server, group, source: 2, via: 1, maxAgeMs: 0, items: Uint32Array.of(1) };
    const reading = helper.call("read", body, deadlineMs);
    // Long enough for the call to have come back: it is the server's callback that is owed then.
    await delay(500);
    await simulator.kill();
    await refusal("getStatus", { server });
    const outcome = await reading;
    assert.ok(!outcome.ok);
    assert.match(hex(outcome.result), /^0x800706B[AE]$/);
  });

  it("can be ended while a stopped server holds its call", async () => {
    await open();
    await subscribe(["Ramp0"]);
    simulator.signal("SIGSTOP");
    try {
      const begun = Date.now();
      const outcome = await helper.call("getStatus", { server }, 300);
      assert.ok(!outcome.ok);
      assert.equal(hex(outcome.result), "0x8001011F");
      helper.end();
      await helper.exited;
      assert.ok(Date.now() - begun < 1500, `it took ${Date.now() - begun} ms`);
      assert.ok(!helper.isOpen);
    } finally {
      simulator.signal("SIGCONT");
    }
  });

  it("is killed when a call does not come back long after its deadline", async () => {
    await open();
    simulator.signal("SIGSTOP");
    try {
      const lost = new Promise<string>((resolve) => {
        helper.onLost = resolve;
      });
      await helper.call("getStatus", { server }, 100);
      assert.match(await lost, /getStatus took longer than 100 ms and did not come back/);
      await helper.exited;
    } finally {
      simulator.signal("SIGCONT");
    }
  });

  it("ends by itself when the broker is gone", async () => {
    const orphan = machine().start(nativeFile(nativeFiles.helper));
    const ended = once(orphan, "close");
    orphan.stdin?.end();
    assert.deepEqual((await ended)[0], 0);
  });

  it("refuses another major version, malformed and unknown requests, and ends after garbage", async () => {
    const child = machine().start(nativeFile(nativeFiles.helper));
    const splitter = new FrameSplitter();
    const answers: Frame[] = [];
    child.stdout?.on("data", (chunk: Buffer) => answers.push(...splitter.push(chunk)));
    const hello = {
      magic: helloMagic,
      minor: 0,
      leg: 1,
      processId: 1,
      program: "",
      token: null,
      target: null,
    };
    child.stdin?.write(encodeRequest("hello", 1, 1000, { ...hello, major: 1 }));
    child.stdin?.write(encodeFrame({ type: 0x3ffe, correlation: 2, payload: Buffer.alloc(4) }));
    child.stdin?.write(encodeFrame({ type: 0x0013, correlation: 3, payload: Buffer.alloc(3) }));
    child.stdin?.write(encodeFrame({ type: 0x4ffe, correlation: 0, payload: Buffer.alloc(3) }));
    await until(() => answers.length === 4);
    const results = new Map(
      answers.map(({ correlation, payload }) => [correlation, payload.readUInt32LE(0)]),
    );
    assert.deepEqual([results.get(1), results.get(2), results.get(3)], [0, 0x80004001, 0x80070057]);
    assert.equal(answers.find(({ correlation }) => correlation === 0)?.type, 0x7fff);
    const ended = once(child, "close");
    child.stdin?.write(Buffer.alloc(64, 0xff));
    await ended;

    const other = machine().start(nativeFile(nativeFiles.helper));
    const otherEnded = once(other, "close");
    other.stdin?.write(encodeRequest("hello", 1, 1000, { ...hello, major: 2 }));
    await otherEnded;
  });
});
