import assert from "node:assert/strict";
import fc from "fast-check";
import { DataChangeNotification, StatusCodes } from "node-opcua";
import type { Role } from "../../../src/core/role.ts";
import { ClientSubscription } from "../../../src/opc/ua/relay/client-subscription.ts";
import { PublishQueue } from "../../../src/opc/ua/relay/publish-queue.ts";
import { type PublishBody, parsePublishBody } from "../../../src/opc/ua/wire/publish.ts";
import type { RawResponse } from "../../../src/opc/ua/wire/raw-message.ts";
import { dataChange, decode, events, type Tick, tickMs, ticksOf } from "./support.ts";

/** A subscription, its client that asks for as much as it can get, and a clock that stands still. */
class Desk {
  nowMs = 0;
  readonly received: PublishBody[] = [];
  readonly subscription: ClientSubscription;
  readonly #queue = new PublishQueue(0);
  readonly #maxBodyBytes: number;

  constructor(active: Role | null = "primary", detectionMs = 2000, maxBodyBytes = 1_000_000) {
    this.#maxBodyBytes = maxBodyBytes;
    this.subscription = new ClientSubscription({
      id: 4711,
      parameters: {
        publishingInterval: 100,
        lifetimeCount: 100,
        maxKeepAliveCount: 10,
        maxNotificationsPerPublish: 0,
        priority: 0,
      },
      publishingEnabled: true,
      queue: this.#queue,
      clock: { nowMs: () => this.nowMs, wallMs: () => Date.UTC(2026, 0, 1) + this.nowMs },
      active,
      detectionMs,
    });
    this.ask(3);
  }

  /** PublishRequests of the client; each answer brings the next. */
  ask(count = 1): void {
    for (let index = 0; index < count; index++) {
      this.#queue.add(
        {
          results: [],
          expiresAtMs: Number.POSITIVE_INFINITY,
          maxBodyBytes: this.#maxBodyBytes,
          isOpen: () => true,
          respond: (response) => {
            this.received.push(parsePublishBody((response as unknown as RawResponse).body));
            this.ask();
          },
          fault: (status) => assert.fail(status.name),
        },
        this.nowMs,
      );
    }
  }

  get ticks(): Tick[] {
    return this.received
      .filter(({ isKeepAlive }) => !isKeepAlive)
      .flatMap((each) => ticksOf(each.notificationData));
  }
}

/** How a member delivers the ticks: its publishing instants and the delays of its messages. */
interface Delivery {
  readonly phaseMs: number;
  readonly intervalMs: number;
  readonly delaysMs: readonly number[];
}

interface Message {
  readonly role: Role;
  readonly atMs: number;
  readonly ticks: readonly Tick[];
}

const delivery: fc.Arbitrary<Delivery> = fc.record({
  phaseMs: fc.integer({ min: 0, max: 99 }),
  intervalMs: fc.constantFrom(100, 200, 300),
  delaysMs: fc.array(fc.integer({ min: 0, max: 80 }), { minLength: 1, maxLength: 20 }),
});

/** Messages arrive in the order they were sent, as TCP sees to. */
function messagesOf(
  role: Role,
  { phaseMs, intervalMs, delaysMs }: Delivery,
  handles: number,
  ticks: number,
): Message[] {
  const sent: Message[] = [];
  let nextTick = 0;
  let lastMs = 0;
  for (let count = 1; nextTick < ticks; count++) {
    const sentMs = phaseMs + count * intervalMs;
    const upTo = Math.min(Math.floor(sentMs / tickMs) + 1, ticks);
    const fresh: Tick[] = [];
    for (; nextTick < upTo; nextTick++) {
      for (let handle = 0; handle < handles; handle++) fresh.push({ handle, tick: nextTick });
    }
    lastMs = Math.max(lastMs, sentMs + (delaysMs[count % delaysMs.length] ?? 0));
    if (fresh.length > 0) sent.push({ role, atMs: lastMs, ticks: fresh });
  }
  return sent;
}

/** Ticks of one item, in the order its client got them. */
function ticksOfItem(desk: Desk, handle: number): number[] {
  return desk.ticks.filter((each) => each.handle === handle).map(({ tick }) => tick);
}

