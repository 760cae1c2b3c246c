import assert from "node:assert/strict";
import {
  type ClientSession,
  MonitoringMode,
  type NotificationMessage,
  RepublishRequest,
  type RepublishResponse,
  TimestampsToReturn,
} from "node-opcua";
import type { ConnectionMode } from "../../src/core/policy.ts";
import { otherRole, type Role } from "../../src/core/role.ts";
import { within } from "./support/changes.ts";
import type { ConnectedClient } from "./support/clients.ts";
import { callsOf, perform, statusOf } from "./support/items.ts";
import { Plant } from "./support/plant.ts";
import { modes, pairSettings } from "./support/project-text.ts";
import { ramps, type Sample, Watcher } from "./support/watcher.ts";

const periodMs = 100;

describe("what a client does with its subscription holds on either member", function () {
  this.timeout(30_000);
  let plant: Plant;
  let clients: Readonly<Record<ConnectionMode, ConnectedClient>>;

  before(async () => {
    plant = await Plant.start({
      simulator: { items: 20, periodMs },
      pairs: (places) => modes.map((mode) => pairSettings(mode, mode, places)),
    });
    await Promise.all(modes.map((mode) => plant.broker.untilServing(mode)));
    const [cold, warm, hot] = await Promise.all(modes.map((mode) => plant.connect(mode)));
    assert.ok(cold && warm && hot);
    clients = { cold, warm, hot };
  });
  after(async () => {
    await plant.stop();
  });

  /** Runs a check in every mode at once, with a watcher of its own, from one member to the other and back. */
  async function inEveryMode(
    test: (watcher: Watcher, switchOver: () => Promise<void>, mode: ConnectionMode) => Promise<void>,
    names: readonly string[] = ramps(3),
    queueSize = 50,
  ): Promise<void> {
    await Promise.all(
      modes.map(async (mode) => {
        await plant.settle(mode);
        const watcher = await Watcher.create(clients[mode].session, names, { queueSize });
        await watcher.more(2, `first values in ${mode}`);
        let role: Role = "primary";
        const switchOver = async (): Promise<void> => {
          role = otherRole(role);
          await plant.switchover(mode, role);
          assert.equal(watcher.session.isReconnecting, false);
        };
        try {
          await test(watcher, switchOver, mode);
          assert.equal(clients[mode].drops(), 0);
        } finally {
          await watcher.subscription.terminate();
        }
      }),
    );
  }

  it("ModifyMonitoredItems: a slower sampling interval", () =>
    inEveryMode(async (watcher, switchOver, mode) => {
      const ids = watcher.ids();
      await watcher.group.modify({ samplingInterval: 500, queueSize: 50, discardOldest: true });
      const check = async (): Promise<void> => {
        const sinceMs = performance.now();
        await watcher.more(3, `slower values in ${mode}`);
        // the first may still belong to what was queued before
        const ticks = watcher.good().filter(({ atMs }) => atMs >= sinceMs);
        assert.deepEqual(differences(ticks.slice(1)), [5], `in ${mode}`);
      };
      await check();
      await switchOver();
      await check();
      await watcher.group.modify({ samplingInterval: 100, queueSize: 50, discardOldest: true });
      await watcher.more(2);
      const sinceMs = performance.now();
      await switchOver();
      await watcher.more(5);
      const account = watcher.account(sinceMs);
      assert.deepEqual([account.duplicated, account.disordered], [0, 0], `in ${mode}`);
      if (mode === "hot") assert.equal(account.lost, 0);
      assert.deepEqual(watcher.ids(), ids);
    }));

  it("DeleteMonitoredItems: no more values, and the id stays free", () =>
    inEveryMode(async (watcher, switchOver, mode) => {
      const [first = 0, second = 0, third = 0] = watcher.ids().items;
      assert.deepEqual(await remove(watcher, [second]), ["Good"]);
      // what was on its way
      await otherMore(watcher, [0, 2], 3);
      const before = watcher.samples[1]?.length;
      await switchOver();
      await otherMore(watcher, [0, 2], 3);
      assert.equal(watcher.samples[1]?.length, before, `values of the deleted item in ${mode}`);
      assert.deepEqual(await remove(watcher, [second, first]), ["BadMonitoredItemIdInvalid", "Good"]);
      await otherMore(watcher, [2], 3);
      const later = watcher.samples[0]?.length;
      await switchOver();
      await otherMore(watcher, [2], 3);
      assert.equal(watcher.samples[0]?.length, later, `values of the item deleted later in ${mode}`);
      assert.deepEqual(await remove(watcher, [third]), ["Good"]);
    }));

  it("CreateMonitoredItems: items added after a switchover are there after the next one", () =>
    inEveryMode(async (watcher, switchOver, mode) => {
      await switchOver();
      const more = await Watcher.create(watcher.session, ramps(5, 10));
      await more.more(3);
      const ids = more.ids();
      const sinceMs = performance.now();
      await switchOver();
      await Promise.all([more.more(3, `added items in ${mode}`), watcher.more(3)]);
      assert.deepEqual(more.ids(), ids);
      const { duplicated, disordered, lost } = more.account(sinceMs);
      assert.deepEqual([duplicated, disordered], [0, 0]);
      if (mode === "hot") assert.equal(lost, 0);
      await more.subscription.terminate();
    }));

  it("SetMonitoringMode: disabled and sampling items are silent, reporting ones are not", () =>
    inEveryMode(async (watcher, switchOver, mode) => {
      const [first = 0, second = 0] = watcher.ids().items;
      const setMode = (monitoringMode: MonitoringMode, monitoredItemIds: number[]) =>
        callsOf(watcher.session).setMonitoringMode({
          subscriptionId: watcher.subscription.subscriptionId,
          monitoringMode,
          monitoredItemIds,
        });
      const checkSilent = async (positions: readonly number[], loud: readonly number[]): Promise<void> => {
        await otherMore(watcher, loud, 2);
        const before = positions.map((position) => watcher.samples[position]?.length);
        await otherMore(watcher, loud, 3);
        assert.deepEqual(
          positions.map((position) => watcher.samples[position]?.length),
          before,
          `silent items in ${mode}`,
        );
      };
      await setMode(MonitoringMode.Disabled, [first]);
      await setMode(MonitoringMode.Sampling, [second]);
      await checkSilent([0, 1], [2]);
      await switchOver();
      await checkSilent([0, 1], [2]);
      await setMode(MonitoringMode.Reporting, [first, second]);
      await watcher.more(3, `reporting again in ${mode}`);
      await switchOver();
      await watcher.more(3, `reporting on the other member in ${mode}`);
    }));

  it("SetPublishingMode: nothing but keep-alives until publishing is enabled again", () =>
    inEveryMode(async (watcher, switchOver, mode) => {
      const { subscriptionId } = watcher.subscription;
      const setPublishing = (enabled: boolean) =>
        callsOf(watcher.session).setPublishingMode(enabled, subscriptionId);
      await setPublishing(false);
      await untilQuiet(watcher);
      const before = watcher.samples[0]?.length;
      await switchOver();
      await untilQuiet(watcher);
      assert.equal(watcher.samples[0]?.length, before, `values while not publishing in ${mode}`);
      await setPublishing(true);
      await watcher.more(3, `publishing again in ${mode}`);
      await switchOver();
      await watcher.more(3, `publishing on the other member in ${mode}`);
    }));

  it("ModifySubscription: a slower publishing interval", () =>
    inEveryMode(async (watcher, switchOver, mode) => {
      const { subscriptionId } = watcher.subscription;
      await callsOf(watcher.session).modifySubscription({
        subscriptionId,
        requestedPublishingInterval: 500,
        requestedLifetimeCount: 600,
        requestedMaxKeepAliveCount: 10,
        maxNotificationsPerPublish: 0,
        priority: 1,
      });
      const check = async (): Promise<void> => {
        await watcher.more(2);
        const sinceMs = performance.now();
        const from = watcher.samples[0]?.length ?? 0;
        await watcher.more(11, `values in ${mode}`);
        const arrivals = [
          ...new Set((watcher.samples[0] ?? []).slice(from).map(({ atMs }) => Math.round(atMs / 50))),
        ];
        assert.ok(arrivals.length <= 5, `${arrivals.length} arrivals in ${mode}`);
        const account = watcher.account(sinceMs);
        assert.deepEqual([account.lost, account.duplicated, account.disordered], [0, 0, 0]);
      };
      await check();
      await switchOver();
      await check();
    }));

  it("Republish: a message of before a switchover can be had after it, byte for byte", () =>
    inEveryMode(async (_, switchOver, mode) => {
      const { session } = clients[mode];
      // a client that acknowledges nothing
      const quiet = await Watcher.create(session, ramps(2));
      acknowledgeNothing(session, quiet.subscription.subscriptionId);
      const received: NotificationMessage[] = [];
      quiet.subscription.on("raw_notification", (message: NotificationMessage) => {
        if (message.notificationData?.length) received.push(message);
      });
      await quiet.until(() => received.length >= 3, `messages in ${mode}`);
      await switchOver();
      const afterSwitch = received.length;
      await quiet.until(() => received.length >= afterSwitch + 3, `messages after the switchover in ${mode}`);
      for (const message of [received[0], received[1], received.at(-1)]) {
        assert.ok(message);
        const { notificationMessage } = await republish(
          session,
          quiet.subscription.subscriptionId,
          message.sequenceNumber,
        );
        assert.equal(notificationMessage.toString(), message.toString());
      }
      assert.equal(
        await republishStatus(session, quiet.subscription.subscriptionId, 4_000_000),
        "BadMessageNotAvailable",
      );
      assert.equal(await republishStatus(session, 1, 1), "BadSubscriptionIdInvalid");
      await quiet.subscription.terminate();
    }));

  it("an id the client has deleted is answered BadSubscriptionIdInvalid, also after a switchover", () =>
    inEveryMode(async (watcher, switchOver, mode) => {
      const gone = await Watcher.create(watcher.session, ramps(1));
      const { subscriptionId } = gone.subscription;
      await gone.subscription.terminate();
      await switchOver();
      const status = await statusOf(
        callsOf(watcher.session)
          .modifySubscription({
            subscriptionId,
            requestedPublishingInterval: 100,
            requestedLifetimeCount: 600,
            requestedMaxKeepAliveCount: 10,
            maxNotificationsPerPublish: 0,
            priority: 0,
          })
          .then(({ responseHeader }) => responseHeader.serviceResult),
      );
      assert.equal(status, "BadSubscriptionIdInvalid", `in ${mode}`);
      const { results } = await within(
        callsOf(watcher.session).deleteSubscriptions({ subscriptionIds: [subscriptionId] }),
        "deleting again",
      );
      assert.deepEqual(
        results?.map(({ name }) => name),
        ["BadSubscriptionIdInvalid"],
      );
    }));

  it("items that do not exist are refused one by one, the others are created", () =>
    inEveryMode(async (watcher, switchOver, mode) => {
      const create = (nodeIds: readonly string[], clientHandle: number) =>
        callsOf(watcher.session).createMonitoredItems({
          subscriptionId: watcher.subscription.subscriptionId,
          timestampsToReturn: TimestampsToReturn.Both,
          itemsToCreate: nodeIds.map((nodeId, index) => ({
            itemToMonitor: { nodeId, attributeId: 13 },
            monitoringMode: MonitoringMode.Disabled,
            requestedParameters: { clientHandle: clientHandle + index, samplingInterval: 100, queueSize: 1 },
          })),
        });
      const nodeIds = ["ns=1;s=Ramp5", "ns=1;s=Nothing", "ns=1;s=Ramp6"];
      const { results } = await create(nodeIds, 1000);
      assert.deepEqual(
        results?.map(({ statusCode }) => statusCode.name),
        ["Good", "BadNodeIdUnknown", "Good"],
        `in ${mode}`,
      );
      await switchOver();
      const ids = [results?.[0]?.monitoredItemId ?? 0, results?.[2]?.monitoredItemId ?? 0];
      assert.deepEqual(await remove(watcher, ids), ["Good", "Good"]);
    }));
});

