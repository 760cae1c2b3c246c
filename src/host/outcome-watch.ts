import type { Role } from "../core/role.ts";
import type { HostClock } from "./host-clock.ts";

/** How a switchover can end; the first three are records of the core. */
export type Outcome =
  | { readonly kind: "promoted"; readonly member: Role; readonly tookMs: number }
  | { readonly kind: "promotionFailed"; readonly detail: string }
  | { readonly kind: "disabled" }
  | { readonly kind: "stopped" };

/** Tells whoever asked for a switchover how it went. */
export class OutcomeWatch {
  readonly #clock: HostClock;
  readonly #waiting = new Set<(outcome: Outcome) => void>();

  constructor(clock: HostClock) {
    this.#clock = clock;
  }

  /** A sentence on the outcome of the switchover to this member, or that it takes longer than `patienceMs`. */
  expect(to: Role, patienceMs: number): Promise<string> {
    return new Promise((resolve) => {
      const settle = (sentence: string): void => {
        this.#clock.clearTimer(timer);
        this.#waiting.delete(waiter);
        resolve(sentence);
      };
      const waiter = (outcome: Outcome): void => settle(sentenceOf(outcome, to));
      const tooLong = `It is not done after ${patienceMs} ms.`;
      const timer = this.#clock.setTimer(() => settle(tooLong), patienceMs);
      this.#waiting.add(waiter);
    });
  }

  settle(outcome: Outcome): void {
    for (const waiter of [...this.#waiting]) waiter(outcome);
  }
}

function sentenceOf(outcome: Outcome, to: Role): string {
  switch (outcome.kind) {
    case "promoted":
      return outcome.member === to
        ? `Done: the ${to} is active (${outcome.tookMs} ms).`
        : `It came otherwise: the ${outcome.member} is active.`;
    case "promotionFailed":
      return `It did not work: ${outcome.detail}.`;
    case "disabled":
      return "The pair was disabled meanwhile.";
    case "stopped":
      return "The broker was stopped meanwhile.";
  }
}
