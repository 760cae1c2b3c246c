import { expectWithin, skipExtensionObject } from "./skip.ts";

/** What the broker needs of a PublishResponse body; the notification data stay as bytes (OPC 10000-4, 5.14.5). */
export interface PublishBody {
  readonly subscriptionId: number;
  readonly moreNotifications: boolean;
  readonly sequenceNumber: number;
  /** The `notificationData` array with its count; a count of 0 or less is a keep-alive. */
  readonly notificationData: Buffer;
  readonly isKeepAlive: boolean;
}

/** Reads a PublishResponse body as far as the notification data. Throws RangeError when malformed. */
export function parsePublishBody(body: Buffer): PublishBody {
  const subscriptionId = body.readUInt32LE(0);
  const available = Math.max(body.readInt32LE(4), 0);
  let offset = 8 + available * 4;
  const moreNotifications = body.readUInt8(offset) !== 0;
  const sequenceNumber = body.readUInt32LE(offset + 1);
  offset += 5 + 8;
  const start = offset;
  const count = body.readInt32LE(offset);
  offset += 4;
  for (let index = 0; index < count; index++) offset = skipExtensionObject(body, offset);
  return {
    subscriptionId,
    moreNotifications,
    sequenceNumber,
    notificationData: body.subarray(start, expectWithin(body, offset)),
    isKeepAlive: count <= 0,
  };
}

/** Notification data of a keep-alive: a null array. */
export const keepAliveData: Buffer = Buffer.from([0xff, 0xff, 0xff, 0xff]);

/** What the client is told of one of its subscriptions. */
export interface PublishAnswer {
  readonly subscriptionId: number;
  readonly availableSequenceNumbers: readonly number[];
  readonly moreNotifications: boolean;
  readonly sequenceNumber: number;
  /** UTC as a DateTime: 100 ns ticks since 1601. */
  readonly publishTime: bigint;
  readonly notificationData: Buffer;
  /** One status code for each acknowledgement of the request. */
  readonly results: readonly number[];
}

/** The body of a PublishResponse, in parts so that the notification data are not copied here. */
export function publishBodyParts(answer: PublishAnswer): Buffer[] {
  const available = answer.availableSequenceNumbers;
  const head = Buffer.allocUnsafe(4 + 4 + available.length * 4 + 1 + 4 + 8);
  let offset = head.writeUInt32LE(answer.subscriptionId, 0);
  offset = head.writeInt32LE(available.length, offset);
  for (const sequenceNumber of available) offset = head.writeUInt32LE(sequenceNumber, offset);
  offset = head.writeUInt8(answer.moreNotifications ? 1 : 0, offset);
  offset = head.writeUInt32LE(answer.sequenceNumber, offset);
  head.writeBigUInt64LE(answer.publishTime, offset);

  const tail = Buffer.allocUnsafe(4 + answer.results.length * 4 + 4);
  offset = tail.writeInt32LE(answer.results.length, 0);
  for (const result of answer.results) offset = tail.writeUInt32LE(result, offset);
  tail.writeInt32LE(-1, offset);
  return [head, answer.notificationData, tail];
}

/** A NotificationMessage as Republish answers it. */
export function notificationMessage(
  sequenceNumber: number,
  publishTime: bigint,
  notificationData: Buffer,
): Buffer {
  const head = Buffer.allocUnsafe(12);
  head.writeUInt32LE(sequenceNumber, 0);
  head.writeBigUInt64LE(publishTime, 4);
  return Buffer.concat([head, notificationData]);
}

export interface Acknowledgement {
  readonly subscriptionId: number;
  readonly sequenceNumber: number;
}

/** The acknowledgements of a PublishRequest body. */
export function parseAcknowledgements(body: Buffer): Acknowledgement[] {
  const count = body.readInt32LE(0);
  const acknowledgements: Acknowledgement[] = [];
  for (let index = 0; index < count; index++) {
    const offset = 4 + index * 8;
    acknowledgements.push({
      subscriptionId: body.readUInt32LE(offset),
      sequenceNumber: body.readUInt32LE(offset + 4),
    });
  }
  return acknowledgements;
}

/** The body of a PublishRequest. */
export function acknowledgementsBody(acknowledgements: readonly Acknowledgement[]): Buffer {
  const body = Buffer.allocUnsafe(4 + acknowledgements.length * 8);
  let offset = body.writeInt32LE(acknowledgements.length, 0);
  for (const { subscriptionId, sequenceNumber } of acknowledgements) {
    offset = body.writeUInt32LE(subscriptionId, offset);
    offset = body.writeUInt32LE(sequenceNumber, offset);
  }
  return body;
}
