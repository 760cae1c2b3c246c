import assert from "node:assert/strict";
import type { Role } from "../../src/core/role.ts";
import type { ConnectedClient } from "./support/clients.ts";
import { Plant } from "./support/plant.ts";
import { modes, pairSettings } from "./support/project-text.ts";
import { type Ids, ramps, Watcher } from "./support/watcher.ts";

const items = 1000;
const switchovers = 50;

describe("many values, many switchovers, many clients", function () {
  this.timeout(60_000);
  let plant: Plant;

  before(async () => {
    plant = await Plant.start({
      simulator: { items },
      pairs: (places) =>
        modes.map((mode) => pairSettings(mode, mode, places, { alwaysReconnectToPrimary: false })),
    });
    await Promise.all(modes.map((mode) => plant.broker.untilServing(mode)));
  });
  beforeEach(async () => {
    await plant.revive();
    await Promise.all(modes.map((mode) => plant.settle(mode)));
  });
  afterEach(() => plant.clients.closeAll());
  after(() => plant.stop());

  it(`lose nothing and double nothing: ${items} items, ${switchovers} operator switchovers in a row, hot`, async () => {
    const { client, watcher } = await plant.watch("hot", ramps(items));
    const ids = watcher.ids();
    await watcher.more();
    const sinceMs = performance.now();
    let role: Role = "primary";
    for (let count = 0; count < switchovers; count++) {
      role = role === "primary" ? "secondary" : "primary";
      await plant.switchover("hot", role);
      // not in step with the publishing, and at times two within one interval
      if (count % 3 !== 0) await watcher.until(nextMessage(watcher), "a message");
    }
    const tookMs = Math.round(performance.now() - sinceMs);
    await watcher.more(3);
    const account = watcher.account();
    console.log(
      `      ${switchovers} switchovers in ${tookMs} ms: ${account.values} values, ` +
        `${account.lost} lost, ${account.duplicated} doubled, longest silence ${account.longestSilenceMs} ms`,
    );
    const { bad, lost, duplicated, disordered } = account;
    assert.deepEqual(
      { bad, lost, duplicated, disordered },
      { bad: 0, lost: 0, duplicated: 0, disordered: 0 },
    );
    assert.deepEqual(watcher.ids(), ids);
    assert.equal(client.drops(), 0);
    assert.equal((await plant.broker.status("hot")).active, role);
  });

  it("goes for ten clients with three subscriptions each across kill -9", async () => {
    const watching: { client: ConnectedClient; watcher: Watcher; ids: Ids; pair: string }[] = [];
    await Promise.all(
      Array.from({ length: 10 }, async (_, number) => {
        const pair = number < 6 ? "hot" : number < 8 ? "warm" : "cold";
        const client = await plant.connect(pair);
        for (const [index, publishingIntervalMs] of [100, 200, 300].entries()) {
          const names = ramps(20, number * 60 + index * 20);
          const watcher = await Watcher.create(client.session, names, {
            publishingIntervalMs,
            priority: index,
          });
          watching.push({ client, watcher, ids: watcher.ids(), pair });
        }
      }),
    );
    await Promise.all(watching.map(({ watcher }) => watcher.more()));
    const handed = new Set(watching.map(({ ids, pair }) => `${pair} ${ids.subscription}`));
    assert.equal(handed.size, 30, "subscription ids are unique within a pair");
    const after = plant.broker.lastEventId;
    await plant.members.primary.kill();
    await Promise.all(modes.map((mode) => plant.broker.untilPromoted(mode, "secondary", after)));
    await Promise.all(watching.map(({ watcher }) => watcher.more(5)));
    for (const { client, watcher, ids, pair } of watching) {
      const { bad, lost, duplicated, disordered } = watcher.account();
      assert.deepEqual([duplicated, disordered], [0, 0], pair);
      if (pair === "hot") assert.deepEqual([lost, bad], [0, 0]);
      assert.deepEqual(watcher.ids(), ids);
      assert.equal(client.drops(), 0);
    }
    const { clients, subscriptions, monitoredItems } = await plant.broker.status("hot");
    assert.deepEqual([clients, subscriptions, monitoredItems], [6, 18, 360]);
  });
});

/** True after the first notification that comes from now on. */
function nextMessage(watcher: Watcher): () => boolean {
  const before = watcher.sequenceNumbers.length;
  return () => watcher.sequenceNumbers.length > before;
}
