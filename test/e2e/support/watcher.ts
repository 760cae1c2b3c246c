import {
  AttributeIds,
  ClientMonitoredItemGroup,
  type ClientSession,
  type ClientSubscription,
  DataChangeNotification,
  type NotificationMessage,
  type StatusCode,
  TimestampsToReturn,
} from "node-opcua";
import { Changes, within } from "./changes.ts";

export interface Sample {
  readonly value: unknown;
  readonly statusCode: StatusCode;
  /** Time of arrival, `performance.now()`. */
  readonly atMs: number;
}

export interface WatchOptions {
  readonly publishingIntervalMs?: number;
  readonly samplingIntervalMs?: number;
  readonly queueSize?: number;
  readonly priority?: number;
}

/** What became of the values of ramps, of which each is the one before plus one. */
export interface Account {
  readonly values: number;
  readonly bad: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly disordered: number;
  readonly longestSilenceMs: number;
}

/** Ids that a client goes by; all of them must outlive every switchover. */
export interface Ids {
  readonly session: string;
  readonly subscription: number;
  readonly items: readonly number[];
  readonly handles: readonly number[];
}

/** A subscription of node-opcua's client, with account of every notification that came in it. */
export class Watcher {
  readonly session: ClientSession;
  readonly subscription: ClientSubscription;
  readonly group: ClientMonitoredItemGroup;
  readonly changes = new Changes();
  readonly sequenceNumbers: number[] = [];
  readonly statusChanges: StatusCode[] = [];
  keepAlives = 0;
  /** By position of the item. */
  readonly samples: Sample[][];
  readonly #positions = new Map<number, number>();

  private constructor(
    session: ClientSession,
    subscription: ClientSubscription,
    group: ClientMonitoredItemGroup,
    early: readonly NotificationMessage[],
  ) {
    this.session = session;
    this.subscription = subscription;
    this.group = group;
    this.samples = group.monitoredItems.map(() => []);
    group.monitoredItems.forEach((item, index) => {
      this.#positions.set(item.monitoringParameters.clientHandle, index);
    });
    for (const message of early) this.#take(message);
    subscription.on("raw_notification", (message: NotificationMessage) => this.#take(message));
    subscription.on("status_changed", (status: StatusCode) => {
      this.statusChanges.push(status);
      this.changes.announce();
    });
  }

  /** Subscribes to items, named as NodeIds of namespace 1, and resolves when all of them are there. */
  static async create(
    session: ClientSession,
    names: readonly string[],
    options: WatchOptions = {},
  ): Promise<Watcher> {
    const subscription = await within(
      session.createSubscription2({
        requestedPublishingInterval: options.publishingIntervalMs ?? 100,
        requestedLifetimeCount: 600,
        requestedMaxKeepAliveCount: 10,
        maxNotificationsPerPublish: 0,
        publishingEnabled: true,
        priority: options.priority ?? 1,
      }),
      "creating a subscription",
    );
    const early: NotificationMessage[] = [];
    const keep = (message: NotificationMessage): void => {
      early.push(message);
    };
    subscription.on("raw_notification", keep);
    const group = ClientMonitoredItemGroup.create(
      subscription,
      names.map((name) => ({ nodeId: nodeIdOf(name), attributeId: AttributeIds.Value })),
      {
        samplingInterval: options.samplingIntervalMs ?? 100,
        queueSize: options.queueSize ?? 50,
        discardOldest: true,
      },
      TimestampsToReturn.Both,
    );
    await within(
      new Promise<void>((resolve, reject) => {
        group.once("initialized", () => resolve());
        group.once("err", (message) => reject(new Error(message)));
      }),
      "creating monitored items",
    );
    const watcher = new Watcher(session, subscription, group, early);
    subscription.removeListener("raw_notification", keep);
    return watcher;
  }

  /** Good values of an item, in the order of arrival. */
  good(index = 0): Sample[] {
    return (this.samples[index] ?? []).filter(({ statusCode }) => statusCode.isGood());
  }

  latest(index = 0): Sample | undefined {
    return this.samples[index]?.at(-1);
  }

  until<T>(find: () => T | null | undefined | false, what: string, timeoutMs?: number): Promise<T> {
    return this.changes.until(find, what, {
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      state: () =>
        `${this.samples.map((samples) => samples.length).reduce((a, b) => a + b, 0)} values so far`,
    });
  }

  /** Resolves once every item has had so many more good values from now on. */
  async more(count = 3, what = "more values", timeoutMs?: number): Promise<void> {
    const start = this.samples.map((samples) => samples.length);
    const enough = (samples: readonly Sample[], from: number): boolean => {
      let good = 0;
      for (let index = from; index < samples.length; index++) {
        if (samples[index]?.statusCode.isGood()) good += 1;
        if (good >= count) return true;
      }
      return false;
    };
    await this.until(
      () => this.samples.every((samples, index) => enough(samples, start[index] ?? 0)),
      what,
      timeoutMs,
    );
  }

  /** All items taken as ramps, from the last value of each before `sinceMs` on. */
  account(sinceMs = 0): Account {
    const account = { values: 0, bad: 0, lost: 0, duplicated: 0, disordered: 0, longestSilenceMs: 0 };
    for (const samples of this.samples) {
      const later = samples.findIndex(({ atMs }) => atMs >= sinceMs);
      if (later < 0) continue;
      let highest: number | null = null;
      let lastMs: number | null = null;
      for (const { value, statusCode, atMs } of samples.slice(Math.max(later - 1, 0))) {
        if (lastMs !== null) account.longestSilenceMs = Math.max(account.longestSilenceMs, atMs - lastMs);
        lastMs = atMs;
        if (!statusCode.isGood()) {
          account.bad += 1;
          continue;
        }
        account.values += 1;
        const number = Number(value);
        if (highest === null || number > highest) {
          account.lost += number - (highest ?? number - 1) - 1;
          highest = number;
        } else if (number === highest) account.duplicated += 1;
        else account.disordered += 1;
      }
    }
    return { ...account, longestSilenceMs: Math.round(account.longestSilenceMs) };
  }

  /** Values of all items between the first and the last that never came, in whatever order they came. */
  missing(): number {
    let missing = 0;
    for (const index of this.samples.keys()) {
      const values = new Set(this.good(index).map(({ value }) => Number(value)));
      missing += Math.max(...values) - Math.min(...values) + 1 - values.size;
    }
    return missing;
  }

  ids(): Ids {
    return {
      session: this.session.sessionId.toString(),
      subscription: this.subscription.subscriptionId,
      items: this.group.monitoredItems.map(({ monitoredItemId }) => monitoredItemId ?? 0),
      handles: this.group.monitoredItems.map(({ monitoringParameters }) => monitoringParameters.clientHandle),
    };
  }

  #take(message: NotificationMessage): void {
    const atMs = performance.now();
    const data = message.notificationData ?? [];
    if (data.length === 0) this.keepAlives += 1;
    else this.sequenceNumbers.push(message.sequenceNumber);
    for (const notification of data) {
      if (!(notification instanceof DataChangeNotification)) continue;
      for (const { clientHandle, value } of notification.monitoredItems ?? []) {
        const position = this.#positions.get(clientHandle);
        if (position === undefined) throw new Error(`a value for handle ${clientHandle}, which no item has`);
        this.samples[position]?.push({ value: value.value?.value, statusCode: value.statusCode, atMs });
      }
    }
    this.changes.announce();
  }
}

export function nodeIdOf(name: string): string {
  return name.includes("=") ? name : `ns=1;s=${name}`;
}

export function ramps(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, index) => `Ramp${first + index}`);
}
