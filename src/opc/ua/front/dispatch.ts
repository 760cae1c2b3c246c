import {
  type ActivateSessionRequest,
  type BrowseNextRequest,
  type BrowseRequest,
  type CloseSessionRequest,
  type CreateSessionRequest,
  type CreateSubscriptionRequest,
  CreateSubscriptionResponse,
  coerceStatusCode,
  type DeleteSubscriptionsRequest,
  DeleteSubscriptionsResponse,
  type FindServersRequest,
  FindServersResponse,
  type GetEndpointsRequest,
  GetEndpointsResponse,
  type ModifySubscriptionRequest,
  ModifySubscriptionResponse,
  type SetPublishingModeRequest,
  SetPublishingModeResponse,
  StatusCodes,
} from "node-opcua";
import type { Message } from "node-opcua-secure-channel";
import type { Clock } from "../../clock.ts";
import type { ApplicationIdentity } from "../pki/application-identity.ts";
import type { SubscriptionParameters } from "../relay/client-subscription.ts";
import { ServiceError, type ServiceResponse } from "../upstream/upstream-session.ts";
import { itemResultsBody, parseUInt32s, statusCodesBody } from "../wire/monitored-items.ts";
import { rawRequest, rawResponse } from "../wire/raw-factory.ts";
import type { RawRequest, RawService } from "../wire/raw-message.ts";
import { browse, browseNext } from "./browse-service.ts";
import type { ActiveParts, ClientSession } from "./client-session.ts";
import { applicationOf, authorityOf, pairUrl } from "./endpoints.ts";
import type { FrontChannel } from "./front-channel.ts";
import type { PairFront } from "./pair-front.ts";
import { publish, republish } from "./publish-service.ts";
import { read } from "./read-service.ts";
import { activateSession, closeSession, createSession, type SessionTable } from "./session-services.ts";

export interface DispatchOptions {
  readonly sessions: SessionTable;
  readonly identity: ApplicationIdentity;
  readonly clock: Clock;
  /** The pairs that can be reached by a channel, in the order of the project. */
  pairs(channel: FrontChannel): readonly PairFront[];
  /** The pair a URL names, or the only one where it names none; null = there is no such pair. */
  pairAt(channel: FrontChannel, url: string): PairFront | null;
  /** A defect: the client is told BadInternalError, whoever runs the broker should hear of it. */
  onInternalError(error: unknown, request: string): void;
}

/** Time for a request whose client names none, in ms. */
const defaultTimeoutMs = 60_000;

const servicesInSession: ReadonlySet<string> = new Set(
  [
    "Browse",
    "BrowseNext",
    "TranslateBrowsePathsToNodeIds",
    "Read",
    "Write",
    "Call",
    "CreateSubscription",
    "ModifySubscription",
    "DeleteSubscriptions",
    "SetPublishingMode",
    "CreateMonitoredItems",
    "ModifyMonitoredItems",
    "DeleteMonitoredItems",
    "SetMonitoringMode",
    "Publish",
    "Republish",
  ].map((service) => `${service}Request`),
);

function unsupported(name: string): ServiceError {
  const text = `${name} is not carried by the broker`;
  return new ServiceError("SERVICE_UNSUPPORTED", StatusCodes.BadServiceUnsupported, text);
}

/** Routes each request of a client to its service. Everything is answered, whatever happens. */
export class Dispatcher {
  readonly #options: DispatchOptions;

  constructor(options: DispatchOptions) {
    this.#options = options;
  }

  dispatch(channel: FrontChannel, message: Message): void {
    try {
      const outcome = this.#route(channel, message);
      if (outcome instanceof Promise) {
        outcome.then(
          (response) => channel.respond(message, response),
          (error: unknown) => this.#refuse(channel, message, error),
        );
      } else if (outcome !== null) channel.respond(message, outcome);
    } catch (error) {
      this.#refuse(channel, message, error);
    }
  }

