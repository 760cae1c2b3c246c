import type { Role } from "../../../core/role.ts";
import type { Clock } from "../../clock.ts";
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
import { handOver, type SeenFilter } from "./handover.ts";
import { ItemRegistry } from "./item-registry.ts";
import type { PublishQueue } from "./publish-queue.ts";
import { followingSequenceNumber, RetransmissionQueue, type SentMessage } from "./retransmission.ts";
import { NotificationRing } from "./ring.ts";

/** The revised parameters of a subscription (OPC 10000-4, 5.14.2). */
export interface SubscriptionParameters {
  /** ms */
  readonly publishingInterval: number;
  readonly lifetimeCount: number;
  readonly maxKeepAliveCount: number;
  readonly maxNotificationsPerPublish: number;
  readonly priority: number;
}

/** How long after a switchover samples are still compared with what the old member had delivered. */
const filterForMs = 3000;
/** What a ring keeps longer than is considered at a switchover, so that both rings overlap. */
const ringMarginMs = 1000;
/** Above this the members are no longer asked for more until the client has taken some. */
const backlogMessages = 200;
const backlogBytes = 32 * 1024 * 1024;
/** The broker sends a keep-alive of its own this much after a member should have. */
const keepAliveGraceMs = 1000;
/** Room for what stands around the notification data in a PublishResponse. */
const publishOverheadBytes = 1024;

export interface SwitchCount {
  readonly replayed: number;
  readonly suppressed: number;
}

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
  /** What the client was given lately, from whichever member. */
  readonly #delivered: NotificationRing;
  /** What a member that is not active has sent lately. */
  readonly #standby: Readonly<Record<Role, NotificationRing>>;
  readonly #considerForMs: number;
  #outbox: Buffer[] = [];
  #outboxBytes = 0;
  #nextSequenceNumber = 1;
  #keepAliveDue = false;
  #lastSentMs: number;
  readonly createdMs: number;
  #active: Role | null;
  #filter: SeenFilter | null = null;
  #filterUntilMs = 0;

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
    this.#active = options.active;
    this.#considerForMs = options.detectionMs + 2 * options.parameters.publishingInterval + ringMarginMs;
    this.#delivered = new NotificationRing(this.#considerForMs + ringMarginMs);
    this.#standby = {
      primary: new NotificationRing(this.#considerForMs),
      secondary: new NotificationRing(this.#considerForMs),
    };
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
    const nowMs = this.#clock.nowMs();
    if (role !== this.#active) {
      this.#standby[role].push(data, nowMs);
      return;
    }
    this.#delivered.push(data, nowMs);
    const unseen = this.#filter ? this.#filter.pass(data, true) : data;
    if (this.#filter && nowMs > this.#filterUntilMs) this.#filter = null;
    if (unseen) this.#enqueue(unseen);
  }

  /** A keep-alive from a member; the active one's is passed on where there is nothing else to say. */
  receiveKeepAlive(role: Role): void {
    if (role !== this.#active || this.#outbox.length > 0) return;
    this.#keepAliveDue = true;
    this.flush();
  }

  /** A member's subscription starts anew, with first values that the client may have seen. */
  restart(role: Role): void {
    this.#standby[role].clear();
    if (role === this.#active) this.#takeOver(role);
  }

  /** No data are passed on until the next `switchTo`; the client is not told yet. */
  pause(): void {
    this.#active = null;
  }

  /** From now on the data come from `role`; what it has sent and the client has not seen is delivered at once. */
  switchTo(role: Role): SwitchCount {
    return this.#active === role ? { replayed: 0, suppressed: 0 } : this.#takeOver(role);
  }

  #takeOver(role: Role): SwitchCount {
    const nowMs = this.#clock.nowMs();
    const { replay, filter } = handOver(this.#delivered, this.#standby[role], nowMs - this.#considerForMs);
    this.#active = role;
    this.#standby[role].clear();
    this.#filter = filter;
    this.#filterUntilMs = nowMs + filterForMs;
    const { suppressed } = filter;
    let replayed = 0;
    for (const data of replay) {
      this.#delivered.push(data, nowMs);
      replayed += this.#enqueue(data);
    }
    return { replayed, suppressed };
  }

  /** Nothing serves: tell the client that its values are no longer current. All that comes later is news. */
  goDark(statusCode: number): void {
    this.#active = null;
    this.#delivered.clear();
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

  /** Ends the subscription for the client, e.g. BadTimeout. */
  reportStatusChange(statusCode: number): void {
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
      const pieces = splitNotificationData(data, ticket.maxBodyBytes - publishOverheadBytes);
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