describe("a client's subscription on two members", () => {
  it("brings every sample exactly once and in order across a failure, whatever the jitter of both members", () => {
    fc.assert(
      fc.property(
        delivery,
        delivery,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 0, max: 2000 }),
        (primary, secondary, handles, diedMs, detectionMs) => {
          const ticks = 60;
          const desk = new Desk();
          const arriving = [
            ...messagesOf("primary", primary, handles, ticks).filter(({ atMs }) => atMs <= diedMs),
            ...messagesOf("secondary", secondary, handles, ticks),
          ].sort((one, other) => one.atMs - other.atMs);
          const switchMs = diedMs + detectionMs;
          for (const { role, atMs, ticks: some } of arriving) {
            if (atMs > switchMs) {
              desk.nowMs = switchMs;
              desk.subscription.switchTo("secondary");
            }
            desk.nowMs = atMs;
            desk.subscription.receive(role, dataChange(some));
          }
          desk.nowMs = Math.max(desk.nowMs, switchMs);
          desk.subscription.switchTo("secondary");
          const wanted = Array.from({ length: ticks }, (_, tick) => tick);
          // what came before all that is kept belongs to a failure that took longer than it may
          for (let handle = 0; handle < handles; handle++)
            assert.deepEqual(ticksOfItem(desk, handle), wanted);
          const numbers = desk.received.map(({ sequenceNumber }) => sequenceNumber);
          assert.deepEqual(
            numbers,
            Array.from({ length: numbers.length }, (_, index) => index + 1),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  it("brings every sample exactly once across any number of switchovers while both members deliver", () => {
    fc.assert(
      fc.property(
        delivery,
        delivery,
        fc.array(fc.integer({ min: 0, max: 6000 }), { maxLength: 12 }),
        (primary, secondary, instants) => {
          const ticks = 60;
          const desk = new Desk();
          const switches = instants.toSorted((one, other) => one - other);
          let role: Role = "primary";
          const switchOver = (atMs: number): void => {
            desk.nowMs = atMs;
            role = role === "primary" ? "secondary" : "primary";
            desk.subscription.switchTo(role);
          };
          const arriving = [
            ...messagesOf("primary", primary, 2, ticks),
            ...messagesOf("secondary", secondary, 2, ticks),
          ].sort((one, other) => one.atMs - other.atMs);
          for (const message of arriving) {
            while ((switches[0] ?? Number.POSITIVE_INFINITY) <= message.atMs)
              switchOver(switches.shift() ?? 0);
            desk.nowMs = message.atMs;
            desk.subscription.receive(message.role, dataChange(message.ticks));
          }
          const wanted = Array.from({ length: ticks }, (_, tick) => tick);
          for (const handle of [0, 1]) assert.deepEqual(ticksOfItem(desk, handle), wanted);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("lets both of two samples with one timestamp pass where their values differ", () => {
    const desk = new Desk();
    const one = dataChange([{ handle: 1, tick: 5 }]);
    const five = Buffer.alloc(8);
    five.writeDoubleLE(5, 0);
    const other = Buffer.from(one);
    other.writeDoubleLE(6, other.indexOf(five));
    desk.subscription.receive("primary", one);
    desk.subscription.receive("secondary", one);
    desk.subscription.receive("secondary", other);
    assert.deepEqual(desk.subscription.switchTo("secondary"), { replayed: 1, suppressed: 1 });
    assert.deepEqual(ticksOfItem(desk, 1), [5, 6]);
  });

  it("passes events on that came after the last of the old member, and holds earlier ones back", () => {
    const desk = new Desk();
    desk.subscription.receive("secondary", events(2));
    desk.nowMs = 10;
    desk.subscription.receive("primary", events(1));
    desk.nowMs = 20;
    desk.subscription.receive("secondary", events(3));
    assert.deepEqual(desk.subscription.switchTo("secondary").suppressed, 1);
    assert.equal(desk.received.length, 2);
  });

  it("switches over although a member has sent what cannot be read, and brings the rest", () => {
    const desk = new Desk();
    const good = dataChange([{ handle: 1, tick: 1 }]);
    const malformed = Buffer.from(good);
    // more items announced than there are
    malformed.writeInt32LE(1000, 4 + 4 + 1 + 4);
    for (const role of ["primary", "secondary"] as const) desk.subscription.receive(role, malformed);
    desk.subscription.receive("secondary", dataChange([{ handle: 1, tick: 2 }]));
    const before = desk.received.length;
    assert.equal(desk.subscription.switchTo("secondary").replayed, 1);
    const [next] = desk.received.slice(before);
    assert.deepEqual(ticksOf(next?.notificationData ?? Buffer.alloc(4)), [{ handle: 1, tick: 2 }]);
  });

  it("delivers nothing while paused, and what came meanwhile at the next switchover", () => {
    const desk = new Desk();
    desk.subscription.receive("primary", dataChange([{ handle: 1, tick: 1 }]));
    desk.subscription.pause();
    desk.subscription.receive("secondary", dataChange([{ handle: 1, tick: 1 }]));
    desk.subscription.receive("secondary", dataChange([{ handle: 1, tick: 2 }]));
    assert.equal(desk.received.length, 1);
    desk.subscription.switchTo("secondary");
    assert.deepEqual(ticksOfItem(desk, 1), [1, 2]);
  });

  it("tells of every reporting item that it is no longer served, then takes all that comes as news", () => {
    const desk = new Desk();
    const parameters = Buffer.alloc(4 + 8 + 3 + 5);
    parameters.writeUInt32LE(77, 0);
    desk.subscription.items.add({ itemToMonitor: Buffer.alloc(0), monitoringMode: 2, parameters }, 2);
    desk.subscription.items.add({ itemToMonitor: Buffer.alloc(0), monitoringMode: 0, parameters }, 2);
    desk.subscription.receive("primary", dataChange([{ handle: 77, tick: 1 }]));
    desk.subscription.goDark(StatusCodes.BadNoCommunication.value);
    const [told] = decode(desk.received.at(-1)?.notificationData ?? Buffer.alloc(4));
    assert.ok(told instanceof DataChangeNotification);
    assert.deepEqual(
      told.monitoredItems?.map(({ clientHandle, value }) => [clientHandle, value.statusCode.name]),
      [[77, "BadNoCommunication"]],
    );
    desk.subscription.restart("primary");
    desk.subscription.switchTo("primary");
    // the very value the client had before must come again: what it has now is Bad
    desk.subscription.receive("primary", dataChange([{ handle: 77, tick: 1 }]));
    assert.deepEqual(ticksOf(desk.received.at(-1)?.notificationData ?? Buffer.alloc(4)), [
      { handle: 77, tick: 1 },
    ]);
  });

  it("passes keep-alives of the active member on, and sends its own where no member does", () => {
    const desk = new Desk();
    desk.subscription.receiveKeepAlive("secondary");
    assert.equal(desk.received.length, 0);
    desk.subscription.receiveKeepAlive("primary");
    assert.deepEqual([desk.received[0]?.isKeepAlive, desk.received[0]?.sequenceNumber], [true, 1]);
    desk.subscription.tick(1000);
    assert.equal(desk.received.length, 1);
    desk.nowMs = 2100;
    desk.subscription.tick(desk.nowMs);
    assert.deepEqual([desk.received.length, desk.received[1]?.sequenceNumber], [2, 1]);
    // a keep-alive announces the number of the next message, it uses none up
    desk.subscription.receive("primary", dataChange([{ handle: 1, tick: 1 }]));
    assert.equal(desk.received[2]?.sequenceNumber, 1);
  });

  it("spreads what is too large for one message over several, all of which can be had again", () => {
    const desk = new Desk("primary", 2000, 1024 + 200);
    const ticks = Array.from({ length: 50 }, (_, handle) => ({ handle, tick: 9 }));
    desk.subscription.receive("primary", dataChange(ticks));
    assert.ok(desk.received.length > 5);
    assert.deepEqual(desk.ticks, ticks);
    for (const { sequenceNumber, notificationData } of desk.received) {
      const kept = desk.subscription.sentMessage(sequenceNumber);
      assert.ok(kept?.notificationData.equals(notificationData));
      assert.equal(desk.subscription.acknowledge(sequenceNumber), true);
      assert.equal(desk.subscription.acknowledge(sequenceNumber), false);
      assert.equal(desk.subscription.sentMessage(sequenceNumber), null);
    }
    assert.equal(desk.subscription.valuesForwarded, 50);
  });
});
