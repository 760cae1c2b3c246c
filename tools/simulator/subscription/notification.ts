import { dateTimeOf } from "../clock.ts";
import { Writer } from "../wire/writer.ts";
import type { Cohort } from "./cohort.ts";
import type { MonitoredItem } from "./monitored-item.ts";

/** Notifications that have yet to be put into a message. */
export type Segment =
  | {
      readonly kind: "wave";
      readonly cohort: Cohort<MonitoredItem>;
      readonly sample: number;
      readonly overflow: boolean;
      readonly first: number;
      readonly count: number;
    }
  /** `entrySize` null = entries of different sizes, not to be cut. */
  | {
      readonly kind: "bytes";
      readonly bytes: Buffer;
      readonly count: number;
      readonly entrySize: number | null;
    };

const headerSize = 29;
const dataChangeTypeId = 811;
const statusChangeTypeId = 820;

/**
 * A NotificationMessage with one DataChangeNotification (Part 4, 7.26 and 7.25.2). Sequence number and
 * publish time are patched in when it is sent.
 */
export function dataChangeMessage(segments: readonly Segment[], nowMs: number): Buffer {
  let count = 0;
  let size = 0;
  for (const segment of segments) {
    count += segment.count;
    size +=
      segment.kind === "bytes"
        ? segment.bytes.length
        : segment.count * segment.cohort.entrySize(segment.overflow);
  }
  const message = Buffer.allocUnsafe(headerSize + size + 4);
  writeHeader(message, dataChangeTypeId, 4 + size + 4);
  message.writeInt32LE(count, 25);
  let at = headerSize;
  for (const segment of segments) {
    if (segment.kind === "bytes") {
      segment.bytes.copy(message, at);
      at += segment.bytes.length;
    } else {
      segment.cohort.render(message, at, segment, nowMs);
      at += segment.count * segment.cohort.entrySize(segment.overflow);
    }
  }
  message.writeInt32LE(-1, at);
  return message;
}

/** A NotificationMessage with one StatusChangeNotification (Part 4, 7.25.4). */
export function statusChangeMessage(status: number): Buffer {
  const message = Buffer.alloc(headerSize - 4 + 5);
  writeHeader(message, statusChangeTypeId, 5);
  message.writeUInt32LE(status, 25);
  return message;
}

/** A NotificationMessage without data. */
export function keepAliveMessage(): Buffer {
  const message = Buffer.alloc(16);
  message.writeInt32LE(0, 12);
  return message;
}

export function stamp(message: Buffer, sequenceNumber: number, publishTimeMs: number): void {
  message.writeUInt32LE(sequenceNumber, 0);
  message.writeBigInt64LE(dateTimeOf(publishTimeMs), 4);
}

function writeHeader(message: Buffer, typeId: number, bodySize: number): void {
  message.writeInt32LE(1, 12);
  message.writeUInt16LE(0x0001, 16);
  message.writeUInt16LE(typeId, 18);
  message[20] = 1;
  message.writeInt32LE(bodySize, 21);
}

/** Takes the first `limit` notifications off the list; segments are cut where needed. */
export function takeNotifications(segments: Segment[], limit: number): Segment[] {
  const taken: Segment[] = [];
  let room = limit;
  let done = 0;
  for (const segment of segments) {
    if (room === 0) break;
    if (segment.count > room) {
      const parts = cut(segment, room);
      if (parts) {
        taken.push(parts[0]);
        segments[done] = parts[1];
        break;
      }
      // A queue that alone exceeds the limit goes out whole rather than never.
      if (taken.length > 0) break;
    }
    taken.push(segment);
    room = Math.max(0, room - segment.count);
    done++;
  }
  segments.splice(0, done);
  return taken;
}

function cut(segment: Segment, count: number): [Segment, Segment] | null {
  if (segment.kind === "wave") {
    return [
      { ...segment, count },
      { ...segment, first: segment.first + count, count: segment.count - count },
    ];
  }
  const { bytes, entrySize } = segment;
  if (entrySize === null) return null;
  return [
    { ...segment, count, bytes: bytes.subarray(0, count * entrySize) },
    { ...segment, count: segment.count - count, bytes: bytes.subarray(count * entrySize) },
  ];
}

/** Makes a segment independent of its cohort. */
export function frozen(segment: Segment, nowMs: number): Segment {
  if (segment.kind === "bytes") return segment;
  const entrySize = segment.cohort.entrySize(segment.overflow);
  const bytes = Buffer.allocUnsafe(segment.count * entrySize);
  segment.cohort.render(bytes, 0, segment, nowMs);
  return { kind: "bytes", bytes, count: segment.count, entrySize };
}

/** The queues of items as one segment, or one per item where that is more than `limit`. */
export function drainedSegments(items: Iterable<MonitoredItem>, limit: number): Segment[] {
  const segments: Segment[] = [];
  let writer = new Writer(1024);
  let count = 0;
  const flush = () => {
    if (count > 0) segments.push({ kind: "bytes", bytes: writer.bytes, count, entrySize: null });
    writer = new Writer(1024);
    count = 0;
  };
  for (const item of items) {
    if (count > 0 && count + item.queued > limit) flush();
    count += item.drain(writer);
  }
  flush();
  return segments;
}
