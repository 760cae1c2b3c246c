import { nextInstant, tickTimeMs } from "../clock.ts";
import type { Faults } from "../faults.ts";
import type { Cohort } from "./cohort.ts";
import { Cohorts, type ReportsFrom } from "./cohorts.ts";
import { Monitoring } from "./item-settings.ts";
import type { MonitoredItem } from "./monitored-item.ts";
import {
  dataChangeMessage,
  drainedSegments,
  frozen,
  keepAliveMessage,
  type Segment,
  stamp,
  statusChangeMessage,
  takeNotifications,
} from "./notification.ts";
import { Retransmission } from "./retransmission.ts";
import type { Sampler } from "./sampler.ts";

export interface SubscriptionSettings {
  readonly publishingIntervalMs: number;
  readonly lifetimeCount: number;
  readonly maxKeepAliveCount: number;
  /** 0 = no limit asked for. */
  readonly maxNotificationsPerPublish: number;
}

/** What a subscription needs of its session and server. */
export interface SubscriptionHost {
  readonly sampler: Sampler;
  readonly faults: Faults;
  readonly periodMs: number;
  /** Offset of the publishing instants from the multiples of their interval, in ms. */
  readonly phaseMs: number;
  /** Most notifications that fit into one message of the session's channel. */
  notificationLimit(): number;
  /** Answers one Publish request of the session; false where none is waiting. */
  publish(subscription: Subscription, message: Buffer, more: boolean): boolean;
  hasPublishRequest(): boolean;
  /** The subscription's lifetime has ended. */
  expired(subscription: Subscription): void;
}

/** A subscription (Part 4, 5.14): publishing cycle, keep-alive, lifetime, queue of messages. */
export class Subscription {
  readonly id: number;
  readonly items = new Map<number, MonitoredItem>();
  readonly retransmission = new Retransmission();
  settings: SubscriptionSettings;
  publishingEnabled: boolean;
  readonly #host: SubscriptionHost;
  readonly #cohorts: Cohorts;
  readonly #queued = new Set<MonitoredItem>();
  #segments: Segment[] = [];
  #sequenceNumber = 1;
  #cyclesSinceMessage = 0;
  #cyclesSincePublishRequest = 0;
  #isFirstMessage = true;
  #isLate = false;
  #timer: NodeJS.Timeout;

  constructor(
    id: number,
    settings: SubscriptionSettings,
    publishingEnabled: boolean,
    host: SubscriptionHost,
  ) {
    this.id = id;
    this.settings = settings;
    this.publishingEnabled = publishingEnabled;
    this.#host = host;
    this.#cohorts = new Cohorts(host.periodMs);
    this.#timer = this.#schedule();
  }

  /** A message is due and waits for a Publish request. */
  get isLate(): boolean {
    return this.#isLate;
  }

