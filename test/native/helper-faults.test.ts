import assert from "node:assert/strict";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { encodeFrame, type Frame, FrameSplitter } from "../../src/opc/da/wire/frame.ts";
import { encodeRequest } from "../../src/opc/da/wire/message-codec.ts";
import { helloMagic } from "../../src/opc/da/wire/requests.ts";
import { nativeFile, nativeFiles } from "../../tools/native/programs.ts";
import {
  deadlineMs,
  group,
  groupState,
  HelperSession,
  hex,
  ramps,
  server,
  until,
} from "./support/helper-session.ts";
import { describeNative } from "./support/machine.ts";

describeNative("The OPC DA helper in trouble", (machine) => {
  let session: HelperSession;

  beforeEach(async () => {
    session = await HelperSession.start(machine());
  });

  afterEach(() => session.end());

  it("goes on with other calls while one is slow", async () => {
    await session.open();
    await session.subscribe(["Ramp0"]);
    await session.ask("addGroup", { server, group: 2, name: "", ...groupState });
    await session.simulator.command({ command: "slow", delayMs: 1000 });
    const begun = Date.now();
    const reads = Array.from({ length: 8 }, () =>
      session.ask("read", { server, group, source: 2, via: 0, maxAgeMs: 0, items: Uint32Array.of(1) }),
    );
    await Promise.all([...reads, session.ask("getStatus", { server })]);
    const tookMs = Date.now() - begun;
    await session.simulator.command({ command: "slow", delayMs: 0 });
    assert.ok(tookMs < 4000, `nine calls of a second each took ${tookMs} ms`);
  });

  it("tells bad quality as it is", async () => {
    await session.open();
    await session.subscribe(["Ramp0"]);
    await until(() => session.eventsOf("dataChange").length > 0);
    await session.simulator.command({ command: "quality", item: "Ramp0", good: false });
    await until(() => session.eventsOf("dataChange").some(({ qualities }) => qualities[0] === 16));
  });

  it("tells of a shutdown notification", async () => {
    await session.open();
    await session.simulator.command({ command: "shutdown", afterMs: 200 });
    await until(() => session.eventsOf("shutdown").length > 0);
    assert.deepEqual(session.eventsOf("shutdown"), [{ server, reason: "asked for" }]);
  });

  it("leaves nothing on the server after it is closed", async () => {
    const objects = async () => (await session.simulator.command({ command: "status" }))["objects"];
    const before = await objects();
    for (let round = 0; round < 3; round++) {
      await session.open();
      await session.subscribe(ramps(100));
      await session.ask("read", {
        server,
        group,
        source: 2,
        via: 1,
        maxAgeMs: 0,
        items: Uint32Array.of(1, 2),
      });
      await session.ask("closeServer", { server });
    }
    const endMs = Date.now() + 5000;
    while ((await objects()) !== before) {
      assert.ok(Date.now() < endMs, "objects are left");
      await delay(50);
    }
  });

  it("finds a killed server with the next call and says so once", async () => {
    await session.open();
    await session.simulator.kill();
    const begun = Date.now();
    assert.match(await session.refusal("getStatus", { server }), /^0x800706B[AE]$/);
    assert.ok(Date.now() - begun < 1000);
    await session.refusal("getStatus", { server });
    await until(() => session.eventsOf("serverLost").length > 0);
    assert.equal(session.eventsOf("serverLost").length, 1);
  });

  it("cancels an asynchronous read that waits, and says so of what it does not know", async () => {
    await session.open();
    await session.subscribe(["Ramp0"]);
    await session.simulator.command({ command: "slow", delayMs: 3000 });
    const body = { server, group, source: 2, via: 1, maxAgeMs: 0, items: Uint32Array.of(1) };
    const begun = Date.now();
    const reading = session.helper.call("read", body, deadlineMs);
    const correlations = Array.from({ length: 20 }, (_, index) => index + 1);
    // The connection chooses the correlation ids: small numbers in their order.
    const found: number[] = [];
    while (found.length === 0) {
      for (const request of correlations) {
        const outcome = await session.helper.call("cancel", { request }, deadlineMs);
        if (outcome.ok && outcome.result === 0) found.push(request);
      }
    }
    const outcome = await reading;
    assert.ok(!outcome.ok);
    assert.equal(hex(outcome.result), "0x80004004");
    assert.ok(Date.now() - begun < 2500);
    await session.simulator.command({ command: "slow", delayMs: 0 });
  });

  it("answers asynchronous reads that a killed server will never complete", async () => {
    await session.open();
    await session.subscribe(["Ramp0"]);
    await session.simulator.command({ command: "slow", delayMs: 3000 });
    const body = { server, group, source: 2, via: 1, maxAgeMs: 0, items: Uint32Array.of(1) };
    const reading = session.helper.call("read", body, deadlineMs);
    // Long enough for the call to have come back: it is the server's callback that is owed then.
    await delay(500);
    await session.simulator.kill();
    await session.refusal("getStatus", { server });
    const outcome = await reading;
    assert.ok(!outcome.ok);
    assert.match(hex(outcome.result), /^0x800706B[AE]$/);
  });

  it("can be ended while a stopped server holds its call", async () => {
    await session.open();
    await session.subscribe(["Ramp0"]);
    session.simulator.signal("SIGSTOP");
    try {
      const begun = Date.now();
      const outcome = await session.helper.call("getStatus", { server }, 300);
      assert.ok(!outcome.ok);
      assert.equal(hex(outcome.result), "0x8001011F");
      session.helper.end();
      await session.helper.exited;
      assert.ok(Date.now() - begun < 1500, `it took ${Date.now() - begun} ms`);
      assert.ok(!session.helper.isOpen);
    } finally {
      session.simulator.signal("SIGCONT");
    }
  });

  it("is killed when a call does not come back long after its deadline", async () => {
    await session.open();
    session.simulator.signal("SIGSTOP");
    try {
      const lost = new Promise<string>((resolve) => {
        session.helper.onLost = resolve;
      });
      await session.helper.call("getStatus", { server }, 100);
      assert.match(await lost, /getStatus took longer than 100 ms and did not come back/);
      await session.helper.exited;
    } finally {
      session.simulator.signal("SIGCONT");
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
