import assert from "node:assert/strict";
import fc from "fast-check";
import {
  DataChangeNotification,
  EventNotificationList,
  MonitoredItemNotification,
  StatusChangeNotification,
  StatusCodes,
} from "node-opcua";
import { dateTimeOf } from "../../../src/opc/ua/relay/date-time.ts";
import {
  countValueChanges,
  dataChangeData,
  listNotifications,
  notificationTypes,
  selectNotifications,
  splitNotificationData,
  statusChangeCode,
  statusChangeData,
  statusOnlyChange,
  type ValueChange,
  visitValueChanges,
} from "../../../src/opc/ua/wire/notification-data.ts";
import { decode, events, notificationData, statusChange } from "../relay/support.ts";
import { dataValue, encoded } from "./arbitraries.ts";

const change = fc
  .tuple(fc.integer({ min: 0, max: 0xffff_ffff }), dataValue)
  .map(([clientHandle, value]) => new MonitoredItemNotification({ clientHandle, value }));

const dataChanges = fc
  .array(change, { maxLength: 10 })
  .map((monitoredItems) => new DataChangeNotification({ monitoredItems }));

function changesOf(data: Buffer): (ValueChange & { readonly bytes: Buffer })[] {
  const found: (ValueChange & { readonly bytes: Buffer })[] = [];
  for (const notification of listNotifications(data)) {
    if (notification.typeId !== notificationTypes.dataChange) continue;
    visitValueChanges(data, notification, (each) => {
      found.push({ ...each, bytes: data.subarray(each.start, each.end) });
    });
  }
  return found;
}

describe("notification data, read without decoding them", () => {
  it("list their structures with type and extent", () => {
    const data = notificationData(
      new DataChangeNotification(),
      new EventNotificationList(),
      new StatusChangeNotification({ status: StatusCodes.BadTimeout }),
    );
    const listed = listNotifications(data);
    assert.deepEqual(
      listed.map(({ typeId }) => typeId),
      [notificationTypes.dataChange, notificationTypes.events, notificationTypes.statusChange],
    );
    assert.equal(listed.at(-1)?.end, data.length);
    const [, , last] = listed;
    assert.ok(last);
    assert.equal(statusChangeCode(data, last), StatusCodes.BadTimeout.value);
    assert.deepEqual(listNotifications(Buffer.from([0xff, 0xff, 0xff, 0xff])), []);
  });

  it("show every value change as node-opcua encoded it", () => {
    fc.assert(
      fc.property(fc.array(dataChanges, { maxLength: 3 }), (notifications) => {
        const data = notificationData(...notifications);
        const items = notifications.flatMap(({ monitoredItems }) => monitoredItems ?? []);
        const found = changesOf(data);
        assert.deepEqual(
          found.map(({ clientHandle }) => clientHandle),
          items.map(({ clientHandle }) => clientHandle),
        );
        found.forEach(({ bytes, timestamp }, index) => {
          const item = items[index];
          assert.ok(item?.value);
          assert.ok(bytes.equals(encoded(item)));
          const time = item.value.sourceTimestamp ?? item.value.serverTimestamp;
          // node-opcua adds picoseconds of ten and more to the ticks of 100 ns
          if (!time) assert.ok(Number.isNaN(timestamp));
          else assert.ok(Math.abs(timestamp - Number(dateTimeOf(time.getTime()))) < 1000);
        });
        const counted = listNotifications(data).reduce((sum, each) => sum + countValueChanges(data, each), 0);
        assert.equal(counted, items.length);
      }),
      { numRuns: 200 },
    );
  });

  it("are split into pieces that hold all changes, in order and not too large", () => {
    fc.assert(
      fc.property(
        fc.array(dataChanges, { maxLength: 3 }),
        fc.integer({ min: 20, max: 600 }),
        (notifications, limit) => {
          const data = notificationData(...notifications);
          const pieces = splitNotificationData(data, limit);
          const whole = changesOf(data).map(({ bytes }) => bytes.toString("hex"));
          assert.deepEqual(
            pieces.flatMap((piece) => changesOf(piece).map(({ bytes }) => bytes.toString("hex"))),
            whole,
          );
          if (data.length <= limit) assert.deepEqual(pieces, [data]);
          for (const piece of pieces) {
            assert.doesNotThrow(() => decode(piece));
            const changes = changesOf(piece);
            const bytes = changes.reduce((sum, each) => sum + each.bytes.length, 0);
            if (data.length > limit) assert.ok(changes.length === 1 || bytes <= limit, `${bytes} > ${limit}`);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it("keep events and status changes whole when split, where they stood", () => {
    const data = notificationData(
      new DataChangeNotification({ monitoredItems: [{ clientHandle: 1, value: {} }] }),
      new EventNotificationList({ events: [{ clientHandle: 2, eventFields: [] }] }),
      new StatusChangeNotification({ status: StatusCodes.BadTimeout }),
    );
    assert.deepEqual(
      splitNotificationData(data, 20).map((piece) => decode(piece).map((object) => object?.constructor.name)),
      [["DataChangeNotification"], ["EventNotificationList"], ["StatusChangeNotification"]],
    );
  });

  it("made by the broker are read by node-opcua", () => {
    const time = dateTimeOf(Date.UTC(2026, 5, 1));
    const [made] = decode(
      dataChangeData(
        [7, 8].map((handle) => statusOnlyChange(handle, StatusCodes.BadNoCommunication.value, time)),
      ),
    );
    assert.ok(made instanceof DataChangeNotification);
    assert.deepEqual(
      made.monitoredItems?.map(({ clientHandle, value }) => [
        clientHandle,
        value.statusCode.name,
        value.sourceTimestamp?.toISOString(),
      ]),
      [7, 8].map((handle) => [handle, "BadNoCommunication", "2026-06-01T00:00:00.000Z"]),
    );
    assert.deepEqual(statusChangeData(StatusCodes.BadTimeout.value), statusChange(StatusCodes.BadTimeout));
    const mixed = Buffer.concat([events(1, 2)]);
    assert.deepEqual(selectNotifications(mixed, listNotifications(mixed)), mixed);
  });

  it("that are cut short, changed or random are refused with a RangeError or read within their bounds", () => {
    const walk = (data: Buffer): void => {
      try {
        for (const { end } of changesOf(data)) assert.ok(end <= data.length);
        splitNotificationData(data, 20);
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    };
    fc.assert(
      fc.property(dataChanges, fc.nat(), fc.nat(255), (notification, at, byte) => {
        const data = notificationData(notification);
        walk(data.subarray(0, at % data.length));
        const changed = Buffer.from(data);
        changed[at % changed.length] = byte;
        walk(changed);
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (random) => walk(Buffer.from(random))));
  });
});