  modify(settings: SubscriptionSettings): void {
    this.settings = settings;
    this.touch();
    clearTimeout(this.#timer);
    this.#timer = this.#schedule();
  }

  /** Restarts the lifetime: a service of the client concerned this subscription. */
  touch(): void {
    this.#cyclesSincePublishRequest = 0;
  }

  add(item: MonitoredItem, nowMs: number): void {
    this.items.set(item.id, item);
    this.#place(item, nowMs, "current");
  }

  delete(item: MonitoredItem, nowMs: number): void {
    this.#displace(item, nowMs);
    item.clear();
    this.#queued.delete(item);
    this.items.delete(item.id);
  }

  /** Applies a change of settings or mode; what is queued is kept, except where the item is disabled. */
  change(item: MonitoredItem, nowMs: number, apply: () => void): void {
    const wasDisabled = item.mode === Monitoring.disabled;
    const { cohort } = item;
    this.#displace(item, nowMs);
    apply();
    if (item.mode === Monitoring.disabled) {
      item.clear();
      this.#queued.delete(item);
      return;
    }
    if (wasDisabled) {
      this.#place(item, nowMs, "current");
    } else if (cohort && !item.fitsCohort) {
      this.#materialize(item, cohort, nowMs);
      this.#place(item, nowMs, "after");
    } else {
      this.#place(item, nowMs, cohort ? cohort.series.tickOf(cohort.next) : "after");
    }
    this.onQueued(item);
  }

  /** Takes items whose quality has gone bad out of their cohorts, and good ones back into one. */
  qualityChanged(nowMs: number): void {
    for (const item of this.items.values()) {
      if (item.mode === Monitoring.disabled) continue;
      const moves = item.wave !== null && item.fitsCohort !== (item.cohort !== null);
      if (moves) this.change(item, nowMs, () => {});
      // A sample for what stays in its cohort would come twice.
      if (item.node.faultable && (moves || !item.cohort)) item.sample(nowMs);
    }
  }

  /** Notifies that an item has something in its own queue. */
  onQueued(item: MonitoredItem): void {
    if (item.mode === Monitoring.reporting && item.queued > 0) this.#queued.add(item);
    else this.#queued.delete(item);
  }

  /** Sends what is due as long as there are Publish requests. */
  serve(nowMs: number): void {
    if (!this.#isLate || this.#host.faults.isHanging) return;
    while (this.#host.hasPublishRequest()) {
      if (this.#segments.length === 0 && this.publishingEnabled) this.#collect(nowMs);
      const segments = takeNotifications(this.#segments, this.#messageLimit());
      const more = this.#segments.length > 0;
      if (segments.length > 0) this.#send(dataChangeMessage(segments, nowMs), more, nowMs);
      else this.#sendKeepAlive(nowMs);
      if (!more) {
        this.#isLate = false;
        return;
      }
    }
  }

  /** Tells the client of the end, then ends. */
  sendStatusChange(status: number, nowMs: number): void {
    this.#send(statusChangeMessage(status), false, nowMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#segments = [];
    for (const item of this.items.values()) this.#displace(item, 0);
    this.items.clear();
    this.#queued.clear();
  }

  #schedule(): NodeJS.Timeout {
    const nowMs = Date.now();
    const at = nextInstant(nowMs, this.settings.publishingIntervalMs, this.#host.phaseMs);
    return setTimeout(() => this.#cycle(), at - nowMs);
  }

  #cycle(): void {
    this.#timer = this.#schedule();
    const nowMs = Date.now();
    this.#cyclesSinceMessage++;
    if (!this.#host.hasPublishRequest() && !this.#host.faults.isHanging) {
      this.#cyclesSincePublishRequest++;
      if (this.#cyclesSincePublishRequest >= this.settings.lifetimeCount) {
        this.#host.expired(this);
        return;
      }
    } else {
      this.#cyclesSincePublishRequest = 0;
    }
    if (
      this.#hasData(nowMs) ||
      this.#isFirstMessage ||
      this.#cyclesSinceMessage >= this.settings.maxKeepAliveCount
    ) {
      this.#isLate = true;
    }
    this.serve(nowMs);
  }

  #hasData(nowMs: number): boolean {
    if (this.#segments.length > 0) return true;
    if (!this.publishingEnabled) return false;
    if (this.#queued.size > 0) return true;
    return this.#cohorts.hasPending(nowMs);
  }

  #messageLimit(): number {
    const asked = this.settings.maxNotificationsPerPublish;
    const possible = this.#host.notificationLimit();
    return asked === 0 ? possible : Math.min(asked, possible);
  }

  /** Moves everything reportable from the queues to the list of notifications to send. */
  #collect(nowMs: number): void {
    this.#segments.push(...drainedSegments(this.#queued, this.#messageLimit()));
    this.#queued.clear();
    this.#segments.push(...this.#cohorts.take(nowMs));
  }

  /** Gives an enabled item its cohort, or has it sampled; `from` is where its reports begin. */
  #place(item: MonitoredItem, nowMs: number, from: ReportsFrom): void {
    if (item.mode === Monitoring.disabled) return;
    if (!item.fitsCohort) {
      this.#host.sampler.add(item, item.settings.samplingIntervalMs);
      if (from === "current") item.sample(nowMs);
      return;
    }
    this.#freeze(nowMs);
    this.#cohorts.add(item, nowMs, from);
  }

  #displace(item: MonitoredItem, nowMs: number): void {
    if (!item.cohort) {
      this.#host.sampler.remove(item, item.settings.samplingIntervalMs);
      return;
    }
    this.#freeze(nowMs);
    this.#cohorts.delete(item);
  }

  /** Notifications in waiting name members by position: fixed before the members change. */
  #freeze(nowMs: number): void {
    if (this.#segments.length === 0) return;
    this.#segments = this.#segments.map((segment) => frozen(segment, nowMs));
  }

  /** Puts the samples a cohort stood for into the item's own queue. */
  #materialize(item: MonitoredItem, cohort: Cohort<MonitoredItem>, nowMs: number): void {
    if (!item.wave) return;
    const latest = cohort.series.latest(nowMs);
    // One more than fits, so that the queue marks the loss itself.
    for (let n = Math.max(cohort.next, latest - item.settings.queueSize); n <= latest; n++) {
      const time = tickTimeMs(cohort.series.tickOf(n), this.#host.periodMs);
      item.push(item.wave.sample(time), nowMs);
    }
  }

  #send(message: Buffer, more: boolean, nowMs: number): void {
    const sequenceNumber = this.#sequenceNumber;
    stamp(message, sequenceNumber, nowMs);
    this.retransmission.keep(sequenceNumber, message);
    this.#sequenceNumber = sequenceNumber === 0xffff_ffff ? 1 : sequenceNumber + 1;
    this.#sent();
    this.#host.publish(this, message, more);
  }

  #sendKeepAlive(nowMs: number): void {
    const message = keepAliveMessage();
    stamp(message, this.#sequenceNumber, nowMs);
    this.#sent();
    this.#host.publish(this, message, false);
  }

  #sent(): void {
    this.#cyclesSinceMessage = 0;
    this.#cyclesSincePublishRequest = 0;
    this.#isFirstMessage = false;
  }
}
