import { StatusCodes } from "node-opcua";
import type { Clock } from "../../clock.ts";
import { ServiceError } from "../upstream/upstream-session.ts";
import {
  type ItemModification,
  type ItemResult,
  parseCreateItems,
  parseModifyItems,
} from "../wire/monitored-items.ts";
import { ClientSubscription, type SubscriptionParameters } from "./client-subscription.ts";
import type { Leg } from "./leg.ts";
import { LegSubscription } from "./leg-subscription.ts";
import type { RelaySession } from "./relay-session.ts";

const good = StatusCodes.Good.value;

/**
 * Subscription and MonitoredItem services of one client session (OPC 10000-4, 5.13 and 5.14): carried
 * out on the active member, remembered under the client's ids, and followed by the other member.
 */
export class SubscriptionServices {
  readonly #relay: RelaySession;
  readonly #clock: Clock;
  readonly #nextSubscriptionId: () => number;
  readonly #detectionMs: () => number;

  constructor(options: {
    readonly relay: RelaySession;
    readonly clock: Clock;
    /** Ids are unique within the pair. */
    readonly nextSubscriptionId: () => number;
    /** Longest time until a failure is noticed, in ms. */
    readonly detectionMs: () => number;
  }) {
    this.#relay = options.relay;
    this.#clock = options.clock;
    this.#nextSubscriptionId = options.nextSubscriptionId;
    this.#detectionMs = options.detectionMs;
  }

