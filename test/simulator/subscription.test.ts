import assert from "node:assert/strict";
import {
  DeleteMonitoredItemsRequest,
  DeleteMonitoredItemsResponse,
  DeleteSubscriptionsRequest,
  DeleteSubscriptionsResponse,
  ModifyMonitoredItemsRequest,
  ModifyMonitoredItemsResponse,
  ModifySubscriptionRequest,
  ModifySubscriptionResponse,
  MonitoringMode,
  RepublishRequest,
  RepublishResponse,
  SetMonitoringModeRequest,
  SetMonitoringModeResponse,
  SetPublishingModeRequest,
  SetPublishingModeResponse,
  TimestampsToReturn,
} from "node-opcua";
import type { ServiceError } from "../../src/opc/ua/upstream/upstream-session.ts";
import { tickOfTime } from "../../tools/bench/client/notifications.ts";
import { SimulatorProcess } from "../../tools/simulator/process.ts";
import { ProtocolClient, type ReceivedMessage, type ReceivedValue } from "./protocol-client.ts";
import { waitFor } from "./wait.ts";

const periodMs = 50;

/** Waits until so many values of an item have arrived. */
async function values(
  client: ProtocolClient,
  handle: number,
  count: number,
): Promise<readonly ReceivedValue[]> {
  const all = () =>
    client.messages.flatMap((message) => message.values).filter((value) => value.handle === handle);
  if (all().length < count) {
    await waitFor(
      client,
      "message",
      () => (all().length >= count ? true : null),
      `${count} values of ${handle}`,
    );
  }
  return all();
}

function ticks(received: readonly ReceivedValue[]): number[] {
  return received.map((value) => tickOfTime(value.time, periodMs));
}

function assertNoGaps(received: readonly ReceivedValue[]): void {
  const sequence = ticks(received);
  const first = sequence[0] ?? 0;
  assert.deepEqual(
    sequence,
    sequence.map((_, index) => first + index),
  );
}

const hasValues = (message: ReceivedMessage) => message.values.length > 0;

