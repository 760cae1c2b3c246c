import {
  AttributeIds,
  type ClientSession,
  type CreateMonitoredItemsRequestOptions,
  type CreateMonitoredItemsResponse,
  DataType,
  type DeleteMonitoredItemsRequestOptions,
  type DeleteMonitoredItemsResponse,
  type DeleteSubscriptionsRequestOptions,
  type DeleteSubscriptionsResponse,
  type ModifySubscriptionRequestOptions,
  type ModifySubscriptionResponse,
  type SetMonitoringModeRequestOptions,
  type SetMonitoringModeResponse,
  type StatusCode,
} from "node-opcua";
import { nodeIdOf } from "./watcher.ts";

/** Name of the status a service or operation was answered with, also where the client throws it. */
export async function statusOf(answer: Promise<{ readonly name: string }>): Promise<string> {
  try {
    return (await answer).name;
  } catch (error) {
    const { message } = error as Error;
    return /\b(Bad\w+)/.exec(message)?.[1] ?? message;
  }
}

/** Writes a Double. */
export function writeStatus(session: ClientSession, name: string, value: number): Promise<string> {
  return statusOf(
    session.write({
      nodeId: nodeIdOf(name),
      attributeId: AttributeIds.Value,
      value: { value: { dataType: DataType.Double, value } },
    }),
  );
}

export async function readValue(session: ClientSession, name: string): Promise<unknown> {
  const read = await session.read({ nodeId: nodeIdOf(name), attributeId: AttributeIds.Value });
  return read.value?.value as unknown;
}

export function readStatus(session: ClientSession, name: string): Promise<string> {
  return statusOf(
    session
      .read({ nodeId: nodeIdOf(name), attributeId: AttributeIds.Value })
      .then(({ statusCode }) => statusCode),
  );
}

/** Sends a request of any service; the client has no method for all of them. */
export function perform<T>(session: ClientSession, request: object): Promise<T> {
  const sender = session as unknown as { performMessageTransaction(request: object): Promise<T> };
  return sender.performMessageTransaction(request);
}

/** Methods of the client's session that its public type leaves out. */
export interface SubscriptionCalls {
  createMonitoredItems(request: CreateMonitoredItemsRequestOptions): Promise<CreateMonitoredItemsResponse>;
  deleteMonitoredItems(request: DeleteMonitoredItemsRequestOptions): Promise<DeleteMonitoredItemsResponse>;
  setMonitoringMode(request: SetMonitoringModeRequestOptions): Promise<SetMonitoringModeResponse>;
  setPublishingMode(publishingEnabled: boolean, subscriptionId: number): Promise<StatusCode>;
  modifySubscription(request: ModifySubscriptionRequestOptions): Promise<ModifySubscriptionResponse>;
  deleteSubscriptions(request: DeleteSubscriptionsRequestOptions): Promise<DeleteSubscriptionsResponse>;
}

export function callsOf(session: ClientSession): SubscriptionCalls {
  return session as unknown as SubscriptionCalls;
}