/** The distinct differences between neighbours. */
function differences(samples: readonly Sample[]): number[] {
  const values = samples.map(({ value }) => Number(value));
  return [...new Set(values.slice(1).map((value, index) => value - (values[index] ?? 0)))];
}

/** More good values of some of the items. */
async function otherMore(watcher: Watcher, positions: readonly number[], count: number): Promise<void> {
  const from = positions.map((position) => watcher.good(position).length);
  await watcher.until(
    () => positions.every((position, at) => watcher.good(position).length >= (from[at] ?? 0) + count),
    `${count} more values of items ${positions.join(", ")}`,
  );
}

/** Resolves at a keep-alive, which a subscription sends only while it has nothing else to say. */
async function untilQuiet(watcher: Watcher): Promise<void> {
  const before = watcher.keepAlives;
  await watcher.until(() => watcher.keepAlives > before, "a keep-alive");
}

async function remove(watcher: Watcher, monitoredItemIds: number[]): Promise<string[]> {
  const { results } = await callsOf(watcher.session).deleteMonitoredItems({
    subscriptionId: watcher.subscription.subscriptionId,
    monitoredItemIds,
  });
  return (results ?? []).map(({ name }) => name);
}

function acknowledgeNothing(session: ClientSession, subscriptionId: number): void {
  interface Engine {
    acknowledge_notification(id: number, sequenceNumber: number): void;
  }
  const engine = (session as unknown as { getPublishEngine(): Engine }).getPublishEngine();
  const acknowledge = engine.acknowledge_notification.bind(engine);
  engine.acknowledge_notification = (id, sequenceNumber) => {
    if (id !== subscriptionId) acknowledge(id, sequenceNumber);
  };
}

function republish(
  session: ClientSession,
  subscriptionId: number,
  retransmitSequenceNumber: number,
): Promise<RepublishResponse> {
  return perform(session, new RepublishRequest({ subscriptionId, retransmitSequenceNumber }));
}

function republishStatus(
  session: ClientSession,
  subscriptionId: number,
  sequenceNumber: number,
): Promise<string> {
  return statusOf(
    republish(session, subscriptionId, sequenceNumber).then(
      ({ responseHeader }) => responseHeader.serviceResult,
    ),
  );
}
