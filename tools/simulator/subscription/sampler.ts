import { nextInstant } from "../clock.ts";

/** Something looked at in regular intervals. */
export interface Sampled {
  sample(nowMs: number): void;
}

interface Round {
  readonly members: Set<Sampled>;
  timer: NodeJS.Timeout;
}

/** Looks at items at the multiples of their sampling intervals; one timer per interval. */
export class Sampler {
  readonly #rounds = new Map<number, Round>();

  add(item: Sampled, intervalMs: number): void {
    let round = this.#rounds.get(intervalMs);
    if (!round) {
      round = { members: new Set(), timer: setTimeout(() => this.#run(intervalMs), delay(intervalMs)) };
      this.#rounds.set(intervalMs, round);
    }
    round.members.add(item);
  }

  remove(item: Sampled, intervalMs: number): void {
    const round = this.#rounds.get(intervalMs);
    if (!round?.members.delete(item) || round.members.size > 0) return;
    clearTimeout(round.timer);
    this.#rounds.delete(intervalMs);
  }

  #run(intervalMs: number): void {
    const round = this.#rounds.get(intervalMs);
    if (!round) return;
    const nowMs = Date.now();
    for (const item of round.members) item.sample(nowMs);
    round.timer = setTimeout(() => this.#run(intervalMs), delay(intervalMs));
  }
}

function delay(intervalMs: number): number {
  const nowMs = Date.now();
  return nextInstant(nowMs, intervalMs, 0) - nowMs;
}
