import assert from "node:assert/strict";
import type { ConnectionMode } from "../../src/core/policy.ts";
import type { Role } from "../../src/core/role.ts";
import type { ConnectedClient } from "./support/clients.ts";
import { readStatus, writeStatus } from "./support/items.ts";
import { Plant } from "./support/plant.ts";
import { modes, pairSettings, queryMs } from "./support/project-text.ts";
import { type Account, type Ids, ramps, type Watcher } from "./support/watcher.ts";

const items = 20;
/** Publishing and sampling interval of the clients, and the period of the ramps, in ms. */
const periodMs = 100;
/** How long a change of the state of a member may take to be noticed on a busy machine, in ms. */
const slackMs = 1500;

/** What is watched beside the status queries. */
const monitoring = {
  monitorItems: [
    { itemId: "ns=1;s=_System.Quality", updateRate: 100, trigger: "badQuality" },
    { itemId: "ns=1;s=_System.Watchdog", updateRate: 200, trigger: "noChange", triggerData: "1600" },
    {
      itemId: "ns=1;s=_System.State",
      dataType: "Long",
      updateRate: 100,
      trigger: "specificValue",
      triggerData: "7",
    },
  ],
  monitorItemFailureCount: 1,
};

/** A client of one pair, and what must not change for it. */
interface Audience {
  readonly mode: ConnectionMode;
  readonly client: ConnectedClient;
  readonly watcher: Watcher;
  readonly ids: Ids;
}

