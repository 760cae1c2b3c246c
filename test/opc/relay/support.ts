import {
  DataChangeNotification,
  DataType,
  DataValue,
  DiagnosticInfo,
  EventNotificationList,
  type ExtensionObject,
  NotificationMessage,
  StatusChangeNotification,
  type StatusCode,
  Variant,
} from "node-opcua";
import { BinaryStream } from "node-opcua-binary-stream";

/** A value of an item at a tick; equal servers give it the same SourceTimestamp. */
export interface Tick {
  readonly handle: number;
  readonly tick: number;
}

export const tickMs = 100;
const epochMs = Date.UTC(2026, 0, 1);

/** An encoded message without its first twelve bytes (sequence number, publish time). */
export function notificationData(...objects: readonly ExtensionObject[]): Buffer {
  const message = new NotificationMessage({ notificationData: [...objects] });
  const stream = BinaryStream.createGrowable(1024, 16 * 1024 * 1024);
  message.encode(stream);
  return Buffer.from(stream.buffer.subarray(12, stream.length));
}

/** What a server sends for these ticks, encoded by node-opcua. */
export function dataChange(ticks: readonly Tick[]): Buffer {
  return notificationData(
    new DataChangeNotification({
      monitoredItems: ticks.map(({ handle, tick }) => ({
        clientHandle: handle,
        value: new DataValue({
          value: new Variant({ dataType: DataType.Double, value: tick }),
          sourceTimestamp: new Date(epochMs + tick * tickMs),
          serverTimestamp: new Date(epochMs + tick * tickMs + 5),
        }),
      })),
    }),
  );
}

export function events(...handles: readonly number[]): Buffer {
  return notificationData(
    new EventNotificationList({ events: handles.map((clientHandle) => ({ clientHandle, eventFields: [] })) }),
  );
}

export function statusChange(status: StatusCode): Buffer {
  return notificationData(new StatusChangeNotification({ status, diagnosticInfo: new DiagnosticInfo() }));
}

/** Notification data as node-opcua's client reads them. */
export function decode(data: Buffer): (ExtensionObject | null)[] {
  const head = Buffer.alloc(12);
  const message = new NotificationMessage();
  message.decode(new BinaryStream(Buffer.concat([head, data])));
  return message.notificationData ?? [];
}

/** The ticks in notification data, in order. */
export function ticksOf(data: Buffer): Tick[] {
  return decode(data).flatMap((object) =>
    object instanceof DataChangeNotification
      ? (object.monitoredItems ?? []).map(({ clientHandle, value }) => ({
          handle: clientHandle,
          tick: value.value.value as number,
        }))
      : [],
  );
}
