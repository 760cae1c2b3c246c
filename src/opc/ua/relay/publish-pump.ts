import { StatusCodes } from "node-opcua";
import type { ServiceError, ServiceResponse, UpstreamSession } from "../upstream/upstream-session.ts";
import {
  type Acknowledgement,
  acknowledgementsBody,
  type PublishBody,
  parsePublishBody,
} from "../wire/publish.ts";
import { rawRequest } from "../wire/raw-factory.ts";
import type { RawResponse } from "../wire/raw-message.ts";

/** PublishRequests kept at a member for each of its subscriptions, and at most. */
const requestsPerSubscription = 3;
const maxRequests = 20;

export interface PublishPumpEvents {
  received(publish: PublishBody): void;
  /** The member said something that cannot be read; its session is of no more use. */
  broken(detail: string): void;
}

/**
 * Keeps PublishRequests waiting at a member so that it always has one to answer, and acknowledges
 * what came at once: the broker itself keeps what the client may ask for again.
 */
export class PublishPump {
  readonly #session: UpstreamSession;
  readonly #events: PublishPumpEvents;
  #wanted = 0;
  #outstanding = 0;
  #limit = maxRequests;
  #paused = false;
  #acknowledgements: Acknowledgement[] = [];

  constructor(session: UpstreamSession, events: PublishPumpEvents) {
    this.#session = session;
    this.#events = events;
  }

  setSubscriptionCount(count: number): void {
    this.#wanted = count === 0 ? 0 : count * requestsPerSubscription;
    this.#refill();
  }

  /** While paused the member is asked for no more; its own queues fill as they would without a broker. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.#refill();
  }

  #refill(): void {
    while (!this.#paused && this.#session.isOpen && this.#outstanding < Math.min(this.#wanted, this.#limit)) {
      this.#request();
    }
  }

  #request(): void {
    const request = rawRequest("Publish", acknowledgementsBody(this.#acknowledgements));
    this.#acknowledgements = [];
    this.#outstanding += 1;
    this.#session.send(request, 0, (error, response) => {
      this.#outstanding -= 1;
      if (error) this.#refused(error);
      else this.#received(response);
    });
  }

  #received(response: ServiceResponse | null): void {
    try {
      const publish = parsePublishBody((response as unknown as RawResponse).body);
      if (!publish.isKeepAlive) {
        const { subscriptionId, sequenceNumber } = publish;
        this.#acknowledgements.push({ subscriptionId, sequenceNumber });
      }
      // ask for the next before the client is served: the member should never wait for us
      this.#refill();
      this.#events.received(publish);
    } catch (error) {
      // what a member sends must not end the broker
      if (!(error instanceof RangeError)) throw error;
      this.#events.broken(`unreadable PublishResponse: ${error.message}`);
    }
  }

  #refused({ statusCode }: ServiceError): void {
    if (!this.#session.isOpen) return;
    if (statusCode.equals(StatusCodes.BadTooManyPublishRequests)) {
      this.#limit = Math.max(1, this.#outstanding);
      return;
    }
    if (statusCode.equals(StatusCodes.BadNoSubscription)) return;
    if (statusCode.equals(StatusCodes.BadTimeout)) {
      this.#refill();
      return;
    }
    this.#events.broken(`Publish refused: ${statusCode.name}`);
  }
}