  #refuse(channel: FrontChannel, message: Message, error: unknown): void {
    if (error instanceof ServiceError) channel.fault(message, error.statusCode);
    else if (error instanceof RangeError) channel.fault(message, StatusCodes.BadDecodingError);
    else {
      this.#options.onInternalError(error, message.request.schema.name);
      channel.fault(message, StatusCodes.BadInternalError);
    }
  }

  /** The response, a promise of it, or null where the service answers by itself. */
  #route(channel: FrontChannel, message: Message): ServiceResponse | Promise<ServiceResponse> | null {
    const { request } = message;
    const { sessions, identity, clock } = this.#options;
    switch (request.schema.name) {
      case "FindServersRequest":
        return this.#findServers(channel, request as FindServersRequest);
      case "GetEndpointsRequest":
        return this.#getEndpoints(channel, request as GetEndpointsRequest);
      case "CreateSessionRequest": {
        const creation = request as CreateSessionRequest;
        const front = this.#options.pairAt(channel, creation.endpointUrl ?? channel.endpointUrl);
        if (!front) {
          const message = `there is no pair at ${creation.endpointUrl}`;
          throw new ServiceError("PAIR_UNKNOWN", StatusCodes.BadTcpEndpointUrlInvalid, message);
        }
        return createSession(sessions, front, identity, channel, creation, clock.nowMs());
      }
      case "ActivateSessionRequest": {
        const session = this.#session(message);
        return activateSession(session, identity, channel, request as ActivateSessionRequest);
      }
      case "CloseSessionRequest":
        return closeSession(sessions, this.#session(message), request as CloseSessionRequest);
      default:
        if (!servicesInSession.has(request.schema.name)) throw unsupported(request.schema.name);
        return this.#routeInSession(channel, message);
    }
  }

  #findServers(channel: FrontChannel, { endpointUrl }: FindServersRequest): FindServersResponse {
    const { identity } = this.#options;
    const authority = authorityOf(endpointUrl ?? "") ?? authorityOf(channel.endpointUrl) ?? "localhost";
    return new FindServersResponse({
      servers: this.#options
        .pairs(channel)
        .map((front) => applicationOf(identity, front.name, pairUrl(authority, front.name))),
    });
  }

  #getEndpoints(channel: FrontChannel, request: GetEndpointsRequest): GetEndpointsResponse {
    const url = request.endpointUrl || channel.endpointUrl;
    const front = this.#options.pairAt(channel, url);
    const fronts = front ? [front] : this.#options.pairs(channel);
    return new GetEndpointsResponse({ endpoints: fronts.flatMap((each) => each.endpoints(url)) });
  }

  #session(message: Message): ClientSession {
    const session = this.#options.sessions.find(message.request.requestHeader.authenticationToken);
    if (!session) {
      throw new ServiceError("SESSION_UNKNOWN", StatusCodes.BadSessionIdInvalid, "there is no such session");
    }
    session.lastContactMs = this.#options.clock.nowMs();
    return session;
  }

  #routeInSession(
    channel: FrontChannel,
    message: Message,
  ): ServiceResponse | Promise<ServiceResponse> | null {
    const session = this.#session(message);
    const { active } = session;
    if (!active) {
      const text = "the session is not activated";
      throw new ServiceError("SESSION_NOT_ACTIVATED", StatusCodes.BadSessionNotActivated, text);
    }
    if (session.channel !== channel) {
      const text = "the session belongs to another secure channel";
      throw new ServiceError("CHANNEL_WRONG", StatusCodes.BadSecureChannelIdInvalid, text);
    }
    const { request } = message;
    switch (request.schema.name) {
      case "PublishRequest":
        publish(active.relay, channel, message, rawOf(message), this.#options.clock.nowMs());
        return null;
      case "RepublishRequest":
        republish(session, active.relay, message, rawOf(message));
        return null;
      case "ReadRequest":
        read(session, active.relay, message, rawOf(message));
        return null;
      case "WriteRequest":
        this.#forward(active, channel, message, "Write", false);
        return null;
      case "CallRequest":
        this.#forward(active, channel, message, "Call", false);
        return null;
      case "TranslateBrowsePathsToNodeIdsRequest":
        this.#forward(active, channel, message, "TranslateBrowsePathsToNodeIds", true);
        return null;
      case "BrowseRequest":
        return browse(active.relay, request as BrowseRequest);
      case "BrowseNextRequest":
        return browseNext(active.relay, request as BrowseNextRequest);
      default:
        return this.#subscriptionService(active, message);
    }
  }

  #forward(
    { relay }: ActiveParts,
    channel: FrontChannel,
    message: Message,
    service: RawService,
    idempotent: boolean,
  ): void {
    const { body, requestHeader } = rawOf(message);
    const request = rawRequest(service, body);
    request.requestHeader.returnDiagnostics = requestHeader.returnDiagnostics;
    request.requestHeader.auditEntryId = requestHeader.auditEntryId;
    const timeoutMs = requestHeader.timeoutHint || defaultTimeoutMs;
    relay.forward(request, idempotent, timeoutMs, (error, response) => {
      if (response) channel.respond(message, response);
      else channel.fault(message, error?.statusCode ?? StatusCodes.BadInternalError);
    });
  }

  #subscriptionService({ subscriptions }: ActiveParts, message: Message): Promise<ServiceResponse> {
    const { request } = message;
    const { body } = rawOf(message);
    switch (request.schema.name) {
      case "CreateSubscriptionRequest": {
        const creation = request as CreateSubscriptionRequest;
        return subscriptions
          .createSubscription(requestedParameters(creation), creation.publishingEnabled)
          .then(
            ({ id, parameters }) =>
              new CreateSubscriptionResponse({ subscriptionId: id, ...revised(parameters) }),
          );
      }
      case "ModifySubscriptionRequest": {
        const modification = request as ModifySubscriptionRequest;
        return subscriptions
          .modifySubscription(modification.subscriptionId, requestedParameters(modification))
          .then((parameters) => new ModifySubscriptionResponse(revised(parameters)));
      }
      case "SetPublishingModeRequest": {
        const { publishingEnabled, subscriptionIds } = request as SetPublishingModeRequest;
        return subscriptions
          .setPublishingMode(publishingEnabled, [...(subscriptionIds ?? [])])
          .then(
            (results) =>
              new SetPublishingModeResponse({ results: results.map((value) => coerceStatusCode(value)) }),
          );
      }
      case "DeleteSubscriptionsRequest": {
        const { subscriptionIds } = request as DeleteSubscriptionsRequest;
        const results = subscriptions.deleteSubscriptions([...(subscriptionIds ?? [])]);
        return Promise.resolve(
          new DeleteSubscriptionsResponse({ results: results.map((value) => coerceStatusCode(value)) }),
        );
      }
      case "CreateMonitoredItemsRequest":
        return subscriptions
          .createItems(body)
          .then((results) => rawResponse("CreateMonitoredItems", itemResultsBody(results, true)));
      case "ModifyMonitoredItemsRequest":
        return subscriptions
          .modifyItems(body)
          .then((results) => rawResponse("ModifyMonitoredItems", itemResultsBody(results, false)));
      case "DeleteMonitoredItemsRequest":
        return subscriptions
          .deleteItems(body.readUInt32LE(0), parseUInt32s(body, 4))
          .then((results) => rawResponse("DeleteMonitoredItems", statusCodesBody(results)));
      case "SetMonitoringModeRequest":
        return subscriptions
          .setMonitoringMode(body.readUInt32LE(0), body.readUInt32LE(4), parseUInt32s(body, 8))
          .then((results) => rawResponse("SetMonitoringMode", statusCodesBody(results)));
      default:
        throw unsupported(request.schema.name);
    }
  }
}

/** The request of a service that is forwarded as bytes. */
function rawOf(message: Message): RawRequest {
  return message.request as unknown as RawRequest;
}

function requestedParameters(
  request: CreateSubscriptionRequest | ModifySubscriptionRequest,
): SubscriptionParameters {
  return {
    publishingInterval: request.requestedPublishingInterval,
    lifetimeCount: request.requestedLifetimeCount,
    maxKeepAliveCount: request.requestedMaxKeepAliveCount,
    maxNotificationsPerPublish: request.maxNotificationsPerPublish,
    priority: request.priority,
  };
}

function revised(parameters: SubscriptionParameters): {
  readonly revisedPublishingInterval: number;
  readonly revisedLifetimeCount: number;
  readonly revisedMaxKeepAliveCount: number;
} {
  return {
    revisedPublishingInterval: parameters.publishingInterval,
    revisedLifetimeCount: parameters.lifetimeCount,
    revisedMaxKeepAliveCount: parameters.maxKeepAliveCount,
  };
}
