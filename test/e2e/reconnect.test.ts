import assert from "node:assert/strict";
import type { ConnectionMode } from "../../src/core/policy.ts";
import type { ConnectedClient } from "./support/clients.ts";
import { Plant } from "./support/plant.ts";
import { modes, pairSettings } from "./support/project-text.ts";
import { TcpRelay } from "./support/tcp-relay.ts";
import { ramps, Watcher } from "./support/watcher.ts";

const items = 10;

describe("a client whose connection to the broker is cut", function () {
  this.timeout(30_000);
  let plant: Plant;
  let relay: TcpRelay;
  /** A client that has lost its connection for good, and one that has not. */
  let gone: ConnectedClient;
  let goneName: string | null;
  let goneAfter: number;
  let bystander: Awaited<ReturnType<Plant["watch"]>>;

  before(async () => {
    plant = await Plant.start({
      simulator: { items },
      pairs: (places) => modes.map((mode) => pairSettings(mode, mode, places)),
    });
    relay = await TcpRelay.start(plant.port);
    await Promise.all(modes.map((mode) => plant.broker.untilServing(mode)));
    // a session lasts at least ten seconds: they pass while the other tests run
    bystander = await plant.watch("hot", ramps(1));
    const wire = await TcpRelay.start(plant.port);
    const known = plant.broker.lastEventId;
    gone = await plant.clients.connect(`opc.tcp://127.0.0.1:${wire.port}/hot`, {
      requestedSessionTimeoutMs: 10_000,
    });
    const { id, client } = await plant.broker.untilEvent(
      ({ code }) => code === "clientConnected",
      "the client",
      {
        after: known,
      },
    );
    goneAfter = id;
    goneName = client;
    await wire.stop();
  });
  after(async () => {
    await plant.stop();
    await relay.stop();
  });

  async function watch(mode: ConnectionMode) {
    const url = `opc.tcp://127.0.0.1:${relay.port}/${mode}`;
    const client = await plant.clients.connect(url, { reconnect: true });
    const watcher = await Watcher.create(client.session, ramps(items));
    await watcher.more();
    return { client, watcher };
  }

  /** Cuts the wire, lets something happen meanwhile, mends it, and resolves when values come again. */
  async function cutDuring(watcher: Watcher, meanwhile: () => Promise<void>): Promise<void> {
    relay.cut();
    try {
      await meanwhile();
    } finally {
      relay.mend();
    }
    await watcher.more(10, "values after the connection is back", 15_000);
  }

  for (const mode of modes) {
    it(`goes on with its session on a new channel and gets what was queued meanwhile (${mode})`, async () => {
      const { client, watcher } = await watch(mode);
      const ids = watcher.ids();
      const before = plant.broker.lastEventId;
      // others' values tell how much time has passed
      const other = await plant.watch(mode, ramps(1));
      await cutDuring(watcher, () => other.watcher.more(10));
      assert.equal(client.drops(), 1);
      assert.deepEqual(watcher.ids(), ids);
      // the client may ask for messages again while it gets new ones, so that order proves nothing here
      assert.equal(watcher.missing(), 0);
      const ended = plant.broker.events.filter(
        ({ id, code, client: who }) => id > before && code === "clientDisconnected" && who !== goneName,
      );
      assert.deepEqual(ended, [], "no session has ended");
      await Promise.all([client.close(), other.client.close()]);
    });
  }

  it("loses nothing either when the active server is changed meanwhile (hot)", async () => {
    const { client, watcher } = await watch("hot");
    const ids = watcher.ids();
    const other = await plant.watch("hot", ramps(1));
    await cutDuring(watcher, async () => {
      await other.watcher.more(3);
      await plant.switchover("hot", "secondary");
      await other.watcher.more(3);
    });
    assert.deepEqual(watcher.ids(), ids);
    assert.equal(watcher.missing(), 0);
    await Promise.all([client.close(), other.client.close()]);
    await plant.switchover("hot", "primary");
  });

  it("and does not come back loses its session when its time is over, and the others do not", async () => {
    const { message } = await plant.broker.untilEvent(
      ({ id, code, client }) => id > goneAfter && code === "clientDisconnected" && client === goneName,
      "the session to end",
      { timeoutMs: 15_000 },
    );
    assert.match(message, /timed out/);
    await bystander.watcher.more();
    assert.equal(bystander.watcher.account().lost, 0);
    await Promise.all([gone.close(), bystander.client.close()]);
  });
});
