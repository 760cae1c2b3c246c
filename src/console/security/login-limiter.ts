/** Failures that cost nothing; each further one doubles the wait. */
const freeFailures = 3;
const firstWaitMs = 1000;
const longestWaitMs = 5 * 60_000;
/** Names and addresses remembered at a time. */
const limit = 10_000;

interface Failures {
  readonly count: number;
  readonly waitUntilMs: number;
}

/** Slows down who guesses passwords, by user name and by address. */
export class LoginLimiter {
  readonly #failures = new Map<string, Failures>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How long a login must still wait, in ms; 0 = not at all. */
  waitMs(...keys: readonly string[]): number {
    const nowMs = this.#now();
    return Math.max(0, ...keys.map((key) => (this.#failures.get(key)?.waitUntilMs ?? 0) - nowMs));
  }

  failed(...keys: readonly string[]): void {
    for (const key of keys) {
      const count = (this.#failures.get(key)?.count ?? 0) + 1;
      const wait =
        count < freeFailures ? 0 : Math.min(firstWaitMs * 2 ** (count - freeFailures), longestWaitMs);
      // at the end of the order: the first of it is the one to be forgotten
      this.#failures.delete(key);
      this.#failures.set(key, { count, waitUntilMs: this.#now() + wait });
    }
    while (this.#failures.size > limit) {
      const [oldest] = this.#failures.keys();
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
  }

  succeeded(...keys: readonly string[]): void {
    for (const key of keys) this.#failures.delete(key);
  }
}
