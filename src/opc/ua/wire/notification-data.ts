import { dataValueMask, expectWithin, skipNodeId, skipVariant } from "./skip.ts";

/** NodeIds of the binary encodings of the three NotificationData types (OPC 10000-6, A.3). */
export const notificationTypes = Object.freeze({ dataChange: 811, events: 916, statusChange: 820 });

/** One structure of a notificationData array. */
export interface Notification {
  readonly typeId: number;
  /** The structure's body, within its extension object. */
  readonly start: number;
  readonly end: number;
  /** The whole extension object. */
  readonly objectStart: number;
}

/** Lists the structures of a notificationData array. Throws RangeError when malformed. */
export function listNotifications(data: Buffer): Notification[] {
  const count = data.readInt32LE(0);
  const notifications: Notification[] = [];
  let offset = 4;
  for (let index = 0; index < count; index++) {
    const objectStart = offset;
    const typeId = numericTypeId(data, offset);
    offset = skipNodeId(data, offset);
    const encoding = data.readUInt8(offset);
    offset += 1;
    if (encoding === 0) continue;
    const length = Math.max(data.readInt32LE(offset), 0);
    const start = offset + 4;
    offset = expectWithin(data, start + length);
    notifications.push({ typeId, start, end: offset, objectStart });
  }
  return notifications;
}

function numericTypeId(data: Buffer, offset: number): number {
  switch (data.readUInt8(offset) & 0x3f) {
    case 0:
      return data.readUInt8(offset + 1);
    case 1:
      return data.readUInt8(offset + 1) === 0 ? data.readUInt16LE(offset + 2) : 0;
    case 2:
      return data.readUInt16LE(offset + 1) === 0 ? data.readUInt32LE(offset + 3) : 0;
    default:
      return 0;
  }
}

/** A value change within notification data, as offsets; one object is reused for all of a walk. */
export interface ValueChange {
  clientHandle: number;
  /** 100 ns ticks since 1601 as a double: exact enough to order samples; NaN where there is no timestamp. */
  timestamp: number;
  /** Start of the MonitoredItemNotification. */
  start: number;
  /** Start and end of the Variant; equal where there is none. */
  valueStart: number;
  valueEnd: number;
  end: number;
}

/**
 * Visits every value change of a DataChangeNotification body. Throws RangeError when malformed.
 * The source timestamp orders samples of two equal servers; without one the server's has to do.
 */
export function visitValueChanges(
  data: Buffer,
  notification: Notification,
  visit: (change: ValueChange) => void,
): void {
  const change: ValueChange = { clientHandle: 0, timestamp: 0, start: 0, valueStart: 0, valueEnd: 0, end: 0 };
  const count = data.readInt32LE(notification.start);
  let offset = notification.start + 4;
  for (let index = 0; index < count; index++) {
    change.start = offset;
    change.clientHandle = data.readUInt32LE(offset);
    offset = readDataValue(data, offset + 4, change);
    change.end = offset;
    visit(change);
  }
}

function readDataValue(data: Buffer, start: number, change: ValueChange): number {
  const mask = data.readUInt8(start);
  let offset = start + 1;
  let timestamp = Number.NaN;
  change.valueStart = offset;
  if (mask & dataValueMask.value) offset = skipVariant(data, offset);
  change.valueEnd = offset;
  if (mask & dataValueMask.status) offset += 4;
  if (mask & dataValueMask.sourceTimestamp) {
    timestamp = data.readUInt32LE(offset) + data.readUInt32LE(offset + 4) * 4294967296;
    offset += 8;
  }
  if (mask & dataValueMask.sourcePicoseconds) offset += 2;
  if (mask & dataValueMask.serverTimestamp) {
    if (Number.isNaN(timestamp)) {
      timestamp = data.readUInt32LE(offset) + data.readUInt32LE(offset + 4) * 4294967296;
    }
    offset += 8;
  }
  if (mask & dataValueMask.serverPicoseconds) offset += 2;
  change.timestamp = timestamp;
  return expectWithin(data, offset);
}

