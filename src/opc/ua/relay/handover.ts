import { type Handover, handOver as handOverSamples, type SampleFilter } from "../../relay/handover.ts";
import {
  dataChangeData,
  listNotifications,
  type Notification,
  notificationTypes,
  selectNotifications,
  type ValueChange,
  visitValueChanges,
} from "../wire/notification-data.ts";
import type { NotificationRing } from "./ring.ts";

/** The newest sample of an item that the client was given. */
interface Seen {
  timestamp: number;
  data: Buffer;
  valueStart: number;
  valueEnd: number;
}

/** Tells notification data that the client has not seen, by client handle and source timestamp. */
export class SeenFilter implements SampleFilter<Buffer> {
  readonly #seen = new Map<number, Seen>();
  #suppressed = 0;

  /** Samples held back so far. */
  get suppressed(): number {
    return this.#suppressed;
  }

  remember(change: ValueChange, data: Buffer): void {
    const seen = this.#seen.get(change.clientHandle);
    if (!seen) {
      const { timestamp, valueStart, valueEnd } = change;
      this.#seen.set(change.clientHandle, { timestamp, data, valueStart, valueEnd });
    } else if (!(change.timestamp < seen.timestamp)) {
      seen.timestamp = change.timestamp;
      seen.data = data;
      seen.valueStart = change.valueStart;
      seen.valueEnd = change.valueEnd;
    }
  }

  /** Of data that cannot be read, what stands before the fault. */
  rememberAll(data: Buffer): void {
    unlessUnreadable(() => {
      for (const notification of listNotifications(data)) {
        if (notification.typeId !== notificationTypes.dataChange) continue;
        visitValueChanges(data, notification, (change) => this.remember(change, data));
      }
      return null;
    });
  }

  /** True for a sample that the client has not been given yet. `arrivedAfter` decides where timestamps are missing. */
  isNew(change: ValueChange, data: Buffer, arrivedAfter: boolean): boolean {
    const seen = this.#seen.get(change.clientHandle);
    if (!seen) return true;
    if (Number.isNaN(change.timestamp) || Number.isNaN(seen.timestamp)) return arrivedAfter;
    if (change.timestamp !== seen.timestamp) return change.timestamp > seen.timestamp;
    return data.compare(seen.data, seen.valueStart, seen.valueEnd, change.valueStart, change.valueEnd) !== 0;
  }

  /**
   * The notification data without what the client has seen already; null where nothing is left, or where
   * they cannot be read. Events pass when they arrived after the old member's last message.
   */
  pass(data: Buffer, arrivedAfter: boolean): Buffer | null {
    return unlessUnreadable(() => this.#unseen(data, arrivedAfter));
  }

  #unseen(data: Buffer, arrivedAfter: boolean): Buffer | null {
    const notifications = listNotifications(data);
    const kept: Buffer[] = [];
    const others: Notification[] = [];
    let dropped = 0;
    for (const notification of notifications) {
      switch (notification.typeId) {
        case notificationTypes.dataChange:
          visitValueChanges(data, notification, (change) => {
            if (this.isNew(change, data, arrivedAfter)) kept.push(data.subarray(change.start, change.end));
            else dropped += 1;
          });
          break;
        case notificationTypes.events:
          if (arrivedAfter) others.push(notification);
          else dropped += 1;
          break;
        default:
          break;
      }
    }
    this.#suppressed += dropped;
    if (dropped === 0) return notifications.length > 0 ? data : null;
    if (kept.length === 0) return others.length > 0 ? selectNotifications(data, others) : null;
    const changes = dataChangeData(kept);
    if (others.length === 0) return changes;
    return joinNotificationData(changes, selectNotifications(data, others));
  }
}

/** Notifications are kept unread until a switchover, which must not fail on what one server once sent. */
function unlessUnreadable(read: () => Buffer | null): Buffer | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function joinNotificationData(first: Buffer, second: Buffer): Buffer {
  const joined = Buffer.concat([first, second.subarray(4)]);
  joined.writeInt32LE(first.readInt32LE(0) + second.readInt32LE(0), 0);
  return joined;
}

/** Compares what the client was given from the old member with what the new member has sent already. */
export function handOver(
  from: NotificationRing,
  to: NotificationRing,
  considerFromMs: number,
): Handover<Buffer, SeenFilter> {
  return handOverSamples(from, to, considerFromMs, new SeenFilter());
}
