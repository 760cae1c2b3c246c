import {
  AttributeIds,
  CreateMonitoredItemsRequest,
  CreateMonitoredItemsResponse,
  CreateSubscriptionRequest,
  type CreateSubscriptionResponse,
  coerceNodeId,
  coerceStatusCode,
  DataChangeNotification,
  type DataValue,
  DeleteMonitoredItemsRequest,
  type MonitoredItemCreateResult,
  MonitoringMode,
  type NodeId,
  TimestampsToReturn,
} from "node-opcua";
import { BinaryStream } from "node-opcua-binary-stream";
import { detailOf } from "../../diagnostics/detail-of.ts";
import { PublishPump } from "./relay/publish-pump.ts";
import { decodeResponse } from "./upstream/decode-response.ts";
import type { ServiceResponse, UpstreamSession } from "./upstream/upstream-session.ts";
import { listNotifications, notificationTypes, statusChangeCode } from "./wire/notification-data.ts";
import type { PublishBody } from "./wire/publish.ts";

/** A node of which the value is watched. */
export interface WatchedItem {
  /** Key in `ItemWatchEvents`. */
  readonly name: string;
  readonly nodeId: string;
  /** Sampling and publishing interval asked of the server, in ms. */
  readonly rateMs: number;
}

export interface ItemWatchEvents {
  added(name: string): void;
  refused(name: string, detail: string): void;
  changed(name: string, value: DataValue): void;
  /** The server ended a subscription, or answers nonsense: the session is of no more use. */
  broken(detail: string): void;
}

/** A keep-alive at least every so many ms, and subscriptions that outlive ten of them missed. */
const keepAliveMs = 5000;
const keepAlivesPerLifetime = 10;
const itemsPerRequest = 1000;

interface Watched {
  readonly item: WatchedItem;
  readonly clientHandle: number;
  readonly subscriptionId: number;
  /** null until the server has confirmed it. */
  monitoredItemId: number | null;
}

/**
 * Watches values in a session of the broker's own: one subscription for each rate, each item with a
 * queue of one, as only the latest value counts. Ends with the session.
 */
export class ItemWatch {
  readonly #session: UpstreamSession;
  readonly #events: ItemWatchEvents;
  readonly #requestTimeoutMs: number;
  readonly #pump: PublishPump;
  readonly #subscriptions = new Map<number, Promise<number>>();
  readonly #byHandle = new Map<number, Watched>();
  readonly #byName = new Map<string, Watched>();
  #lastHandle = 0;

