import {
  CreateSubscriptionRequest,
  type CreateSubscriptionResponse,
  DeleteSubscriptionsRequest,
  ModifySubscriptionRequest,
  type ModifySubscriptionResponse,
  SetPublishingModeRequest,
  StatusCodes,
} from "node-opcua";
import { oneAtATime } from "../../../host/one-at-a-time.ts";
import { ServiceError, type UpstreamSession } from "../upstream/upstream-session.ts";
import {
  createItemsBody,
  deleteItemsBody,
  type ItemCreation,
  type ItemModification,
  type ItemResult,
  modifyItemsBody,
  nothingRevised,
  parseItemResults,
  parseUInt32s,
  setModeBody,
} from "../wire/monitored-items.ts";
import { rawRequest } from "../wire/raw-factory.ts";
import type { RawResponse, RawService } from "../wire/raw-message.ts";
import type { ClientSubscription, SubscriptionParameters } from "./client-subscription.ts";
import type { ClientItem } from "./item-registry.ts";

/** Monitored items sent in one call; a member that takes fewer says BadTooManyOperations. */
const itemsPerCall = 1000;
const callTimeoutMs = 10_000;

const good = StatusCodes.Good.value;

/**
 * A client's subscription on one member. Its operations are carried out one after another, so that a
 * standby member follows what was done on the active one in the same order.
 */
export class LegSubscription {
  readonly subscription: ClientSubscription;
  readonly #session: UpstreamSession;
  /** The member's ids by the client's. */
  readonly #ids = new Map<number, number>();
  /** Items this member refused, by the client's id. */
  readonly #missing = new Map<number, number>();
  #upstreamId = 0;
  #publishing = false;
  readonly #inOrder = oneAtATime();

  constructor(session: UpstreamSession, subscription: ClientSubscription) {
    this.#session = session;
    this.subscription = subscription;
  }

  /** The member's id of the subscription; 0 before it is created. */
  get upstreamId(): number {
    return this.#upstreamId;
  }

  get missing(): ReadonlyMap<number, number> {
    return this.#missing;
  }

