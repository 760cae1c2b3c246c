import {
  ActivateSessionRequest,
  BrowseNextRequest,
  BrowseRequest,
  CallRequest,
  CloseSessionRequest,
  CloseSessionResponse,
  CreateSessionRequest,
  CreateSubscriptionRequest,
  DeleteMonitoredItemsRequest,
  DeleteSubscriptionsRequest,
  FindServersRequest,
  FindServersResponse,
  GetEndpointsRequest,
  GetEndpointsResponse,
  ModifyMonitoredItemsRequest,
  ModifySubscriptionRequest,
  RepublishRequest,
  type RequestHeader,
  SetMonitoringModeRequest,
  SetPublishingModeRequest,
  StatusCodes,
  TranslateBrowsePathsToNodeIdsRequest,
  WriteRequest,
} from "node-opcua";
import type { Message, ServerSecureChannelLayer } from "node-opcua-secure-channel";
import { RawRequest } from "../../../src/opc/ua/wire/raw-message.ts";
import type { Faults } from "../faults.ts";
import type { AddressSpace } from "../model/address-space.ts";
import { browse, browseNext, translate } from "../services/browse.ts";
import { call } from "../services/call.ts";
import {
  createMonitoredItems,
  deleteMonitoredItems,
  type ItemContext,
  modifyMonitoredItems,
  setMonitoringMode,
} from "../services/monitored-items.ts";
import { read, write } from "../services/read-write.ts";
import { ServiceFailure } from "../services/service-failure.ts";
import { activateSession, createSession, type SessionRules } from "../services/sessions.ts";
import {
  acknowledge,
  createSubscription,
  deleteSubscriptions,
  modifySubscription,
  republish,
  setPublishingMode,
  subscriptionOf,
} from "../services/subscriptions.ts";
import type { Sampler } from "../subscription/sampler.ts";
import type { Subscription, SubscriptionHost } from "../subscription/subscription.ts";
import { applicationDescription, type EndpointSettings } from "./endpoints.ts";
import type { Send, Session } from "./session.ts";

/** Bytes of the largest notification of a Double, and room for what surrounds the notifications. */
const notificationSize = 34;
const messageReserve = 256 * 1024;
/** More in one message would only make it late. */
const maxNotificationsPerMessage = 20_000;

export interface DispatcherOptions {
  readonly space: AddressSpace;
  readonly faults: Faults;
  readonly sampler: Sampler;
  readonly rules: SessionRules;
  readonly endpoint: EndpointSettings;
  readonly periodMs: number;
  readonly phaseMs: number;
  readonly send: Send;
}

