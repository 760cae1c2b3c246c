import assert from "node:assert/strict";
import { MonitoringMode } from "node-opcua";
import { startSimulatorPair } from "../../tools/simulator/process.ts";
import { ProtocolClient } from "./protocol-client.ts";
import { waitFor } from "./wait.ts";

describe("Two simulators", () => {
  it("give the same value and timestamp for the same tick", async () => {
    const pair = await startSimulatorPair({ items: 20, sines: 20, periodMs: 50 });
    const clients: ProtocolClient[] = [];
    try {
      for (const { endpointUrl } of [pair.primary, pair.secondary]) {
        const client = await ProtocolClient.connect(endpointUrl);
        clients.push(client);
        const subscription = await client.subscribe({});
        const nodes = ["Ramp0", "Ramp19", "Sine0", "Sine13", "_System.Watchdog", "_System.DateTime"];
        await client.monitor(
          subscription,
          nodes.map((name, handle) => ({
            node: `ns=1;s=${name}`,
            handle,
            samplingIntervalMs: 50,
            mode: MonitoringMode.Reporting,
          })),
        );
        client.publish(30);
      }
      const [one, other] = await Promise.all(
        clients.map(async (client) => {
          await waitFor(client, "message", () => (client.messages.length >= 8 ? true : null));
          const values = client.messages.flatMap((message) => message.values);
          return new Map(values.map(({ handle, time, value }) => [`${handle} ${time}`, value]));
        }),
      );
      const shared = [...(one?.keys() ?? [])].filter((key) => other?.has(key));
      assert.ok(shared.length >= 40, `${shared.length} samples of both`);
      for (const key of shared) assert.deepEqual(one?.get(key), other?.get(key), key);
    } finally {
      await Promise.all(clients.map((client) => client.close()));
      await pair.stop();
    }
  });
});
