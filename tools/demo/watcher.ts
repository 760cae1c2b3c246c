import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AttributeIds,
  type ClientSubscription,
  DataChangeNotification,
  type DataValue,
  MessageSecurityMode,
  type NotificationMessage,
  OPCUACertificateManager,
  OPCUAClient,
  SecurityPolicy,
  TimestampsToReturn,
} from "node-opcua";
import { tickAt } from "../simulator/clock.ts";

export const watchedItems = 50;
export const publishingIntervalMs = 100;
/** Period of the simulated values. */
const periodMs = 100;

/** What the client saw in a span of time. */
export interface Seen {
  readonly values: number;
  readonly bad: number;
  /** Values of the simulation that did not arrive, or came twice; proven by their source timestamps. */
  readonly lost: number;
  readonly duplicated: number;
  readonly longestSilenceMs: number;
}

/**
 * An ordinary OPC UA client, node-opcua's own, that knows nothing of redundancy: it connects to the broker as
 * to a server, subscribes to some items and keeps account of what arrives.
 */
export class Watcher {
  readonly #client: OPCUAClient;
  readonly #release: () => Promise<void>;
  readonly #lastTicks = new Map<number, number>();
  #reconnections = 0;
  #newest: DataValue | null = null;
  #onFirstMessage: () => void = () => undefined;
  #lastMessageMs = performance.now();
  #values = 0;
  #bad = 0;
  #lost = 0;
  #duplicated = 0;
  /** Open spans of time, each with its own longest silence. */
  readonly #spans = new Set<Span>();

  private constructor(client: OPCUAClient, release: () => Promise<void>) {
    this.#client = client;
    this.#release = release;
    client.on("start_reconnection", () => {
      this.#reconnections++;
    });
  }

  static async connect(endpointUrl: string): Promise<Watcher> {
    const folder = mkdtempSync(join(tmpdir(), "understudy-demo-client-"));
    const manager = new OPCUACertificateManager({ rootFolder: folder });
    const client = OPCUAClient.create({
      applicationName: "Demo client",
      clientCertificateManager: manager,
      securityMode: MessageSecurityMode.None,
      securityPolicy: SecurityPolicy.None,
      endpointMustExist: false,
      connectionStrategy: { maxRetry: 1, initialDelay: 100 },
    });
    const watcher = new Watcher(client, async () => {
      await manager.dispose();
      rmSync(folder, { recursive: true, force: true });
    });
    try {
      await client.connect(endpointUrl);
      const session = await client.createSession();
      const subscription = await session.createSubscription2({
        requestedPublishingInterval: publishingIntervalMs,
        requestedLifetimeCount: 600,
        requestedMaxKeepAliveCount: 10,
        maxNotificationsPerPublish: 0,
        publishingEnabled: true,
        priority: 0,
      });
      await watcher.#watch(subscription);
      return watcher;
    } catch (error) {
      await watcher.close();
      throw error;
    }
  }

  /** Times the client had to connect anew; none, as long as the broker does what it is there for. */
  get reconnections(): number {
    return this.#reconnections;
  }

  /** The last value of the first item. */
  get newest(): string {
    const newest = this.#newest;
    if (newest === null) return "no value yet";
    const value = newest.statusCode.isGood() ? String(newest.value.value) : "no value";
    return `${value} ${newest.statusCode.name}`;
  }

  /** Begins a span of time; the function answered gives what was seen in it so far. */
  span(): Span {
    const start = { values: this.#values, bad: this.#bad, lost: this.#lost, duplicated: this.#duplicated };
    let longestMs = 0;
    const beganMs = performance.now();
    const span: Span = {
      note: (silenceMs) => {
        longestMs = Math.max(longestMs, silenceMs);
      },
      seen: () => ({
        values: this.#values - start.values,
        bad: this.#bad - start.bad,
        lost: this.#lost - start.lost,
        duplicated: this.#duplicated - start.duplicated,
        longestSilenceMs: Math.max(longestMs, performance.now() - Math.max(this.#lastMessageMs, beganMs)),
      }),
      end: () => this.#spans.delete(span),
    };
    this.#spans.add(span);
    return span;
  }

  async close(): Promise<void> {
    await this.#client.disconnect().catch(() => undefined);
    await this.#release();
  }

  /** Resolves when the first values are there. */
  async #watch(subscription: ClientSubscription): Promise<void> {
    const first = new Promise<void>((resolve) => {
      this.#onFirstMessage = resolve;
    });
    subscription.on("raw_notification", (message: NotificationMessage) => {
      for (const data of message.notificationData ?? []) {
        if (data instanceof DataChangeNotification) this.#take(data);
      }
    });
    const items = Array.from({ length: watchedItems }, (_, index) => ({
      nodeId: `ns=1;s=Ramp${index}`,
      attributeId: AttributeIds.Value,
    }));
    const settings = { samplingInterval: periodMs, queueSize: 100, discardOldest: true };
    const group = await subscription.monitorItems(items, settings, TimestampsToReturn.Both);
    group.on("changed", (_item, value: DataValue, index: number) => {
      if (index === 0) this.#newest = value;
    });
    await first;
  }

  #take({ monitoredItems }: DataChangeNotification): void {
    const nowMs = performance.now();
    for (const span of this.#spans) span.note(nowMs - this.#lastMessageMs);
    this.#lastMessageMs = nowMs;
    this.#onFirstMessage();
    for (const { clientHandle, value } of monitoredItems ?? []) this.#account(clientHandle, value);
  }

  #account(handle: number, value: DataValue): void {
    this.#values++;
    const time = value.sourceTimestamp;
    if (!value.statusCode.isGood() || time === null) {
      this.#bad++;
      return;
    }
    const tick = tickAt(time.getTime(), periodMs);
    const last = this.#lastTicks.get(handle);
    this.#lastTicks.set(handle, Math.max(tick, last ?? tick));
    if (last === undefined) return;
    if (tick > last) this.#lost += tick - last - 1;
    else this.#duplicated++;
  }
}

/** A span of time the client keeps account of. */
export interface Span {
  note(silenceMs: number): void;
  seen(): Seen;
  end(): void;
}
