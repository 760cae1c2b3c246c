import assert from "node:assert/strict";
import {
  DataChangeNotification,
  DataType,
  DataValue,
  MonitoredItemNotification,
  NotificationMessage,
  PublishResponse,
  StatusChangeNotification,
  StatusCodes,
} from "node-opcua";
import { BinaryStream } from "node-opcua-binary-stream";
import { readPublishBody, tickOfTime } from "../../tools/bench/client/notifications.ts";
import { epochMs } from "../../tools/simulator/clock.ts";

/** The body of a response as the library encodes it, without its header. */
function bodyOf(response: PublishResponse): Buffer {
  const header = BinaryStream.createGrowable(256, 4096);
  response.responseHeader.encode(header);
  const stream = BinaryStream.createGrowable(1024, 1_000_000);
  response.encode(stream);
  return Buffer.from(stream.buffer.subarray(header.length, stream.length));
}

function publishResponse(notificationData: (DataChangeNotification | StatusChangeNotification)[]): Buffer {
  return bodyOf(
    new PublishResponse({
      subscriptionId: 7,
      availableSequenceNumbers: [3, 4],
      moreNotifications: true,
      notificationMessage: new NotificationMessage({
        sequenceNumber: 4,
        publishTime: new Date(),
        notificationData,
      }),
      results: [],
    }),
  );
}

describe("The bench client's reader of notifications", () => {
  it("finds values, times and statuses among data of other types", () => {
    const time = new Date(epochMs + 12_300);
    const values = [
      new DataValue({ value: { dataType: DataType.Double, value: 1.5 }, sourceTimestamp: time }),
      new DataValue({
        value: { dataType: DataType.String, value: "text" },
        sourceTimestamp: time,
        serverTimestamp: time,
      }),
      new DataValue({ statusCode: StatusCodes.BadDeviceFailure, serverTimestamp: time }),
    ];
    const body = publishResponse([
      new DataChangeNotification({
        monitoredItems: values.map(
          (value, clientHandle) => new MonitoredItemNotification({ clientHandle, value }),
        ),
      }),
    ]);
    const seen: unknown[] = [];
    const head = readPublishBody(body, (handle, value, sourceTimeMs, status) => {
      seen.push([handle, value, tickOfTime(sourceTimeMs, 100), status]);
    });
    assert.deepEqual(head, { subscriptionId: 7, sequenceNumber: 4, values: 3, hasEnded: false });
    assert.deepEqual(seen, [
      [0, 1.5, 123, 0],
      [1, Number.NaN, 123, 0],
      [2, Number.NaN, Number.NaN, StatusCodes.BadDeviceFailure.value],
    ]);
  });

  it("notices the end of a subscription, and keep-alives", () => {
    const ended = publishResponse([new StatusChangeNotification({ status: StatusCodes.BadTimeout })]);
    assert.equal(readPublishBody(ended, () => {}).hasEnded, true);
    const keepAlive = readPublishBody(publishResponse([]), () => {});
    assert.deepEqual(keepAlive, { subscriptionId: 7, sequenceNumber: 4, values: 0, hasEnded: false });
  });
});
