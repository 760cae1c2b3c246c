import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { startDaSimulator, startTestClient } from "../../tools/native/programs.ts";
import { describeNative } from "./support/machine.ts";

const ok = "0x00000000";

describeNative("Activation of OPC DA servers", (machine) => {
  const simulators = () => machine().pidsOf("understudy-da-simulator.exe");

  async function untilGone(): Promise<void> {
    const endMs = Date.now() + 20_000;
    while (simulators().length > 0) {
      assert.ok(Date.now() < endMs, "the server is still there");
      await delay(100);
    }
  }

  it("starts a registered server for its first client and ends it some time after its last", async () => {
    assert.deepEqual(simulators(), []);
    const client = await startTestClient(machine());
    try {
      const connect = { command: "connect", progId: "Understudy.Simulator.2", context: "local" };
      assert.equal((await client.command(connect))["result"], ok);
      const subscribed = await client.command({ command: "subscribe", items: 1000 });
      assert.equal(subscribed["added"], 1000);
      assert.equal(simulators().length, 1);
      await client.command({ command: "disconnect" });
      await untilGone();
    } finally {
      await client.kill();
      machine().forgetKilledServers();
    }
  });

  it("lets two instances run at once, with the same values", async () => {
    const first = await startDaSimulator(machine(), { instance: 1 });
    const second = await startDaSimulator(machine(), { instance: 2 });
    const client = await startTestClient(machine());
    try {
      const seen: unknown[] = [];
      for (const instance of [1, 2]) {
        const progId = `Understudy.Simulator.${instance}`;
        await client.command({ command: "connect", progId, context: "local" });
        const { vendor } = await client.command({ command: "status" });
        assert.equal(vendor, `Understudy OPC DA simulator ${instance}`);
        await client.command({ command: "subscribe", items: 1 });
        const { value } = await client.command({ command: "read", source: "device" });
        seen.push(value);
      }
      const [one, two] = seen.map(Number);
      assert.ok(Math.abs((two ?? 0) - (one ?? 0)) <= 20, `${one} and ${two} are not of one clock`);
    } finally {
      await Promise.all([client.kill(), first.kill(), second.kill()]);
      machine().forgetKilledServers();
    }
  });

  it("finds a server again that was killed and started anew", async () => {
    const progId = "Understudy.Simulator.1";
    const client = await startTestClient(machine());
    const killed = await startDaSimulator(machine());
    await client.command({ command: "connect", progId, context: "local" });
    await killed.kill();
    machine().forgetKilledServers();
    const anew = await startDaSimulator(machine());
    try {
      const connected = await client.command({ command: "connect", progId, context: "local" });
      assert.equal(connected["result"], ok);
    } finally {
      await Promise.all([client.kill(), anew.kill()]);
      machine().forgetKilledServers();
    }
  });
});
