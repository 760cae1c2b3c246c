import type { Role } from "../../../core/role.ts";
import type { RelayLeg } from "../../relay/leg-slot.ts";
import type { UpstreamSession } from "../upstream/upstream-session.ts";
import { listNotifications, notificationTypes, selectNotifications } from "../wire/notification-data.ts";
import type { PublishBody } from "../wire/publish.ts";
import type { ClientSubscription } from "./client-subscription.ts";
import { LegSubscription } from "./leg-subscription.ts";
import { PublishPump } from "./publish-pump.ts";

/**
 * A client session's connection to one member: one upstream session and, in it, one upstream
 * subscription for each of the client's.
 */
export class Leg implements RelayLeg {
  readonly role: Role;
  /** Differs from every other leg of the same client session. */
  readonly number: number;
  readonly session: UpstreamSession;
  readonly #pump: PublishPump;
  readonly #byClientId = new Map<number, LegSubscription>();
  readonly #byUpstreamId = new Map<number, LegSubscription>();
  /** What came before the answer to CreateSubscription told whose it is. */
  #early: PublishBody[] = [];

  constructor(role: Role, number: number, session: UpstreamSession, onBroken: (detail: string) => void) {
    this.role = role;
    this.number = number;
    this.session = session;
    this.#pump = new PublishPump(session, {
      received: (publish) => this.#received(publish),
      broken: onBroken,
    });
  }

  get isOpen(): boolean {
    return this.session.isOpen;
  }

  abort(): void {
    this.session.abort();
  }

  close(): Promise<void> {
    return this.session.close();
  }

  subscription(clientId: number): LegSubscription | null {
    return this.#byClientId.get(clientId) ?? null;
  }

  subscriptions(): Iterable<LegSubscription> {
    return this.#byClientId.values();
  }

  /** Creates the client's subscription with its items on this member. */
  async follow(subscription: ClientSubscription, publishing: boolean): Promise<void> {
    const followed = new LegSubscription(this.session, subscription);
    this.#byClientId.set(subscription.id, followed);
    subscription.restart(this.role);
    await followed.create(subscription.parameters, publishing && subscription.publishingEnabled);
    this.#adopt(followed);
    await followed.followItems();
  }

  /** Takes in a subscription that was created on this member by the client's own request. */
  add(created: LegSubscription): void {
    this.#byClientId.set(created.subscription.id, created);
    this.#adopt(created);
  }

  #adopt(created: LegSubscription): void {
    this.#byUpstreamId.set(created.upstreamId, created);
    this.#pump.setSubscriptionCount(this.#byUpstreamId.size);
    const early = this.#early;
    this.#early = [];
    for (const publish of early) this.#received(publish);
  }

  /** Deletes the client's subscription on this member, best effort. */
  async remove(clientId: number): Promise<void> {
    const removed = this.#byClientId.get(clientId);
    if (!removed) return;
    this.#byClientId.delete(clientId);
    this.#byUpstreamId.delete(removed.upstreamId);
    this.#pump.setSubscriptionCount(this.#byUpstreamId.size);
    await removed.delete();
  }

  /** Lets this member publish what the client wants published, or nothing. */
  async setPublishing(publishing: boolean): Promise<void> {
    await Promise.all(
      [...this.#byClientId.values()].map((followed) =>
        followed.setPublishing(publishing && followed.subscription.publishingEnabled),
      ),
    );
  }

  setPaused(paused: boolean): void {
    this.#pump.setPaused(paused);
  }

  #received(publish: PublishBody): void {
    const followed = this.#byUpstreamId.get(publish.subscriptionId);
    if (!followed) {
      if (this.#byClientId.size > this.#byUpstreamId.size) this.#early.push(publish);
      return;
    }
    const { subscription } = followed;
    if (publish.isKeepAlive) {
      subscription.receiveKeepAlive(this.role);
      return;
    }
    const data = withoutStatusChanges(publish.notificationData);
    if (data) subscription.receive(this.role, data);
  }
}

/**
 * A member's StatusChange says that its subscription ends, which is the broker's affair: the client's
 * goes on. Null where nothing else is in the data.
 */
function withoutStatusChanges(data: Buffer): Buffer | null {
  const notifications = listNotifications(data);
  const others = notifications.filter(({ typeId }) => typeId !== notificationTypes.statusChange);
  if (others.length === notifications.length) return data;
  return others.length > 0 ? selectNotifications(data, others) : null;
}