describe("clients of a cold, a warm and a hot pair", function () {
  this.timeout(60_000);
  let plant: Plant;
  let audiences: Audience[];

  before(async () => {
    plant = await Plant.start({
      simulator: { items, periodMs },
      pairs: (places) =>
        modes.map((mode) =>
          pairSettings(mode, mode, places, {
            ...monitoring,
            alwaysReconnectToPrimary: mode !== "cold",
          }),
        ),
    });
    await Promise.all(modes.map((mode) => plant.broker.untilServing(mode)));
    audiences = await Promise.all(
      modes.map(async (mode) => {
        const { client, watcher } = await plant.watch(mode, ramps(items));
        return { mode, client, watcher, ids: watcher.ids() };
      }),
    );
    await Promise.all(audiences.map(({ watcher }) => watcher.more()));
  });
  beforeEach(async () => {
    await plant.revive();
    await Promise.all(modes.map((mode) => plant.settle(mode)));
    await Promise.all(audiences.map(({ watcher }) => watcher.more()));
  });
  after(async () => {
    await plant.stop();
  });

  /** Harms the primary and resolves when all clients get data from the secondary. */
  async function failOver(
    harm: () => Promise<unknown> | undefined,
    cause: string,
    timeoutMs = 5000,
  ): Promise<void> {
    const after = plant.broker.lastEventId;
    await harm();
    await Promise.all(
      audiences.map(async ({ mode, watcher }) => {
        const { record } = await plant.broker.untilPromoted(mode, "secondary", after, timeoutMs);
        assert.ok(record.kind === "promoted");
        assert.equal(record.cause.kind, cause, `cause in ${mode}`);
        await watcher.more(3, `values of ${mode} after the failover`);
      }),
    );
  }

  /** Resolves when those pairs that can are back on the primary. */
  async function goBack(after: number): Promise<void> {
    await Promise.all(
      audiences.map(async ({ mode, watcher }) => {
        if (mode === "cold") return;
        await plant.broker.untilPromoted(mode, "primary", after);
        await watcher.more(3, `values of ${mode} back on the primary`);
      }),
    );
  }

  /** Ids are the same, nothing came twice or out of order, sequence numbers have no gap; in hot nothing was lost. */
  async function checkAll(sinceMs: number, title: string): Promise<void> {
    for (const { mode, client, watcher, ids } of audiences) {
      const account = watcher.account(sinceMs);
      report(title, mode, account);
      assert.deepEqual(watcher.ids(), ids, `ids in ${mode}`);
      assert.equal(client.drops(), 0, `connections lost in ${mode}`);
      assert.deepEqual(watcher.statusChanges, [], `status changes in ${mode}`);
      assert.equal(account.duplicated, 0, `values twice in ${mode}`);
      assert.equal(account.disordered, 0, `values out of order in ${mode}`);
      if (mode === "hot") assert.equal(account.lost, 0, "values lost in hot");
      if (mode !== "cold") assert.equal(account.bad, 0, `bad values in ${mode}`);
      assertConsecutive(watcher.sequenceNumbers, mode);
      const state = await client.session.readVariableValue("i=2259");
      assert.equal(state.value.value, 0, `Server.State in ${mode}`);
    }
  }

  it("go on after kill -9 of the active server, and back when it is started again", async () => {
    const sinceMs = performance.now();
    await failOver(() => plant.members.primary.kill(), "linkLost");
    await checkAll(sinceMs, "kill -9");
    const after = plant.broker.lastEventId;
    await plant.revive();
    await goBack(after);
    await checkAll(sinceMs, "kill -9 and back");
  });

  it("go on when the active server stands still (SIGSTOP), and back when it runs again", async () => {
    const sinceMs = performance.now();
    await failOver(async () => plant.members.primary.freeze(), "statusQuery");
    for (const { mode, watcher } of audiences) {
      if (mode === "cold") continue;
      const limitMs = queryMs.interval + queryMs.timeout + periodMs + slackMs;
      assert.ok(watcher.account(sinceMs).longestSilenceMs < limitMs, `silence in ${mode}`);
    }
    await checkAll(sinceMs, "SIGSTOP");
    const after = plant.broker.lastEventId;
    plant.members.primary.thaw();
    await goBack(after);
    await checkAll(sinceMs, "SIGSTOP and SIGCONT");
  });

  it("go on after a graceful shutdown, before the server closes its socket", async () => {
    const sinceMs = performance.now();
    const afterMs = 2000;
    await failOver(
      () => plant.members.primary.control({ command: "shutdown", afterMs, reason: "patching" }),
      "shutdown",
      afterMs - 500,
    );
    assert.ok(plant.members.primary.isRunning, "the server is still there");
    await checkAll(sinceMs, "shutdown");
    await plant.members.primary.exited;
    await Promise.all(audiences.map(({ watcher }) => watcher.more(3, "values after the server has ended")));
    await checkAll(sinceMs, "shutdown and end");
  });

  it("go on when a monitor item has bad quality, and back when it is good", async () => {
    const sinceMs = performance.now();
    const item = "ns=1;s=_System.Quality";
    await failOver(
      () => plant.members.primary.control({ command: "quality", item, good: false }),
      "monitorItems",
    );
    await checkAll(sinceMs, "bad quality");
    const after = plant.broker.lastEventId;
    await plant.members.primary.control({ command: "quality", item, good: true });
    await goBack(after);
    await checkAll(sinceMs, "bad quality and good again");
  });

  it("go on when the watchdog does not change any more, and back when it does", async () => {
    const sinceMs = performance.now();
    await failOver(
      () => plant.members.primary.control({ command: "freezeWatchdog", frozen: true }),
      "monitorItems",
    );
    await checkAll(sinceMs, "frozen watchdog");
    const after = plant.broker.lastEventId;
    await plant.members.primary.control({ command: "freezeWatchdog", frozen: false });
    await goBack(after);
    await checkAll(sinceMs, "frozen watchdog and beating again");
  });

  it("go on when an item has the value that means an error, and back when it has another", async () => {
    const sinceMs = performance.now();
    const item = "ns=1;s=_System.State";
    await failOver(() => plant.members.primary.control({ command: "set", item, value: 7 }), "monitorItems");
    await checkAll(sinceMs, "specific value");
    const after = plant.broker.lastEventId;
    await plant.members.primary.control({ command: "set", item, value: 0 });
    await goBack(after);
    await checkAll(sinceMs, "specific value and another");
  });

  it("notice nothing of the end of the server that is not active", async () => {
    const sinceMs = performance.now();
    await plant.members.secondary.kill();
    await Promise.all(
      (["warm", "hot"] as const).map((mode) =>
        plant.broker.untilStatus(mode, (status) => linkOf(status, "secondary") !== "up", "without secondary"),
      ),
    );
    await Promise.all(audiences.map(({ watcher }) => watcher.more(5)));
    for (const { watcher, mode } of audiences) {
      assert.equal(watcher.account(sinceMs).lost, 0, `values lost in ${mode}`);
      assert.equal((await plant.broker.status(mode)).active, "primary");
    }
    await checkAll(sinceMs, "standby killed");
  });

  it("are told that nothing serves, keep their sessions, and get good values of all items again", async () => {
    const sinceMs = performance.now();
    const darkMs: Record<string, number> = {};
    await Promise.all([plant.members.primary.kill(), plant.members.secondary.kill()]);
    await Promise.all(
      audiences.map(async ({ mode, client, watcher }) => {
        await watcher.until(
          () =>
            watcher.samples.every((samples) => {
              const last = samples.at(-1);
              return last !== undefined && last.atMs > sinceMs && last.statusCode.isBad();
            }),
          `all items of ${mode} to be Bad`,
        );
        darkMs[mode] = Math.round(performance.now() - sinceMs);
        assert.match(await readStatus(client.session, "Ramp0"), /Bad/, `a read in ${mode}`);
        const state = await client.session.readVariableValue("i=2259");
        assert.ok(state.statusCode.isGood(), `Server.State in ${mode}`);
        assert.notEqual(state.value.value, 0, `Server.State in ${mode} is not Running`);
        const level = await client.session.readVariableValue("i=2267");
        assert.ok(Number(level.value.value) < 200, `ServiceLevel in ${mode} is ${level.value.value}`);
        const written = await writeStatus(client.session, "Writable0", 1);
        assert.match(written, /Bad/, `a write in ${mode}`);
      }),
    );
    console.log(`      both down: items Bad after ${JSON.stringify(darkMs)} ms`);
    const backMs = performance.now();
    await plant.revive();
    await Promise.all(
      audiences.map(async ({ mode, client, watcher, ids }) => {
        await watcher.more(3, `good values of all items of ${mode}`);
        assert.deepEqual(watcher.ids(), ids);
        assert.equal(client.drops(), 0);
        const { duplicated, disordered } = watcher.account(backMs);
        assert.deepEqual({ mode, duplicated, disordered }, { mode, duplicated: 0, disordered: 0 });
        assert.equal(await readStatus(client.session, "Ramp0"), "Good", `a read in ${mode}`);
      }),
    );
  });
});

function linkOf(status: { members: readonly { role: Role; link: string }[] }, role: Role): string {
  return status.members.find((member) => member.role === role)?.link ?? "";
}

function assertConsecutive(numbers: readonly number[], mode: string): void {
  numbers.forEach((number, index) => {
    if (index === 0) return;
    assert.equal(number, (numbers[index - 1] ?? 0) + 1, `sequence numbers in ${mode}`);
  });
}

function report(title: string, mode: string, account: Account): void {
  const { values, lost, bad, longestSilenceMs } = account;
  console.log(
    `      ${title}, ${mode}: ${values} values, ${lost} lost, ${bad} bad, longest silence ${longestSilenceMs} ms`,
  );
}
