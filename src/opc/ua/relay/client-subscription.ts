import type { Role } from "../../../core/role.ts";
import type { Clock } from "../../clock.ts";
import { ringMarginMs, type SwitchCount, SwitchedStream } from "../../relay/switched-stream.ts";
import {
  countValueChanges,
  dataChangeData,
  listNotifications,
  notificationTypes,
  splitNotificationData,
  statusChangeData,
  statusOnlyChange,
} from "../wire/notification-data.ts";
import { keepAliveData, publishBodyParts } from "../wire/publish.ts";
import { rawResponse } from "../wire/raw-factory.ts";
import { dateTimeOf } from "./date-time.ts";
import { SeenFilter } from "./handover.ts";
import { ItemRegistry } from "./item-registry.ts";
import type { PublishQueue } from "./publish-queue.ts";
import { followingSequenceNumber, RetransmissionQueue, type SentMessage } from "./retransmission.ts";

/** The revised parameters of a subscription (OPC 10000-4, 5.14.2). */
export interface SubscriptionParameters {
  /** ms */
  readonly publishingInterval: number;
  readonly lifetimeCount: number;
  readonly maxKeepAliveCount: number;
  readonly maxNotificationsPerPublish: number;
  readonly priority: number;
}

/** Above this the members are no longer asked for more until the client has taken some. */
const backlogMessages = 200;
const backlogBytes = 32 * 1024 * 1024;
/** The broker sends a keep-alive of its own this much after a member should have. */
const keepAliveGraceMs = 1000;
/** Room for what stands around the notification data in a PublishResponse. */
const publishOverheadBytes = 1024;

/**
 * A subscription as its client knows it: its id, its sequence numbers and its items stay the same
 * whichever member the data come from.
 */
export class ClientSubscription {
  readonly id: number;
  readonly items = new ItemRegistry();
  parameters: SubscriptionParameters;
  publishingEnabled: boolean;
  valuesForwarded = 0;

  readonly #queue: PublishQueue;
  readonly #clock: Clock;
  readonly #retransmission = new RetransmissionQueue();
  readonly #stream: SwitchedStream<Buffer>;
  #outbox: Buffer[] = [];
  #outboxBytes = 0;
  #nextSequenceNumber = 1;
  #keepAliveDue = false;
  #lastSentMs: number;
  readonly createdMs: number;

