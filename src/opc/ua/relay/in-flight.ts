import { StatusCodes } from "node-opcua";
import type { Clock } from "../../clock.ts";
import { type ResponseCallback, ServiceError, type ServiceRequest } from "../upstream/upstream-session.ts";
import type { Leg } from "./leg.ts";

/** How long an idempotent request waits for a member to become active, at most, in ms. */
export const longestWaitMs = 5000;

interface Flight {
  readonly request: ServiceRequest;
  readonly idempotent: boolean;
  readonly timeoutMs: number;
  readonly done: ResponseCallback;
  /** Null while it waits for a leg. */
  leg: Leg | null;
  readonly waitUntilMs: number;
}

/**
 * The requests of one client session that are not answered yet. Each is answered exactly once. Only
 * idempotent ones are sent again when their member is lost.
 */
export class InFlightRequests {
  readonly #flights = new Set<Flight>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  send(
    leg: Leg,
    request: ServiceRequest,
    idempotent: boolean,
    timeoutMs: number,
    done: ResponseCallback,
  ): void {
    this.#dispatch(this.#add(request, idempotent, timeoutMs, done), leg);
  }

  /** Keeps an idempotent request until a leg can take it. */
  wait(request: ServiceRequest, timeoutMs: number, done: ResponseCallback): void {
    this.#add(request, true, timeoutMs, done);
  }

  /** The leg answers no more: idempotent requests wait for another one, the others fail. */
  cutOff(leg: Leg, error: ServiceError): void {
    for (const flight of this.#flights) {
      if (flight.leg !== leg) continue;
      flight.leg = null;
      if (!flight.idempotent) this.#finish(flight, error);
    }
  }

  /** Sends what waits. */
  resume(leg: Leg): void {
    for (const flight of this.#flights) if (flight.leg === null) this.#dispatch(flight, leg);
  }

  failWaiting(error: ServiceError): void {
    for (const flight of this.#flights) if (flight.leg === null) this.#finish(flight, error);
  }

  failAll(error: ServiceError): void {
    for (const flight of this.#flights) this.#finish(flight, error);
  }

  expire(nowMs: number): void {
    for (const flight of this.#flights) {
      if (flight.leg !== null || flight.waitUntilMs > nowMs) continue;
      this.#finish(
        flight,
        new ServiceError(
          "NOTHING_ACTIVE",
          StatusCodes.BadNoCommunication,
          "no member of the pair came back in time",
        ),
      );
    }
  }

  #add(request: ServiceRequest, idempotent: boolean, timeoutMs: number, done: ResponseCallback): Flight {
    const waitMs = timeoutMs > 0 ? Math.min(timeoutMs, longestWaitMs) : longestWaitMs;
    const waitUntilMs = this.#clock.nowMs() + waitMs;
    const flight: Flight = { request, idempotent, timeoutMs, done, leg: null, waitUntilMs };
    this.#flights.add(flight);
    return flight;
  }

  #dispatch(flight: Flight, leg: Leg): void {
    flight.leg = leg;
    leg.session.send(flight.request, flight.timeoutMs, (error, response) => {
      // answered by another leg meanwhile, or moved to one
      if (flight.leg !== leg) return;
      const lost = error !== null && !leg.session.isOpen;
      if (lost && flight.idempotent) flight.leg = null;
      else this.#finish(flight, error, response);
    });
  }

  #finish(flight: Flight, ...answer: Parameters<ResponseCallback> | [ServiceError]): void {
    if (!this.#flights.delete(flight)) return;
    flight.leg = null;
    const [error, response = null] = answer;
    flight.done(error, response);
  }
}