  /** Creates a subscription and returns it with its revised parameters. */
  createSubscription(
    requested: SubscriptionParameters,
    publishingEnabled: boolean,
  ): Promise<ClientSubscription> {
    const id = this.#nextSubscriptionId();
    return this.#relay.onActiveLeg(async (leg) => {
      const subscription = new ClientSubscription({
        id,
        parameters: requested,
        publishingEnabled,
        queue: this.#relay.publishQueue,
        clock: this.#clock,
        active: leg.role,
        detectionMs: this.#detectionMs(),
      });
      const created = new LegSubscription(leg.session, subscription);
      subscription.parameters = await created.create(requested, publishingEnabled);
      this.#relay.subscriptions.set(id, subscription);
      leg.add(created);
      const { active } = this.#relay;
      if (active && active !== leg.role) subscription.switchTo(active);
      else if (!active) subscription.pause();
      this.#relay.followSubscription(subscription, leg);
      return subscription;
    });
  }

  async modifySubscription(id: number, requested: SubscriptionParameters): Promise<SubscriptionParameters> {
    const subscription = this.#subscription(id);
    const revised = await this.#relay.onActiveLeg((leg) => this.#of(leg, id).modify(requested));
    subscription.parameters = revised;
    this.#others(id, (followed) => followed.modify(requested));
    return revised;
  }

  /** One status code an id. */
  async setPublishingMode(publishingEnabled: boolean, ids: readonly number[]): Promise<number[]> {
    const known = ids.map((id) => this.#relay.subscriptions.get(id));
    for (const subscription of known) if (subscription) subscription.publishingEnabled = publishingEnabled;
    await this.#relay.applyPublishing();
    return known.map((subscription) => (subscription ? good : StatusCodes.BadSubscriptionIdInvalid.value));
  }

  /** One status code an id. The client need not wait for the members. */
  deleteSubscriptions(ids: readonly number[]): number[] {
    return ids.map((id) => {
      if (!this.#relay.subscriptions.delete(id)) return StatusCodes.BadSubscriptionIdInvalid.value;
      // a member that cannot be told any more ends the subscription by its lifetime
      for (const leg of this.#relay.legs()) leg.remove(id).catch(() => undefined);
      return good;
    });
  }

  /** Results for a CreateMonitoredItemsRequest body, with the ids that the client will know. */
  async createItems(body: Buffer): Promise<ItemResult[]> {
    const { subscriptionId, timestampsToReturn, items } = parseCreateItems(body);
    const subscription = this.#subscription(subscriptionId);
    if (items.length === 0) throw nothingToDo();
    const results = await this.#relay.onActiveLeg((leg) =>
      this.#of(leg, subscriptionId).createItems(
        items,
        timestampsToReturn,
        (creation) => subscription.items.add(creation, timestampsToReturn).id,
      ),
    );
    this.#others(subscriptionId, (followed) => followed.followItems());
    return results;
  }

  /** Results for a ModifyMonitoredItemsRequest body. */
  async modifyItems(body: Buffer): Promise<ItemResult[]> {
    const { subscriptionId, timestampsToReturn, items } = parseModifyItems(body);
    const subscription = this.#subscription(subscriptionId);
    if (items.length === 0) throw nothingToDo();
    const results = await this.#relay.onActiveLeg((leg) =>
      this.#of(leg, subscriptionId).modifyItems(items, timestampsToReturn),
    );
    const done: ItemModification[] = items.filter((_, index) => results[index]?.statusCode === good);
    for (const { monitoredItemId, parameters } of done) {
      subscription.items.modify(monitoredItemId, parameters, timestampsToReturn);
    }
    this.#others(subscriptionId, (followed) => followed.modifyItems(done, timestampsToReturn));
    return results;
  }

  /** One status code an id. */
  async deleteItems(subscriptionId: number, ids: readonly number[]): Promise<number[]> {
    const subscription = this.#subscription(subscriptionId);
    if (ids.length === 0) throw nothingToDo();
    // gone for the client whatever the members say: a member that is lost has no such items either
    const results = ids.map((id) =>
      subscription.items.remove(id) ? good : StatusCodes.BadMonitoredItemIdInvalid.value,
    );
    await this.#relay.onActiveLeg((leg) => this.#of(leg, subscriptionId).deleteItems(ids));
    this.#others(subscriptionId, (followed) => followed.deleteItems(ids));
    return results;
  }

  /** One status code an id. */
  async setMonitoringMode(
    subscriptionId: number,
    monitoringMode: number,
    ids: readonly number[],
  ): Promise<number[]> {
    const subscription = this.#subscription(subscriptionId);
    if (ids.length === 0) throw nothingToDo();
    const results = await this.#relay.onActiveLeg((leg) =>
      this.#of(leg, subscriptionId).setMonitoringMode(monitoringMode, ids),
    );
    const done = ids.filter((_, index) => results[index] === good);
    for (const id of done) subscription.items.setMode(id, monitoringMode);
    this.#others(subscriptionId, (followed) => followed.setMonitoringMode(monitoringMode, done));
    return results;
  }

  #subscription(id: number): ClientSubscription {
    const subscription = this.#relay.subscriptions.get(id);
    if (subscription) return subscription;
    throw new ServiceError(
      "SUBSCRIPTION_UNKNOWN",
      StatusCodes.BadSubscriptionIdInvalid,
      `the session has no subscription ${id}`,
    );
  }

  #of(leg: Leg, id: number): LegSubscription {
    const followed = leg.subscription(id);
    if (followed) return followed;
    throw new ServiceError(
      "SUBSCRIPTION_NOT_FOLLOWED",
      StatusCodes.BadNoCommunication,
      `the ${leg.role} member does not have subscription ${id} yet`,
    );
  }

  /** Lets the member that is not active do the same; where it fails, its leg is opened anew. */
  #others(id: number, operation: (followed: LegSubscription) => Promise<unknown>): void {
    for (const leg of this.#relay.legs()) {
      const followed = leg.role === this.#relay.active ? null : leg.subscription(id);
      if (followed) this.#relay.keepInStep(leg, operation(followed));
    }
  }
}

function nothingToDo(): ServiceError {
  return new ServiceError("NOTHING_TO_DO", StatusCodes.BadNothingToDo, "the request names no items");
}