/** A notificationData array with one DataChangeNotification of the given MonitoredItemNotifications. */
export function dataChangeData(changes: readonly Buffer[]): Buffer {
  const bytes = changes.reduce((sum, change) => sum + change.length, 0);
  const head = Buffer.allocUnsafe(4 + 4 + 1 + 4 + 4);
  head.writeInt32LE(1, 0);
  head.writeUInt8(1, 4);
  head.writeUInt8(0, 5);
  head.writeUInt16LE(notificationTypes.dataChange, 6);
  head.writeUInt8(1, 8);
  head.writeInt32LE(4 + bytes + 4, 9);
  head.writeInt32LE(changes.length, 13);
  return Buffer.concat([head, ...changes, nullArray]);
}

const nullArray = Buffer.from([0xff, 0xff, 0xff, 0xff]);

/** A notificationData array with one StatusChangeNotification (OPC 10000-4, 7.25.4). */
export function statusChangeData(statusCode: number): Buffer {
  const data = Buffer.allocUnsafe(4 + 4 + 1 + 4 + 5);
  data.writeInt32LE(1, 0);
  data.writeUInt8(1, 4);
  data.writeUInt8(0, 5);
  data.writeUInt16LE(notificationTypes.statusChange, 6);
  data.writeUInt8(1, 8);
  data.writeInt32LE(5, 9);
  data.writeUInt32LE(statusCode, 13);
  data.writeUInt8(0, 17);
  return data;
}

/** A notificationData array of some of another one's structures. */
export function selectNotifications(data: Buffer, notifications: readonly Notification[]): Buffer {
  const head = Buffer.allocUnsafe(4);
  head.writeInt32LE(notifications.length, 0);
  return Buffer.concat([
    head,
    ...notifications.map(({ objectStart, end }) => data.subarray(objectStart, end)),
  ]);
}

/** A MonitoredItemNotification that carries only a status and the time it was made. */
export function statusOnlyChange(clientHandle: number, statusCode: number, time: bigint): Buffer {
  const change = Buffer.allocUnsafe(4 + 1 + 4 + 8 + 8);
  change.writeUInt32LE(clientHandle, 0);
  change.writeUInt8(dataValueMask.status | dataValueMask.sourceTimestamp | dataValueMask.serverTimestamp, 4);
  change.writeUInt32LE(statusCode, 5);
  change.writeBigUInt64LE(time, 9);
  change.writeBigUInt64LE(time, 17);
  return change;
}

/** Counts the values of a DataChangeNotification without reading them. */
export function countValueChanges(data: Buffer, notification: Notification): number {
  return Math.max(data.readInt32LE(notification.start), 0);
}

/** The status of a StatusChangeNotification body. */
export function statusChangeCode(data: Buffer, notification: Notification): number {
  return data.readUInt32LE(notification.start);
}

/**
 * Splits notification data that are too large for one message. Value changes are spread over as many
 * DataChangeNotifications as needed; other notifications stay whole.
 */
export function splitNotificationData(data: Buffer, maxBytes: number): Buffer[] {
  if (data.length <= maxBytes) return [data];
  const pieces: Buffer[] = [];
  for (const notification of listNotifications(data)) {
    if (notification.typeId !== notificationTypes.dataChange) {
      pieces.push(selectNotifications(data, [notification]));
      continue;
    }
    let changes: Buffer[] = [];
    let bytes = 0;
    visitValueChanges(data, notification, ({ start, end }) => {
      if (changes.length > 0 && bytes + (end - start) > maxBytes) {
        pieces.push(dataChangeData(changes));
        changes = [];
        bytes = 0;
      }
      changes.push(data.subarray(start, end));
      bytes += end - start;
    });
    if (changes.length > 0) pieces.push(dataChangeData(changes));
  }
  return pieces;
}