/** Takes requests to their services and answers them. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #sessions = new Map<string, Session>();
  #lastSession = 0;
  #lastSubscription = 0;
  #lastItem = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    options.faults.onChange((change) => {
      const nowMs = Date.now();
      for (const subscription of this.#subscriptions()) {
        if (change === "quality") subscription.qualityChanged(nowMs);
        if (change === "hang") subscription.serve(nowMs);
      }
    });
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** The response, or null where it comes later (Publish). @throws ServiceFailure */
  handle(channel: ServerSecureChannelLayer, message: Message): object | null {
    const { rules, endpoint, faults, send } = this.#options;
    const { request } = message;
    if (request instanceof FindServersRequest) {
      return new FindServersResponse({ servers: [applicationDescription(endpoint)] });
    }
    if (request instanceof GetEndpointsRequest) {
      return new GetEndpointsResponse({ endpoints: [...rules.endpoints] });
    }
    if (request instanceof CreateSessionRequest) {
      if (faults.refuseSessions) throw new ServiceFailure(StatusCodes.BadTooManySessions);
      const { session, response } = createSession(request, channel, rules, ++this.#lastSession, send);
      this.#sessions.set(session.authenticationToken.toString(), session);
      return response;
    }
    const session = this.#session(request.requestHeader as RequestHeader);
    if (request instanceof ActivateSessionRequest) {
      return activateSession(session, request, channel, rules);
    }
    if (session.channel !== channel) throw new ServiceFailure(StatusCodes.BadSecureChannelIdInvalid);
    if (request instanceof CloseSessionRequest) {
      this.#closeSession(session);
      return new CloseSessionResponse();
    }
    if (!session.isActivated) {
      this.#closeSession(session);
      throw new ServiceFailure(StatusCodes.BadSessionNotActivated);
    }
    return this.#handleInSession(session, channel, message);
  }

  /** Publish requests die with their channel; the session lives on until its timeout. */
  channelClosed(channel: ServerSecureChannelLayer): void {
    for (const session of this.#sessions.values()) session.forgetChannel(channel);
  }

  /** Ends sessions whose clients have been silent for too long. */
  tidy(nowMs: number): void {
    for (const session of this.#sessions.values()) {
      session.refuseExpired(nowMs);
      if (session.hasPublishRequest) continue;
      if (nowMs - session.lastContactMs > session.timeoutMs) this.#closeSession(session);
    }
  }

  #handleInSession(session: Session, channel: ServerSecureChannelLayer, message: Message): object | null {
    const { space, faults } = this.#options;
    const nowMs = Date.now();
    const request: unknown = message.request;
    const { subscriptions } = session;
    if (request instanceof RawRequest) {
      switch (request.schema.name) {
        case "ReadRequest":
          return read(space, faults, request.body, nowMs);
        case "PublishRequest":
          this.#publish(session, channel, message, request);
          return null;
        case "CreateMonitoredItemsRequest":
          return createMonitoredItems(this.#itemContext(session), request.body, nowMs);
        default:
          throw new ServiceFailure(StatusCodes.BadServiceUnsupported);
      }
    }
    if (request instanceof WriteRequest) return write(space, request, nowMs);
    if (request instanceof CallRequest) return call(space, request);
    if (request instanceof BrowseRequest) return browse(space, session.continuations, request);
    if (request instanceof BrowseNextRequest) return browseNext(session.continuations, request);
    if (request instanceof TranslateBrowsePathsToNodeIdsRequest) return translate(space, request);
    if (request instanceof ModifyMonitoredItemsRequest) {
      return modifyMonitoredItems(this.#itemContext(session), request, nowMs);
    }
    if (request instanceof DeleteMonitoredItemsRequest) {
      return deleteMonitoredItems(this.#itemContext(session), request, nowMs);
    }
    if (request instanceof SetMonitoringModeRequest) {
      return setMonitoringMode(this.#itemContext(session), request, nowMs);
    }
    if (request instanceof CreateSubscriptionRequest) {
      return createSubscription(subscriptions, ++this.#lastSubscription, request, this.#host(session));
    }
    if (request instanceof ModifySubscriptionRequest) return modifySubscription(subscriptions, request);
    if (request instanceof SetPublishingModeRequest) return setPublishingMode(subscriptions, request);
    if (request instanceof DeleteSubscriptionsRequest) {
      const response = deleteSubscriptions(subscriptions, request);
      if (subscriptions.size === 0) session.refuseAll(StatusCodes.BadNoSubscription);
      return response;
    }
    if (request instanceof RepublishRequest) return republish(subscriptions, request);
    throw new ServiceFailure(StatusCodes.BadServiceUnsupported);
  }

  #publish(session: Session, channel: ServerSecureChannelLayer, message: Message, request: RawRequest): void {
    const { subscriptions } = session;
    if (subscriptions.size === 0) throw new ServiceFailure(StatusCodes.BadNoSubscription);
    const nowMs = Date.now();
    const { timeoutHint } = request.requestHeader;
    session.addPublishRequest({
      message,
      channel,
      results: acknowledge(subscriptions, request.body),
      deadlineMs: timeoutHint === 0 ? Number.POSITIVE_INFINITY : nowMs + timeoutHint,
    });
    for (const subscription of subscriptions.values()) {
      subscription.touch();
      subscription.serve(nowMs);
    }
  }

  #session(header: RequestHeader): Session {
    const session = this.#sessions.get(header.authenticationToken.toString());
    if (!session) throw new ServiceFailure(StatusCodes.BadSessionIdInvalid);
    session.lastContactMs = Date.now();
    return session;
  }

  #closeSession(session: Session): void {
    session.refuseAll(StatusCodes.BadSessionClosed);
    for (const subscription of session.subscriptions.values()) subscription.close();
    session.subscriptions.clear();
    this.#sessions.delete(session.authenticationToken.toString());
  }

  *#subscriptions(): Iterable<Subscription> {
    for (const session of this.#sessions.values()) yield* session.subscriptions.values();
  }

  #itemContext(session: Session): ItemContext {
    const { space, faults } = this.#options;
    return {
      space,
      faults,
      subscription: (id) => {
        const subscription = subscriptionOf(session.subscriptions, id);
        subscription.touch();
        return subscription;
      },
      nextItemId: () => ++this.#lastItem,
    };
  }

  #host(session: Session): SubscriptionHost {
    const { sampler, faults, periodMs, phaseMs } = this.#options;
    return {
      sampler,
      faults,
      periodMs,
      phaseMs,
      notificationLimit: () => {
        const { maxMessageSize } = session.channel.getTransportSettings();
        const room = maxMessageSize === 0 ? Number.POSITIVE_INFINITY : maxMessageSize - messageReserve;
        return Math.max(1, Math.min(maxNotificationsPerMessage, Math.floor(room / notificationSize)));
      },
      publish: (subscription, notification, more) => session.publish(subscription, notification, more),
      hasPublishRequest: () => session.hasPublishRequest,
      expired: (subscription) => {
        subscription.close();
        session.subscriptions.delete(subscription.id);
      },
    };
  }
}