  constructor(options: {
    readonly id: number;
    readonly parameters: SubscriptionParameters;
    readonly publishingEnabled: boolean;
    readonly queue: PublishQueue;
    readonly clock: Clock;
    readonly active: Role | null;
    /** Longest time until a failure is noticed, in ms: what the standby delivered since then is replayed. */
    readonly detectionMs: number;
  }) {
    this.id = options.id;
    this.parameters = options.parameters;
    this.publishingEnabled = options.publishingEnabled;
    this.#queue = options.queue;
    this.#clock = options.clock;
    this.#stream = new SwitchedStream<Buffer>({
      active: options.active,
      considerForMs: options.detectionMs + 2 * options.parameters.publishingInterval + ringMarginMs,
      bytesOf: (data) => data.length,
      createFilter: () => new SeenFilter(),
      deliver: (data) => this.#enqueue(data),
    });
    this.createdMs = options.clock.nowMs();
    this.#lastSentMs = this.createdMs;
  }

  /** Time without a PublishRequest after which the subscription ends, in ms. */
  get lifetimeMs(): number {
    return this.parameters.lifetimeCount * this.parameters.publishingInterval;
  }

  get hasBacklog(): boolean {
    return this.#outbox.length > backlogMessages || this.#outboxBytes > backlogBytes;
  }

  get hasSomethingToSend(): boolean {
    return this.#outbox.length > 0 || this.#keepAliveDue;
  }

  /** Notification data from a member: passed on if that member is the active one, else kept. */
  receive(role: Role, data: Buffer): void {
    this.#stream.receive(role, data, this.#clock.nowMs());
  }

  /** A keep-alive from a member; the active one's is passed on where there is nothing else to say. */
  receiveKeepAlive(role: Role): void {
    if (role !== this.#stream.active || this.#outbox.length > 0) return;
    this.#keepAliveDue = true;
    this.flush();
  }

  /** A member's subscription starts anew, with first values that the client may have seen. */
  restart(role: Role): void {
    this.#stream.restart(role, this.#clock.nowMs());
  }

  /** No data are passed on until the next `switchTo`; the client is not told yet. */
  pause(): void {
    this.#stream.pause();
  }

  /** From now on the data come from `role`; what it has sent and the client has not seen is delivered at once. */
  switchTo(role: Role): SwitchCount {
    return this.#stream.switchTo(role, this.#clock.nowMs());
  }

  /** Nothing serves: tell the client that its values are no longer current. All that comes later is news. */
  goDark(statusCode: number): void {
    this.#stream.forget();
    const time = dateTimeOf(this.#clock.wallMs());
    const changes = this.items
      .reporting()
      .map((item) => statusOnlyChange(item.clientHandle, statusCode, time));
    if (changes.length > 0) this.#enqueue(dataChangeData(changes));
  }

  /** A bad status for items that the new active member does not have. */
  reportItemsMissing(missing: ReadonlyMap<number, number>): void {
    const time = dateTimeOf(this.#clock.wallMs());
    const changes: Buffer[] = [];
    for (const [id, statusCode] of missing) {
      const item = this.items.get(id);
      if (item) changes.push(statusOnlyChange(item.clientHandle, statusCode, time));
    }
    if (changes.length > 0) this.#enqueue(dataChangeData(changes));
  }

  /** Ends it for the client, e.g. BadTimeout: a StatusChangeNotification is the last it hears (OPC 10000-4, 5.14.1.1). */
  end(statusCode: number): void {
    this.#outbox = [];
    this.#outboxBytes = 0;
    this.#keepAliveDue = false;
    this.#stream.pause();
    this.#enqueue(statusChangeData(statusCode));
  }

  acknowledge(sequenceNumber: number): boolean {
    return this.#retransmission.acknowledge(sequenceNumber);
  }

  sentMessage(sequenceNumber: number): SentMessage | null {
    return this.#retransmission.get(sequenceNumber);
  }

  /** To be called now and then: keeps the client's subscription alive while no member does. */
  tick(nowMs: number): void {
    const keepAliveMs = this.parameters.maxKeepAliveCount * this.parameters.publishingInterval;
    if (nowMs - this.#lastSentMs > keepAliveMs + keepAliveGraceMs) {
      this.#keepAliveDue = true;
      this.flush();
    }
  }

  /** Sends what is due, as far as the client has asked for it. */
  flush(): void {
    for (let data = this.#outbox[0]; data !== undefined; data = this.#outbox[0]) {
      const ticket = this.#queue.peek();
      if (!ticket) return;
      const pieces = piecesOf(data, ticket.maxBodyBytes - publishOverheadBytes);
      const [first = data] = pieces;
      this.#outbox.splice(0, 1, ...pieces.slice(1));
      this.#outboxBytes -= data.length;
      for (const piece of pieces.slice(1)) this.#outboxBytes += piece.length;
      this.#send(first);
    }
    if (this.#keepAliveDue && this.#queue.peek()) this.#send(keepAliveData);
  }

  #enqueue(data: Buffer): number {
    this.#outbox.push(data);
    this.#outboxBytes += data.length;
    let values = 0;
    for (const notification of listNotifications(data)) {
      if (notification.typeId === notificationTypes.dataChange)
        values += countValueChanges(data, notification);
    }
    this.valuesForwarded += values;
    this.flush();
    return values;
  }

  #send(notificationData: Buffer): void {
    const ticket = this.#queue.take();
    if (!ticket) return;
    const publishTime = dateTimeOf(this.#clock.wallMs());
    const sequenceNumber = this.#nextSequenceNumber;
    // a keep-alive announces the next number without using it (Part 4, 5.14.1.1)
    if (notificationData !== keepAliveData) {
      this.#nextSequenceNumber = followingSequenceNumber(sequenceNumber);
      this.#retransmission.add({ sequenceNumber, publishTime, notificationData });
    }
    this.#keepAliveDue = false;
    this.#lastSentMs = this.#clock.nowMs();
    const parts = publishBodyParts({
      subscriptionId: this.id,
      availableSequenceNumbers: this.#retransmission.sequenceNumbers(),
      moreNotifications: this.#outbox.length > 0,
      sequenceNumber,
      publishTime,
      notificationData,
      results: ticket.results,
    });
    ticket.respond(rawResponse("Publish", ...parts));
  }
}

/** As many messages as the client's limit asks for; what cannot be read cannot be split either. */
function piecesOf(data: Buffer, maxBytes: number): Buffer[] {
  try {
    return splitNotificationData(data, maxBytes);
  } catch (error) {
    if (error instanceof RangeError) return [data];
    throw error;
  }
}
