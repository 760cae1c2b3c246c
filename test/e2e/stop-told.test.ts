import assert from "node:assert/strict";
import { once } from "node:events";
import {
  AttributeIds,
  type ClientMonitoredItem,
  type DataValue,
  ServerState,
  TimestampsToReturn,
} from "node-opcua";
import { Changes, within } from "./support/changes.ts";
import { Plant } from "./support/plant.ts";
import { pairSettings } from "./support/project-text.ts";

const watched = Object.freeze({ status: "i=2256", state: "i=2259", seconds: "i=2992", reason: "i=2993" });
type Watched = keyof typeof watched;

describe("clients of a broker that is told to end", function () {
  this.timeout(60_000);
  let plant: Plant;

  beforeEach(async () => {
    plant = await Plant.start({
      simulator: { items: 2 },
      pairs: (places) => [pairSettings("hot", "hot", places)],
    });
    await plant.broker.untilServing("hot");
  });
  afterEach(() => plant.stop());

  it("are told the end and its reason by notification, then their session ends with BadShutdown", async () => {
    const { client, session } = await plant.connect("hot");
    const subscription = await within(
      session.createSubscription2({ requestedPublishingInterval: 100, publishingEnabled: true }),
      "the subscription",
    );
    const changes = new Changes();
    const seen: Record<Watched, unknown[]> = { status: [], state: [], seconds: [], reason: [] };
    for (const name of Object.keys(watched) as Watched[]) {
      const item = (await within(
        subscription.monitor(
          { nodeId: watched[name], attributeId: AttributeIds.Value },
          { samplingInterval: 100, queueSize: 10, discardOldest: true },
          TimestampsToReturn.Both,
        ),
        `watching ${name}`,
      )) as ClientMonitoredItem;
      // The first value may have come before; what the broker says at its end cannot.
      item.on("changed", (value: DataValue) => {
        seen[name].push(value.value.value);
        changes.announce();
      });
    }
    const gone = once(client, "close");

    const ended = plant.broker.terminate();
    await changes.until(() => seen.state.includes(ServerState.Shutdown), "the state Shutdown");
    const { code } = await ended;
    await within(gone, "the end of the connection");
    assert.equal(code, 0);
    // A member may say something of its own in between.
    assert.deepEqual([seen.seconds.includes(1), seen.seconds.at(-1)], [true, 0], "a countdown");
    assert.match(String((seen.reason.at(-1) as { text: string }).text), /SIGTERM/);
    const status = seen.status.at(-1) as { state: number; secondsTillShutdown: number };
    assert.deepEqual([status.state, status.secondsTillShutdown], [ServerState.Shutdown, 0]);
    await client.disconnect().catch(() => undefined);
  });
});