  constructor(session: UpstreamSession, requestTimeoutMs: number, events: ItemWatchEvents) {
    this.#session = session;
    this.#requestTimeoutMs = requestTimeoutMs;
    this.#events = events;
    this.#pump = new PublishPump(session, {
      received: (publish) => this.#received(publish),
      broken: (detail) => this.#events.broken(detail),
    });
  }

  /** Each item is answered by `added` or `refused`; one that is watched already by `added`. */
  add(items: readonly WatchedItem[]): void {
    for (const [rateMs, group] of groupByRate(items)) {
      for (let start = 0; start < group.length; start += itemsPerRequest) {
        const part = group.slice(start, start + itemsPerRequest);
        this.#addGroup(rateMs, part).catch((error: unknown) => {
          // Without a session nobody waits for the answers.
          if (!this.#session.isOpen) return;
          for (const { name } of part) this.#events.refused(name, detailOf(error));
        });
      }
    }
  }

  remove(names: readonly string[]): void {
    const bySubscription = new Map<number, number[]>();
    for (const name of names) {
      const watched = this.#byName.get(name);
      if (!watched) continue;
      this.#forget(watched);
      if (watched.monitoredItemId === null) continue;
      const ids = bySubscription.get(watched.subscriptionId) ?? [];
      bySubscription.set(watched.subscriptionId, [...ids, watched.monitoredItemId]);
    }
    for (const [subscriptionId, ids] of bySubscription) this.#delete(subscriptionId, ids);
  }

  async #addGroup(rateMs: number, items: readonly WatchedItem[]): Promise<void> {
    const subscriptionId = await this.#subscription(rateMs);
    const wanted: { readonly watched: Watched; readonly nodeId: NodeId }[] = [];
    for (const item of items) {
      const nodeId = parseNodeId(item.nodeId);
      if (this.#byName.has(item.name)) this.#events.added(item.name);
      else if (nodeId) wanted.push({ watched: this.#remember(item, subscriptionId), nodeId });
      else this.#events.refused(item.name, `"${item.nodeId}" is not a NodeId, such as ns=1;s=Watchdog`);
    }
    if (wanted.length === 0) return;
    try {
      const results = await this.#create(subscriptionId, wanted);
      wanted.forEach(({ watched }, index) => {
        this.#settle(watched, results[index]);
      });
    } catch (error) {
      for (const { watched } of wanted) this.#forget(watched);
      throw error;
    }
  }

  async #create(
    subscriptionId: number,
    wanted: readonly { readonly watched: Watched; readonly nodeId: NodeId }[],
  ): Promise<readonly MonitoredItemCreateResult[]> {
    const request = new CreateMonitoredItemsRequest({
      subscriptionId,
      timestampsToReturn: TimestampsToReturn.Source,
      itemsToCreate: wanted.map(({ watched, nodeId }) => ({
        itemToMonitor: { nodeId, attributeId: AttributeIds.Value },
        monitoringMode: MonitoringMode.Reporting,
        requestedParameters: {
          clientHandle: watched.clientHandle,
          samplingInterval: watched.item.rateMs,
          queueSize: 1,
          discardOldest: true,
        },
      })),
    });
    const response = await this.#session.call<ServiceResponse>(request, this.#requestTimeoutMs);
    return decodeResponse(CreateMonitoredItemsResponse, response).results ?? [];
  }

  #settle(watched: Watched, result: MonitoredItemCreateResult | undefined): void {
    const { name, nodeId } = watched.item;
    if (result?.statusCode.isGood() !== true) {
      this.#forget(watched);
      this.#events.refused(name, `the server refused ${nodeId}: ${result?.statusCode.name ?? "no result"}`);
      return;
    }
    watched.monitoredItemId = result.monitoredItemId;
    if (this.#byHandle.has(watched.clientHandle)) this.#events.added(name);
    else this.#delete(watched.subscriptionId, [result.monitoredItemId]);
  }

  #subscription(rateMs: number): Promise<number> {
    const known = this.#subscriptions.get(rateMs);
    if (known !== undefined) return known;
    const created = this.#createSubscription(rateMs);
    this.#subscriptions.set(rateMs, created);
    // One that was refused is asked for again with the next items.
    created.then(
      () => this.#pump.setSubscriptionCount(this.#subscriptions.size),
      () => this.#subscriptions.delete(rateMs),
    );
    return created;
  }

  async #createSubscription(rateMs: number): Promise<number> {
    const keepAliveCount = Math.max(1, Math.ceil(keepAliveMs / Math.max(1, rateMs)));
    const request = new CreateSubscriptionRequest({
      requestedPublishingInterval: rateMs,
      requestedMaxKeepAliveCount: keepAliveCount,
      requestedLifetimeCount: keepAliveCount * keepAlivesPerLifetime,
      maxNotificationsPerPublish: 0,
      publishingEnabled: true,
      priority: 0,
    });
    const response = await this.#session.call<CreateSubscriptionResponse>(request, this.#requestTimeoutMs);
    return response.subscriptionId;
  }

  #delete(subscriptionId: number, monitoredItemIds: readonly number[]): void {
    const request = new DeleteMonitoredItemsRequest({
      subscriptionId,
      monitoredItemIds: [...monitoredItemIds],
    });
    // An item that stays behind costs the server a little and is ignored here.
    this.#session.send(request, this.#requestTimeoutMs, () => {});
  }

  #remember(item: WatchedItem, subscriptionId: number): Watched {
    this.#lastHandle += 1;
    const watched: Watched = { item, clientHandle: this.#lastHandle, subscriptionId, monitoredItemId: null };
    this.#byHandle.set(watched.clientHandle, watched);
    this.#byName.set(item.name, watched);
    return watched;
  }

  #forget(watched: Watched): void {
    this.#byHandle.delete(watched.clientHandle);
    if (this.#byName.get(watched.item.name) === watched) this.#byName.delete(watched.item.name);
  }

  #received(publish: PublishBody): void {
    if (publish.isKeepAlive) return;
    const { notificationData: data } = publish;
    try {
      for (const notification of listNotifications(data)) {
        if (notification.typeId === notificationTypes.statusChange) {
          const { name } = coerceStatusCode(statusChangeCode(data, notification));
          this.#events.broken(`the server ended the subscription of the monitor items: ${name}`);
          return;
        }
        if (notification.typeId !== notificationTypes.dataChange) continue;
        this.#changed(data.subarray(notification.start, notification.end));
      }
    } catch (error) {
      this.#events.broken(`unreadable notification: ${detailOf(error)}`);
    }
  }

  #changed(body: Buffer): void {
    const change = new DataChangeNotification();
    change.decode(new BinaryStream(body));
    for (const { clientHandle, value } of change.monitoredItems ?? []) {
      const watched = this.#byHandle.get(clientHandle);
      if (watched) this.#events.changed(watched.item.name, value);
    }
  }
}

function groupByRate(items: readonly WatchedItem[]): ReadonlyMap<number, WatchedItem[]> {
  const groups = new Map<number, WatchedItem[]>();
  for (const item of items) groups.set(item.rateMs, [...(groups.get(item.rateMs) ?? []), item]);
  return groups;
}

function parseNodeId(text: string): NodeId | null {
  try {
    return coerceNodeId(text);
  } catch {
    return null;
  }
}