  /** Creates the subscription; the answer holds the revised parameters. */
  create(requested: SubscriptionParameters, publishing: boolean): Promise<SubscriptionParameters> {
    return this.#inOrder(async () => {
      const response = await this.#session.call<CreateSubscriptionResponse>(
        new CreateSubscriptionRequest({
          requestedPublishingInterval: requested.publishingInterval,
          requestedLifetimeCount: requested.lifetimeCount,
          requestedMaxKeepAliveCount: requested.maxKeepAliveCount,
          maxNotificationsPerPublish: requested.maxNotificationsPerPublish,
          priority: requested.priority,
          publishingEnabled: publishing,
        }),
        callTimeoutMs,
      );
      this.#upstreamId = response.subscriptionId;
      this.#publishing = publishing;
      return {
        publishingInterval: response.revisedPublishingInterval,
        lifetimeCount: response.revisedLifetimeCount,
        maxKeepAliveCount: response.revisedMaxKeepAliveCount,
        maxNotificationsPerPublish: requested.maxNotificationsPerPublish,
        priority: requested.priority,
      };
    });
  }

  modify(requested: SubscriptionParameters): Promise<SubscriptionParameters> {
    return this.#inOrder(async () => {
      const response = await this.#session.call<ModifySubscriptionResponse>(
        new ModifySubscriptionRequest({
          subscriptionId: this.#upstreamId,
          requestedPublishingInterval: requested.publishingInterval,
          requestedLifetimeCount: requested.lifetimeCount,
          requestedMaxKeepAliveCount: requested.maxKeepAliveCount,
          maxNotificationsPerPublish: requested.maxNotificationsPerPublish,
          priority: requested.priority,
        }),
        callTimeoutMs,
      );
      return {
        ...requested,
        publishingInterval: response.revisedPublishingInterval,
        lifetimeCount: response.revisedLifetimeCount,
        maxKeepAliveCount: response.revisedMaxKeepAliveCount,
      };
    });
  }

  /** Lets the member publish or not; nothing is sent where that is so already. */
  setPublishing(publishing: boolean): Promise<void> {
    return this.#inOrder(async () => {
      if (this.#publishing === publishing) return;
      await this.#session.call(
        new SetPublishingModeRequest({ publishingEnabled: publishing, subscriptionIds: [this.#upstreamId] }),
        callTimeoutMs,
      );
      this.#publishing = publishing;
    });
  }

  delete(): Promise<void> {
    return this.#inOrder(async () => {
      await this.#session.call(
        new DeleteSubscriptionsRequest({ subscriptionIds: [this.#upstreamId] }),
        callTimeoutMs,
      );
    });
  }

  /** Creates items that the client asks for now; `register` gives each one that worked its client id. */
  createItems(
    items: readonly ItemCreation[],
    timestampsToReturn: number,
    register: (creation: ItemCreation) => number,
  ): Promise<ItemResult[]> {
    return this.#inOrder(async () => {
      const results = await this.#create(items, timestampsToReturn);
      return results.map((result, index) => {
        const creation = items[index];
        if (!creation || !isGood(result.statusCode)) return { ...result, monitoredItemId: 0 };
        const id = register(creation);
        this.#ids.set(id, result.monitoredItemId);
        return { ...result, monitoredItemId: id };
      });
    });
  }

  /** Creates those of the client's items that the member does not have yet. */
  followItems(): Promise<void> {
    return this.#inOrder(async () => {
      const byTimestamps = new Map<number, ClientItem[]>();
      for (const item of this.subscription.items.all()) {
        if (this.#ids.has(item.id) || this.#missing.has(item.id)) continue;
        const group = byTimestamps.get(item.timestampsToReturn);
        if (group) group.push(item);
        else byTimestamps.set(item.timestampsToReturn, [item]);
      }
      for (const [timestampsToReturn, items] of byTimestamps) {
        const results = await this.#create(
          items.map((item) => item.creation),
          timestampsToReturn,
        );
        this.#keepIds(items, results);
      }
    });
  }

  #keepIds(items: readonly ClientItem[], results: readonly ItemResult[]): void {
    items.forEach((item, index) => {
      const result = results[index];
      if (result && isGood(result.statusCode)) this.#ids.set(item.id, result.monitoredItemId);
      else this.#missing.set(item.id, result?.statusCode ?? StatusCodes.BadUnexpectedError.value);
    });
  }

  modifyItems(items: readonly ItemModification[], timestampsToReturn: number): Promise<ItemResult[]> {
    return this.#inOrder(() =>
      this.#onKnown(
        items,
        (item) => item.monitoredItemId,
        {
          statusCode: StatusCodes.BadMonitoredItemIdInvalid.value,
          monitoredItemId: 0,
          revised: nothingRevised,
        },
        async (known) => {
          const modifications = known.map(([item, monitoredItemId]) => ({ ...item, monitoredItemId }));
          const body = modifyItemsBody(this.#upstreamId, timestampsToReturn, modifications);
          return parseItemResults(await this.#raw("ModifyMonitoredItems", body), false);
        },
      ),
    );
  }

  /** Status codes, one an id. */
  deleteItems(ids: readonly number[]): Promise<number[]> {
    return this.#inOrder(async () => {
      const results = await this.#onKnownIds(ids, async (known) => {
        const body = deleteItemsBody(this.#upstreamId, known);
        return parseUInt32s(await this.#raw("DeleteMonitoredItems", body), 0);
      });
      for (const id of ids) {
        this.#ids.delete(id);
        this.#missing.delete(id);
      }
      return results;
    });
  }

  /** Status codes, one an id. */
  setMonitoringMode(monitoringMode: number, ids: readonly number[]): Promise<number[]> {
    return this.#inOrder(() =>
      this.#onKnownIds(ids, async (known) => {
        const body = setModeBody(this.#upstreamId, monitoringMode, known);
        return parseUInt32s(await this.#raw("SetMonitoringMode", body), 0);
      }),
    );
  }

  #onKnownIds(
    ids: readonly number[],
    call: (known: readonly number[]) => Promise<readonly number[]>,
  ): Promise<number[]> {
    return this.#onKnown(
      ids,
      (id) => id,
      StatusCodes.BadMonitoredItemIdInvalid.value,
      (known) => call(known.map(([, upstreamId]) => upstreamId)),
    );
  }

  /** Calls for the elements whose item this member has, and puts the answers where they belong. */
  async #onKnown<T, R>(
    elements: readonly T[],
    idOf: (element: T) => number,
    unknown: R,
    call: (known: readonly (readonly [T, number])[]) => Promise<readonly R[]>,
  ): Promise<R[]> {
    const known: (readonly [T, number])[] = [];
    for (const element of elements) {
      const upstreamId = this.#ids.get(idOf(element));
      if (upstreamId !== undefined) known.push([element, upstreamId]);
    }
    const answers = known.length > 0 ? await call(known) : [];
    let next = 0;
    return elements.map((element) => (this.#ids.has(idOf(element)) ? (answers[next++] ?? unknown) : unknown));
  }

  async #create(items: readonly ItemCreation[], timestampsToReturn: number): Promise<ItemResult[]> {
    const calls: Promise<ItemResult[]>[] = [];
    for (let start = 0; start < items.length; start += itemsPerCall) {
      calls.push(this.#createSome(items.slice(start, start + itemsPerCall), timestampsToReturn));
    }
    return (await Promise.all(calls)).flat();
  }

  async #createSome(items: readonly ItemCreation[], timestampsToReturn: number): Promise<ItemResult[]> {
    try {
      const body = createItemsBody(this.#upstreamId, timestampsToReturn, items);
      return parseItemResults(await this.#raw("CreateMonitoredItems", body), true);
    } catch (error) {
      const tooMany =
        error instanceof ServiceError && error.statusCode.equals(StatusCodes.BadTooManyOperations);
      if (!tooMany || items.length === 1) throw error;
      const half = Math.ceil(items.length / 2);
      const first = await this.#createSome(items.slice(0, half), timestampsToReturn);
      return [...first, ...(await this.#createSome(items.slice(half), timestampsToReturn))];
    }
  }

  async #raw(service: RawService, body: Buffer): Promise<Buffer> {
    const request = rawRequest(service, body);
    const response = await this.#session.call<RawResponse>(request, callTimeoutMs);
    const { serviceResult } = response.responseHeader;
    if (!isGood(serviceResult.value)) {
      throw new ServiceError(
        "SERVICE_FAILED",
        serviceResult,
        `${service} was answered ${serviceResult.name}`,
      );
    }
    return response.body;
  }
}

/** Good or Uncertain. */
function isGood(statusCode: number): boolean {
  return statusCode === good || statusCode >>> 30 === 0;
}
