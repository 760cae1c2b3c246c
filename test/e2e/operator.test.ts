import assert from "node:assert/strict";
import type { SwitchoverAnswer } from "../../src/control/broker-api.ts";
import { Plant } from "./support/plant.ts";
import { modes, pairSettings } from "./support/project-text.ts";
import { ramps, type Watcher } from "./support/watcher.ts";

const items = 10;
const quality = "ns=1;s=_System.Quality";

describe("an operator", function () {
  this.timeout(30_000);
  let plant: Plant;
  let watchers: ReadonlyMap<string, Watcher>;

  before(async () => {
    const monitoring = {
      monitorItems: [{ itemId: quality, updateRate: 100, trigger: "badQuality" }],
      monitorItemFailureCount: 1,
    };
    plant = await Plant.start({
      simulator: { items },
      pairs: (places) => [
        ...modes.map((mode) => pairSettings(mode, mode, places, monitoring)),
        pairSettings("approved", "hot", places, {
          ...monitoring,
          failover: { connectTimeout: 2000, reconnectInterval: 200, approval: "manual" },
        }),
      ],
    });
    const names = [...modes, "approved"];
    const { broker } = plant;
    await broker.untilEvent(({ code }) => code === "connected", "a member");
    // what is to be approved by hand begins by itself all the same
    await Promise.all(names.map((name) => broker.untilServing(name)));
    watchers = new Map(
      await Promise.all(
        names.map(async (name) => {
          const { watcher } = await plant.watch(name, ramps(items));
          return [name, watcher] as const;
        }),
      ),
    );
  });
  beforeEach(async () => {
    await plant.revive();
    await Promise.all([...watchers.keys()].map((name) => plant.settle(name)));
    await Promise.all([...watchers.values()].map((watcher) => watcher.more()));
  });
  after(() => plant.stop());

  function watcherOf(name: string): Watcher {
    const watcher = watchers.get(name);
    assert.ok(watcher);
    return watcher;
  }

  for (const mode of modes) {
    it(`switches over with a reason that stands in the events (${mode})`, async () => {
      const watcher = watcherOf(mode);
      const ids = watcher.ids();
      const sinceMs = performance.now();
      const after = plant.broker.lastEventId;
      const { code, stdout, stderr } = await plant.broker.cli(
        "switchover",
        mode,
        "--reason",
        "patching plc-a",
        "--json",
      );
      assert.equal(code, 0, stderr);
      const answer = JSON.parse(stdout) as SwitchoverAnswer;
      assert.deepEqual([answer.from, answer.to, answer.accepted], ["primary", "secondary", true]);
      const { record } = await plant.broker.untilPromoted(mode, "secondary", after);
      assert.ok(record.kind === "promoted");
      assert.deepEqual(record.cause, { kind: "operator", reason: "patching plc-a", forced: false });
      await watcher.more(3);
      assert.deepEqual(watcher.ids(), ids);
      const { bad, lost, duplicated, disordered } = watcher.account(sinceMs);
      assert.deepEqual([bad, duplicated, disordered], [0, 0, 0]);
      if (mode === "hot") assert.equal(lost, 0);
    });

    it(`is told by a dry run what would happen, and nothing happens (${mode})`, async () => {
      const watcher = watcherOf(mode);
      const sinceMs = performance.now();
      const before = await plant.broker.status(mode);
      const after = plant.broker.lastEventId;
      const { code, stdout } = await plant.broker.cli("switchover", mode, "--dry-run", "--json");
      assert.equal(code, 0);
      const answer = JSON.parse(stdout) as SwitchoverAnswer;
      assert.deepEqual([answer.dryRun, answer.to], [true, "secondary"]);
      assert.ok(answer.explanation.length > 0);
      await watcher.more(3);
      const { active, switchovers } = await plant.broker.status(mode);
      assert.deepEqual([active, switchovers], [before.active, before.switchovers]);
      const { lost, duplicated } = watcher.account(sinceMs);
      assert.deepEqual([lost, duplicated], [0, 0]);
      assert.deepEqual(
        plant.broker.events.filter(({ id, pair }) => id > after && pair === mode).map(({ code }) => code),
        [],
      );
    });

    it(`suspends a pair, which then stays where it is until resumed (${mode})`, async () => {
      const watcher = watcherOf(mode);
      assert.equal((await plant.broker.cli("suspend", mode)).code, 0);
      try {
        const after = plant.broker.lastEventId;
        await plant.members.primary.control({ command: "quality", item: quality, good: false });
        await plant.broker.untilEvent(
          ({ code, pair }) => code === "monitorTestInError" && pair === mode,
          "the error to be noticed",
          { after },
        );
        await watcher.more(3);
        const { active, suspended } = await plant.broker.status(mode);
        assert.deepEqual([active, suspended], ["primary", true]);
        assert.equal((await plant.broker.cli("resume", mode)).code, 0);
        await plant.broker.untilPromoted(mode, "secondary", after);
        await watcher.more(3);
      } finally {
        await plant.broker.control.resume(mode, "end of the test");
      }
    });
  }

  it("is asked for approval before a pair that wants it switches over", async () => {
    const watcher = watcherOf("approved");
    const after = plant.broker.lastEventId;
    await plant.members.primary.control({ command: "quality", item: quality, good: false });
    await plant.broker.untilEvent(
      ({ code, pair }) => code === "approvalNeeded" && pair === "approved",
      "the question",
      { after },
    );
    await watcher.more(3);
    const waiting = await plant.broker.status("approved");
    assert.deepEqual([waiting.active, waiting.awaitingApproval], ["primary", "secondary"]);
    const { code, stderr } = await plant.broker.cli("approve", "approved");
    assert.equal(code, 0, stderr);
    await plant.broker.untilPromoted("approved", "secondary", after);
    await watcher.more(3);
    const refused = await plant.broker.cli("approve", "approved");
    assert.equal(refused.code, 1);
  });

  it("is refused a switchover to a member that is known to be worse, unless it is forced", async () => {
    const after = plant.broker.lastEventId;
    await plant.members.secondary.control({ command: "quality", item: quality, good: false });
    await plant.broker.untilEvent(
      ({ code, pair, member }) => code === "monitorTestInError" && pair === "hot" && member === "secondary",
      "the error to be noticed",
      { after },
    );
    const refused = await plant.broker.cli("switchover", "hot", "--json");
    assert.equal(refused.code, 1);
    assert.equal((JSON.parse(refused.stdout) as SwitchoverAnswer).accepted, false);
    assert.equal((await plant.broker.status("hot")).active, "primary");
    const forced = await plant.broker.cli("switchover", "hot", "--force");
    assert.equal(forced.code, 0, forced.stderr);
    await plant.broker.untilPromoted("hot", "secondary", after);
    await watcherOf("hot").more(3);
  });
});
