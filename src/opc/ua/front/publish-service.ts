import { StatusCodes } from "node-opcua";
import type { Message } from "node-opcua-secure-channel";
import type { RelaySession } from "../relay/relay-session.ts";
import { notificationMessage, parseAcknowledgements } from "../wire/publish.ts";
import { rawResponse } from "../wire/raw-factory.ts";
import type { RawRequest } from "../wire/raw-message.ts";
import type { ClientSession } from "./client-session.ts";
import type { FrontChannel } from "./front-channel.ts";

/** Publish (OPC 10000-4, 5.14.5): acknowledges, then waits for something to say. */
export function publish(
  relay: RelaySession,
  channel: FrontChannel,
  message: Message,
  request: RawRequest,
  nowMs: number,
): void {
  const { subscriptions, publishQueue } = relay;
  if (!relay.hasSomethingToPublish) {
    channel.fault(message, StatusCodes.BadNoSubscription);
    return;
  }
  const results = parseAcknowledgements(request.body).map(({ subscriptionId, sequenceNumber }) => {
    const subscription = subscriptions.get(subscriptionId);
    if (!subscription) return StatusCodes.BadSubscriptionIdInvalid.value;
    return subscription.acknowledge(sequenceNumber)
      ? StatusCodes.Good.value
      : StatusCodes.BadSequenceNumberUnknown.value;
  });
  const { timeoutHint } = request.requestHeader;
  const crowdedOut = publishQueue.add(
    {
      results,
      expiresAtMs: timeoutHint > 0 ? nowMs + timeoutHint : Number.POSITIVE_INFINITY,
      maxBodyBytes: channel.maxMessageBytes,
      isOpen: () => !channel.isClosed,
      respond: (response) => channel.respond(message, response),
      fault: (statusCode) => channel.fault(message, statusCode),
    },
    nowMs,
  );
  crowdedOut?.fault(StatusCodes.BadTooManyPublishRequests);
  relay.flush();
}

/** Republish (5.14.6): a message the client has lost, as long as it is not acknowledged. */
export function republish(
  session: ClientSession,
  relay: RelaySession,
  message: Message,
  request: RawRequest,
): void {
  const { channel } = session;
  const subscription = relay.subscriptions.get(request.body.readUInt32LE(0));
  if (!subscription) {
    channel.fault(message, StatusCodes.BadSubscriptionIdInvalid);
    return;
  }
  const sent = subscription.sentMessage(request.body.readUInt32LE(4));
  if (!sent) {
    channel.fault(message, StatusCodes.BadMessageNotAvailable);
    return;
  }
  const { sequenceNumber, publishTime, notificationData } = sent;
  const body = notificationMessage(sequenceNumber, publishTime, notificationData);
  channel.respond(message, rawResponse("Republish", body));
}
