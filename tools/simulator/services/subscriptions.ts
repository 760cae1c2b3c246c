import {
  type CreateSubscriptionRequest,
  CreateSubscriptionResponse,
  type DeleteSubscriptionsRequest,
  DeleteSubscriptionsResponse,
  type ModifySubscriptionRequest,
  ModifySubscriptionResponse,
  type RepublishRequest,
  RepublishResponse,
  ResponseHeader,
  type SetPublishingModeRequest,
  SetPublishingModeResponse,
  StatusCodes,
} from "node-opcua";
import type { BinaryStream } from "node-opcua-binary-stream";
import { appendBytes } from "../../../src/opc/ua/wire/raw-message.ts";
import {
  Subscription,
  type SubscriptionHost,
  type SubscriptionSettings,
} from "../subscription/subscription.ts";
import { Reader } from "../wire/reader.ts";
import { ServiceFailure } from "./service-failure.ts";

const minPublishingIntervalMs = 10;
const maxPublishingIntervalMs = 3_600_000;
const defaultKeepAliveCount = 10;
const maxKeepAliveCount = 100_000;
const republishSchema = new RepublishResponse().schema;

export type Subscriptions = Map<number, Subscription>;

interface AskedSettings {
  readonly requestedPublishingInterval: number;
  readonly requestedLifetimeCount: number;
  readonly requestedMaxKeepAliveCount: number;
  readonly maxNotificationsPerPublish: number;
}

/** Revision of the parameters (Part 4, 5.14.2.2): the lifetime is at least three keep-alive periods. */
function revised(asked: AskedSettings): SubscriptionSettings {
  const intervalMs = Number.isFinite(asked.requestedPublishingInterval)
    ? asked.requestedPublishingInterval
    : 0;
  const publishingIntervalMs = Math.min(
    Math.max(Math.round(intervalMs), minPublishingIntervalMs),
    maxPublishingIntervalMs,
  );
  const keepAlive = Math.min(asked.requestedMaxKeepAliveCount || defaultKeepAliveCount, maxKeepAliveCount);
  return {
    publishingIntervalMs,
    maxKeepAliveCount: keepAlive,
    lifetimeCount: Math.max(asked.requestedLifetimeCount, 3 * keepAlive),
    maxNotificationsPerPublish: asked.maxNotificationsPerPublish,
  };
}

/** CreateSubscription (Part 4, 5.14.2). */
export function createSubscription(
  subscriptions: Subscriptions,
  id: number,
  request: CreateSubscriptionRequest,
  host: SubscriptionHost,
): CreateSubscriptionResponse {
  const settings = revised(request);
  subscriptions.set(id, new Subscription(id, settings, request.publishingEnabled, host));
  return new CreateSubscriptionResponse({
    subscriptionId: id,
    revisedPublishingInterval: settings.publishingIntervalMs,
    revisedLifetimeCount: settings.lifetimeCount,
    revisedMaxKeepAliveCount: settings.maxKeepAliveCount,
  });
}

/** ModifySubscription (Part 4, 5.14.3). */
export function modifySubscription(
  subscriptions: Subscriptions,
  request: ModifySubscriptionRequest,
): ModifySubscriptionResponse {
  const subscription = subscriptionOf(subscriptions, request.subscriptionId);
  subscription.modify(revised(request));
  const { settings } = subscription;
  return new ModifySubscriptionResponse({
    revisedPublishingInterval: settings.publishingIntervalMs,
    revisedLifetimeCount: settings.lifetimeCount,
    revisedMaxKeepAliveCount: settings.maxKeepAliveCount,
  });
}

/** SetPublishingMode (Part 4, 5.14.4). */
export function setPublishingMode(
  subscriptions: Subscriptions,
  request: SetPublishingModeRequest,
): SetPublishingModeResponse {
  const results = listed(request.subscriptionIds).map((id) => {
    const subscription = subscriptions.get(id);
    if (!subscription) return StatusCodes.BadSubscriptionIdInvalid;
    subscription.publishingEnabled = request.publishingEnabled;
    subscription.touch();
    return StatusCodes.Good;
  });
  return new SetPublishingModeResponse({ results });
}

/** DeleteSubscriptions (Part 4, 5.14.8). */
export function deleteSubscriptions(
  subscriptions: Subscriptions,
  request: DeleteSubscriptionsRequest,
): DeleteSubscriptionsResponse {
  const results = listed(request.subscriptionIds).map((id) => {
    const subscription = subscriptions.get(id);
    if (!subscription) return StatusCodes.BadSubscriptionIdInvalid;
    subscription.close();
    subscriptions.delete(id);
    return StatusCodes.Good;
  });
  return new DeleteSubscriptionsResponse({ results });
}

/** Republish (Part 4, 5.14.6); the message goes out as it was kept. */
export function republish(subscriptions: Subscriptions, request: RepublishRequest): object {
  const subscription = subscriptionOf(subscriptions, request.subscriptionId);
  subscription.touch();
  const message = subscription.retransmission.get(request.retransmitSequenceNumber);
  if (!message) throw new ServiceFailure(StatusCodes.BadMessageNotAvailable);
  const responseHeader = new ResponseHeader({ timestamp: new Date() });
  return {
    schema: republishSchema,
    responseHeader,
    encode(stream: BinaryStream): void {
      responseHeader.encode(stream);
      appendBytes(stream, message);
    },
  };
}

/** The acknowledgements of a Publish request and their results (Part 4, 5.14.5.2). */
export function acknowledge(subscriptions: Subscriptions, publishBody: Buffer): number[] {
  const reader = new Reader(publishBody);
  const count = reader.arrayLength();
  const results: number[] = [];
  for (let index = 0; index < count; index++) {
    const subscription = subscriptions.get(reader.uint32());
    const sequenceNumber = reader.uint32();
    if (!subscription) results.push(StatusCodes.BadSubscriptionIdInvalid.value);
    else if (subscription.retransmission.acknowledge(sequenceNumber)) results.push(0);
    else results.push(StatusCodes.BadSequenceNumberUnknown.value);
  }
  return results;
}

export function subscriptionOf(subscriptions: Subscriptions, id: number): Subscription {
  const subscription = subscriptions.get(id);
  if (!subscription) throw new ServiceFailure(StatusCodes.BadSubscriptionIdInvalid);
  return subscription;
}

function listed(ids: ArrayLike<number> | null | undefined): number[] {
  const list = Array.from(ids ?? []);
  if (list.length === 0) throw new ServiceFailure(StatusCodes.BadNothingToDo);
  return list;
}
