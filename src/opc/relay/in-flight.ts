import type { Clock } from "../clock.ts";

/** How long an idempotent request waits for a member to become active, at most, in ms. */
export const longestWaitMs = 5000;

/** A client's connection to one member, as far as its requests are concerned. */
export interface AskedLeg {
  /** False once it answers no more. */
  readonly isOpen: boolean;
}

export type AnswerCallback<E, A> = (error: E | null, answer: A | null) => void;

/** A request that can be sent to any leg, and sent again where it is idempotent. */
export interface Flight<L extends AskedLeg, E, A> {
  readonly idempotent: boolean;
  /** How long its client waits for it, in ms; 0 = as long as it takes. */
  readonly timeoutMs: number;
  send(leg: L, done: AnswerCallback<E, A>): void;
  readonly done: AnswerCallback<E, A>;
}

interface Underway<L extends AskedLeg, E, A> {
  readonly flight: Flight<L, E, A>;
  /** Null while it waits for a leg. */
  leg: L | null;
  readonly waitUntilMs: number;
}

/**
 * The requests of one client that are not answered yet. Each is answered exactly once. Only idempotent
 * ones are sent again when their member is lost.
 */
export class InFlightRequests<L extends AskedLeg, E, A> {
  readonly #underway = new Set<Underway<L, E, A>>();
  readonly #clock: Clock;
  readonly #tooLate: () => E;

  /** `tooLate` makes the answer to a request for which no member became active in time. */
  constructor(clock: Clock, tooLate: () => E) {
    this.#clock = clock;
    this.#tooLate = tooLate;
  }

  send(leg: L, flight: Flight<L, E, A>): void {
    this.#dispatch(this.#add(flight), leg);
  }

  /** Keeps an idempotent request until a leg can take it. */
  wait(flight: Flight<L, E, A>): void {
    this.#add(flight);
  }

  /** The leg answers no more: idempotent requests wait for another one, the others fail. */
  cutOff(leg: L, error: E): void {
    for (const each of this.#underway) {
      if (each.leg !== leg) continue;
      each.leg = null;
      if (!each.flight.idempotent) this.#finish(each, error, null);
    }
  }

  /** Sends what waits. */
  resume(leg: L): void {
    for (const each of this.#underway) if (each.leg === null) this.#dispatch(each, leg);
  }

  failWaiting(error: E): void {
    for (const each of this.#underway) if (each.leg === null) this.#finish(each, error, null);
  }

  failAll(error: E): void {
    for (const each of this.#underway) this.#finish(each, error, null);
  }

  /** To be called now and then. */
  expire(nowMs: number): void {
    for (const each of this.#underway) {
      if (each.leg === null && each.waitUntilMs <= nowMs) this.#finish(each, this.#tooLate(), null);
    }
  }

  #add(flight: Flight<L, E, A>): Underway<L, E, A> {
    const { timeoutMs } = flight;
    const waitMs = timeoutMs > 0 ? Math.min(timeoutMs, longestWaitMs) : longestWaitMs;
    const underway = { flight, leg: null, waitUntilMs: this.#clock.nowMs() + waitMs };
    this.#underway.add(underway);
    return underway;
  }

  #dispatch(underway: Underway<L, E, A>, leg: L): void {
    underway.leg = leg;
    underway.flight.send(leg, (error, answer) => {
      // answered by another leg meanwhile, or moved to one
      if (underway.leg !== leg) return;
      const isLost = error !== null && !leg.isOpen;
      if (isLost && underway.flight.idempotent) underway.leg = null;
      else this.#finish(underway, error, answer);
    });
  }

  #finish(underway: Underway<L, E, A>, error: E | null, answer: A | null): void {
    if (!this.#underway.delete(underway)) return;
    underway.leg = null;
    underway.flight.done(error, answer);
  }
}