describe("A subscription on the simulator", () => {
  let simulator: SimulatorProcess;
  let client: ProtocolClient;

  before(async () => {
    simulator = await SimulatorProcess.start({ name: "primary", items: 3000, periodMs });
  });
  after(async () => {
    await simulator.stop();
  });
  beforeEach(async () => {
    client = await ProtocolClient.connect(simulator.endpointUrl);
  });
  afterEach(async () => {
    await client.close();
  });

  it("delivers every tick of a ramp once and in order", async () => {
    const subscription = await client.subscribe({});
    await client.monitor(subscription, [{ node: "ns=1;s=Ramp7", handle: 70, samplingIntervalMs: periodMs }]);
    client.publish(20);
    const received = await values(client, 70, 12);
    assertNoGaps(received);
    for (const { value, time } of received) assert.equal(value, tickOfTime(time, periodMs) + 7);
  });

  it("reports the present value first, then only changes", async () => {
    const subscription = await client.subscribe({ keepAliveCount: 3 });
    await client.monitor(subscription, [{ node: "ns=1;s=Writable0", handle: 1 }]);
    client.publish(3);
    const keepAlive = await client.message((message) => message.values.length === 0, "a keep-alive");
    assert.equal(client.messages.filter(hasValues).length, 1);
    const first = client.messages.find(hasValues);
    assert.equal(keepAlive.sequenceNumber, (first?.sequenceNumber ?? 0) + 1);
  });

  it("keeps samples within the queue size while publishing is disabled", async () => {
    const subscription = await client.subscribe({ enabled: false, keepAliveCount: 8 });
    await client.monitor(subscription, [
      { node: "ns=1;s=Ramp0", handle: 1, samplingIntervalMs: periodMs, queueSize: 5 },
      { node: "ns=1;s=Ramp1", handle: 2, samplingIntervalMs: periodMs, queueSize: 1000 },
    ]);
    client.publish(20);
    await client.message((message) => message.values.length === 0, "the first keep-alive");
    await waitFor(client, "message", () => true, "the second keep-alive");
    assert.equal(client.messages.filter(hasValues).length, 0);
    await client.call(
      new SetPublishingModeRequest({ publishingEnabled: true, subscriptionIds: [subscription] }),
      SetPublishingModeResponse,
    );
    const message = await client.message(hasValues, "the kept values");
    const [short, long] = [1, 2].map((handle) => message.values.filter((value) => value.handle === handle));
    assert.equal(short?.length, 5);
    assert.equal((short?.[0]?.status ?? 0) & 0x480, 0x480, "the overflow is marked");
    assert.ok((long?.length ?? 0) > 10);
    assertNoGaps(long ?? []);
  });

  it("goes on without loss when publishing is disabled and enabled again", async () => {
    const subscription = await client.subscribe({ keepAliveCount: 4 });
    await client.monitor(subscription, [
      { node: "ns=1;s=Ramp0", handle: 1, samplingIntervalMs: periodMs, queueSize: 100 },
    ]);
    client.publish(30);
    await values(client, 1, 4);
    await client.call(
      new SetPublishingModeRequest({ publishingEnabled: false, subscriptionIds: [subscription] }),
      SetPublishingModeResponse,
    );
    await client.message((message) => message.values.length === 0, "a keep-alive");
    await client.call(
      new SetPublishingModeRequest({ publishingEnabled: true, subscriptionIds: [subscription] }),
      SetPublishingModeResponse,
    );
    assertNoGaps(await values(client, 1, 20));
  });

  it("does not sample disabled items and does not report sampled ones", async () => {
    const subscription = await client.subscribe({});
    const [disabled, sampling] = await client.monitor(subscription, [
      { node: "ns=1;s=Ramp0", handle: 1, mode: MonitoringMode.Disabled },
      {
        node: "ns=1;s=Ramp1",
        handle: 2,
        mode: MonitoringMode.Sampling,
        queueSize: 100,
        samplingIntervalMs: periodMs,
      },
      { node: "ns=1;s=Ramp2", handle: 3 },
    ]);
    client.publish(30);
    await values(client, 3, 4);
    const set = (mode: MonitoringMode, id: number | undefined) =>
      client.call(
        new SetMonitoringModeRequest({
          subscriptionId: subscription,
          monitoringMode: mode,
          monitoredItemIds: [id ?? 0],
        }),
        SetMonitoringModeResponse,
      );
    assert.deepEqual(
      client.messages.flatMap((message) => message.values).filter((value) => value.handle !== 3),
      [],
    );
    await set(MonitoringMode.Reporting, sampling);
    assertNoGaps(await values(client, 2, 10));
    await set(MonitoringMode.Reporting, disabled);
    assert.ok((await values(client, 1, 2)).length >= 2);
  });

  it("splits notifications as asked and says that there are more", async () => {
    const subscription = await client.subscribe({ maxNotifications: 400 });
    await client.monitor(
      subscription,
      Array.from({ length: 1000 }, (_, index) => ({
        node: `ns=1;s=Ramp${index}`,
        handle: index,
        samplingIntervalMs: periodMs,
      })),
    );
    client.publish(60);
    await waitFor(client, "message", () => (client.messages.length >= 20 ? true : null));
    const received = client.messages.filter(hasValues);
    assert.ok(received.every((message) => message.values.length <= 400));
    assert.ok(received.some((message) => message.more));
    for (const handle of [0, 399, 400, 999]) {
      assertNoGaps(received.flatMap((message) => message.values).filter((value) => value.handle === handle));
    }
    received.forEach((message, index) => {
      assert.equal(message.sequenceNumber, (received[0]?.sequenceNumber ?? 0) + index);
    });
  });

  it("has the messages that were not acknowledged for Republish", async () => {
    const subscription = await client.subscribe({});
    await client.monitor(subscription, [{ node: "ns=1;s=Ramp0", handle: 1 }]);
    client.publish(2);
    const { sequenceNumber } = await client.message(hasValues, "a value");
    const again = await client.call(
      new RepublishRequest({ subscriptionId: subscription, retransmitSequenceNumber: sequenceNumber }),
      RepublishResponse,
    );
    assert.equal(again.notificationMessage.sequenceNumber, sequenceNumber);
    await assert.rejects(
      client.call(
        new RepublishRequest({ subscriptionId: subscription, retransmitSequenceNumber: 4711 }),
        RepublishResponse,
      ),
      (error: ServiceError) => error.statusCode.name === "BadMessageNotAvailable",
    );
  });

  it("samples more slowly when asked to, without a repetition", async () => {
    const subscription = await client.subscribe({});
    const [id] = await client.monitor(subscription, [
      { node: "ns=1;s=Ramp0", handle: 1, samplingIntervalMs: periodMs, queueSize: 100 },
    ]);
    client.publish(30);
    await values(client, 1, 4);
    const modified = await client.call(
      new ModifyMonitoredItemsRequest({
        subscriptionId: subscription,
        timestampsToReturn: TimestampsToReturn.Source,
        itemsToModify: [
          {
            monitoredItemId: id ?? 0,
            requestedParameters: {
              clientHandle: 2,
              samplingInterval: 200,
              queueSize: 5,
              discardOldest: true,
            },
          },
        ],
      }),
      ModifyMonitoredItemsResponse,
    );
    assert.equal(modified.results?.[0]?.revisedSamplingInterval, 200);
    const slow = ticks(await values(client, 2, 4));
    const fast = ticks(await values(client, 1, 4));
    assert.ok((slow[0] ?? 0) > (fast.at(-1) ?? 0));
    for (let index = 1; index < slow.length; index++) {
      assert.equal((slow[index] ?? 0) - (slow[index - 1] ?? 0), 200 / periodMs);
    }
  });

  it("stops reporting deleted items and refuses Publish without a subscription", async () => {
    const subscription = await client.subscribe({});
    const [first] = await client.monitor(subscription, [
      { node: "ns=1;s=Ramp0", handle: 1 },
      { node: "ns=1;s=Ramp1", handle: 2 },
    ]);
    client.publish(30);
    await values(client, 1, 1);
    await client.call(
      new DeleteMonitoredItemsRequest({ subscriptionId: subscription, monitoredItemIds: [first ?? 0] }),
      DeleteMonitoredItemsResponse,
    );
    const known = (await values(client, 1, 1)).length;
    await values(client, 2, 6);
    assert.equal((await values(client, 1, 1)).length, known);
    const refused = waitFor(client, "refused", (status) => status);
    await client.call(
      new DeleteSubscriptionsRequest({ subscriptionIds: [subscription] }),
      DeleteSubscriptionsResponse,
    );
    assert.equal(await refused, "BadNoSubscription");
  });

  it("revises what it is asked for", async () => {
    const subscription = await client.subscribe({ intervalMs: 500 });
    const modified = await client.call(
      new ModifySubscriptionRequest({
        subscriptionId: subscription,
        requestedPublishingInterval: 1,
        requestedLifetimeCount: 1,
        requestedMaxKeepAliveCount: 20,
        maxNotificationsPerPublish: 0,
        priority: 0,
      }),
      ModifySubscriptionResponse,
    );
    assert.equal(modified.revisedPublishingInterval, 10);
    assert.equal(modified.revisedLifetimeCount, 60);
  });

  it("ends when its client stops publishing for a lifetime", async () => {
    const subscription = await client.subscribe({ intervalMs: 20, keepAliveCount: 1, lifetimeCount: 3 });
    client.publish(1);
    await client.message(() => true, "the first message");
    for (;;) {
      const gone = await client
        .call(
          new RepublishRequest({ subscriptionId: subscription, retransmitSequenceNumber: 4711 }),
          RepublishResponse,
        )
        .then(() => false)
        .catch((error: ServiceError) => error.statusCode.name === "BadSubscriptionIdInvalid");
      if (gone) return;
      // Each call restarts the lifetime, so the next must wait for longer than that.
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  });

  it("tells a bad quality once, and good values again without a gap after it", async () => {
    const subscription = await client.subscribe({});
    await client.monitor(subscription, [
      { node: "ns=1;s=Ramp0", handle: 1, samplingIntervalMs: periodMs },
      { node: "ns=1;s=Ramp1", handle: 2, samplingIntervalMs: periodMs },
    ]);
    client.publish(60);
    await values(client, 1, 3);
    await simulator.control({
      command: "quality",
      item: "ns=1;s=Ramp0",
      good: false,
      status: "BadDeviceFailure",
    });
    await client.message((message) => message.values.some((value) => value.status !== 0), "the bad value");
    const before = (await values(client, 2, 1)).length;
    await values(client, 2, before + 6);
    await simulator.control({ command: "quality", item: "ns=1;s=Ramp0", good: true });
    const known = (await values(client, 1, 1)).length;
    const all = await values(client, 1, known + 4);
    const bad = all.filter((value) => value.status !== 0);
    assert.deepEqual(
      bad.map((value) => value.status),
      [0x808b0000],
    );
    const position = all.findIndex((value) => value.status !== 0);
    assertNoGaps(all.slice(0, position));
    assertNoGaps(all.slice(position + 1));
    assertNoGaps(await values(client, 2, 1));
  });
});
