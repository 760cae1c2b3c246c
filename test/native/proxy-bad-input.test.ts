import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { JsonObject } from "../../tools/native/json-process.ts";
import { describeProxy, eventually, failed, ok, until, values, type Way } from "./support/proxy-rig.ts";

/** By the DLL in two ways and by the EXE. */
const each = Object.freeze(["inproc", "local", "exe"] as const);
const unknownItem = "0xC0040007";

/** Numbers from 0 to 1, the same in every run with the same seed (a linear congruential generator). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describeProxy("The OPC DA proxy, given bad input,", (rig) => {
  const command = (name: string, more: JsonObject = {}) => rig.client.command({ command: name, ...more });
  const subscribe = (more: JsonObject = {}) =>
    command("subscribe", { items: 100, rateMs: 50, periodMs: 50, ...more });
  const flows = () => eventually(rig.client, (stats) => values(stats) >= 300 && stats["lastQuality"] === 192);

  /** What was made for the client is gone when it has let go: objects, threads, connections, processes. */
  const nothingIsLeft = async () => {
    await command("disconnect");
    await until(() => rig.broker.connectionCount === 0);
    await until(() => rig.exes().length === 0);
    const endMs = Date.now() + 15_000;
    while ((await command("canUnload"))["result"] !== ok) {
      assert.ok(Date.now() < endMs, "the DLL still holds something");
      await delay(50);
    }
  };

  for (const way of each) {
    it(`refuses items that the server does not know, and leaks nothing (${way})`, async () => {
      await rig.connect(way);
      const answer = await subscribe({ prefix: "Nowhere" });
      assert.deepEqual(
        [answer["result"], answer["added"], answer["firstError"]],
        ["0x00000001", 0, unknownItem],
      );
      await nothingIsLeft();
    });

    it(`answers a read that the end of the broker left open once there is one again (${way})`, async () => {
      await rig.connect(way);
      await subscribe();
      await flows();
      rig.broker.ignored.add("read");
      const read = command("read", { source: "device", items: 100 });
      await until(() => rig.broker.count("read") === 1);
      await rig.broker.stop();
      rig.broker.ignored.clear();
      await rig.broker.start();
      assert.equal((await read)["result"], ok);
      await flows();
      await nothingIsLeft();
    });

    it(`ends calls in time where the broker does not come back (${way})`, async () => {
      await rig.connect(way);
      await subscribe();
      await flows();
      rig.broker.ignored.add("read").add("write");
      const begunMs = Date.now();
      const read = command("read", { source: "device", items: 100 });
      await until(() => rig.broker.count("read") === 1);
      await rig.broker.stop();
      assert.equal((await read)["result"], failed);
      // The deadline of a call is 1.5 s here.
      assert.ok(Date.now() - begunMs < 8000, `${Date.now() - begunMs} ms`);
      assert.equal((await command("read", { source: "cache", items: 100 }))["quality"], 0x44);
      await nothingIsLeft();
    });

    it(`forgets a client that is killed in a call (${way})`, async () => {
      await rig.connect(way);
      await subscribe();
      await flows();
      rig.broker.ignored.add("read");
      rig.client.command({ command: "read", source: "device", items: 100 }).catch(() => undefined);
      await until(() => rig.broker.count("read") === 1);
      await rig.client.kill();
      await until(() => rig.broker.connectionCount === 0);
    });

    it(`lets a client end that releases nothing (${way})`, async () => {
      await rig.connect(way);
      await subscribe();
      await flows();
      await assert.rejects(command("abandon"), /ended/);
      await until(() => rig.broker.connectionCount === 0);
    });

    it(`goes on after frames that are cut, altered or none (${way})`, async () => {
      await rig.connect(way);
      await subscribe();
      await flows();
      const broken = {
        noise: Buffer.alloc(64, 0xa5),
        "a frame too short": Buffer.from("0400000001400000", "hex"),
        "a frame without end": Buffer.from("ffffff7f0140000000000000", "hex"),
        "a frame that takes in all that follows": Buffer.from("000000030140000000000000", "hex"),
        "reserved flags": Buffer.from("080000000140010000000000", "hex"),
        "a data change of nothing": Buffer.from("080000000140000000000000", "hex"),
        "a data change with an impossible count": Buffer.from(
          `200000000140000000000000${"01000000".repeat(2)}${"00000000".repeat(3)}ffffffff`,
          "hex",
        ),
        "an answer nobody waits for": Buffer.from("0c0000004080000078563412ffffffff", "hex"),
        "an answer of nothing": Buffer.from("080000004080000078563412", "hex"),
      };
      for (const [what, bytes] of Object.entries(broken)) {
        rig.broker.sendRaw(bytes);
        await command("stats", { reset: true });
        await eventually(
          rig.client,
          (stats) => values(stats) >= 300 && stats["lastQuality"] === 192,
          20_000,
        ).catch((error: Error) => assert.fail(`${what}: ${error.message}`));
      }
      assert.equal((await command("read", { source: "device", items: 100 }))["result"], ok);
      await nothingIsLeft();
    });

    it(`lives through a stream whose bytes are altered at random (${way})`, async () => {
      await rig.connect(way);
      await subscribe();
      await flows();
      const random = randomOf(way.length * 7919);
      let mangled = 0;
      rig.broker.mangle = (frame) => {
        if (random() > 0.2) return frame;
        mangled++;
        const altered = Buffer.from(frame);
        // Mostly behind the head: a wrong head only ends the connection.
        const begin = random() < 0.1 ? 0 : 12;
        for (let count = 0; count < 3; count++) {
          const at = Math.min(frame.length - 1, begin + Math.floor(random() * (frame.length - begin)));
          altered[at] = Math.floor(random() * 256);
        }
        return random() < 0.1 ? altered.subarray(0, Math.floor(random() * altered.length)) : altered;
      };
      const endMs = Date.now() + 4000;
      while (Date.now() < endMs || mangled < 20) {
        const read = await command("read", { source: "device", items: 100 });
        assert.match(String(read["result"]), /^0x(0000000[01]|80004005|80070057|C004)/);
        await delay(20);
      }
      rig.broker.mangle = null;
      // The next connection begins with nothing of the old one.
      await rig.broker.stop();
      await rig.broker.start();
      await command("stats", { reset: true });
      await flows();
      await nothingIsLeft();
    });
  }

  it("answers wrong calls through the EXE with the codes of the specification", async () => {
    const way: Way = "exe";
    await rig.connect(way);
    await subscribe({ items: 1 });
    const { id: _, ...answers } = await command("errors");
    // What COM's proxies do not let through they answer themselves, with 800706F4: a null pointer for an array.
    const nullPointer = "0x800706F4";
    assert.deepEqual(
      [answers["readNothing"], answers["readNullHandles"], answers["readWrongSource"]],
      ["0x80070057", nullPointer, "0x80070057"],
    );
    assert.deepEqual(
      [answers["readWrongHandleItem"], answers["removeWrongHandleItem"], answers["removeWrongGroup"]],
      ["0xC0040001", "0xC0040001", "0xC0040001"],
    );
    assert.deepEqual(
      [answers["groupByUnknownName"], answers["addGroupBadDeadband"], answers["addGroupWrongInterface"]],
      ["0x80070057", "0x80070057", "0x80004002"],
    );
    await nothingIsLeft();
  });
});
