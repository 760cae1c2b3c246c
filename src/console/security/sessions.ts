import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** A session ends after so long without a request, and after so long in any case, in ms. */
export const idleLimitMs = 30 * 60_000;
export const absoluteLimitMs = 12 * 3_600_000;
/** Sessions kept at a time; the one unused for longest goes first. */
const sessionLimit = 1000;

export interface Session {
  readonly id: string;
  readonly user: string;
  readonly createdMs: number;
  usedMs: number;
}

/** Who is logged in. Lives in memory: a restart of the broker logs everybody out. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #secret = randomBytes(32);
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  create(user: string): Session {
    const nowMs = this.#now();
    for (const session of this.#sessions.values())
      if (this.#isOver(session)) this.#sessions.delete(session.id);
    if (this.#sessions.size >= sessionLimit) {
      const [oldest] = [...this.#sessions.values()].sort((one, other) => one.usedMs - other.usedMs);
      if (oldest) this.#sessions.delete(oldest.id);
    }
    const session = { id: randomBytes(32).toString("base64url"), user, createdMs: nowMs, usedMs: nowMs };
    this.#sessions.set(session.id, session);
    return session;
  }

  /** The session of a cookie that is still good. */
  find(id: string | undefined): Session | null {
    const session = id === undefined ? undefined : this.#sessions.get(id);
    if (!session) return null;
    if (this.#isOver(session)) {
      this.#sessions.delete(session.id);
      return null;
    }
    session.usedMs = this.#now();
    return session;
  }

  end(id: string): void {
    this.#sessions.delete(id);
  }

  endAllOf(user: string): void {
    for (const session of this.#sessions.values())
      if (session.user === user) this.#sessions.delete(session.id);
  }

  /** Proves that a request comes from a page of ours: only such a page can read it. `binding`: what it belongs to. */
  csrfToken(binding: string): string {
    return createHmac("sha256", this.#secret).update(binding).digest("base64url");
  }

  isCsrfToken(token: unknown, binding: string): boolean {
    if (typeof token !== "string") return false;
    const [given, expected] = [Buffer.from(token), Buffer.from(this.csrfToken(binding))];
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  #isOver({ createdMs, usedMs }: Session): boolean {
    const nowMs = this.#now();
    return nowMs - usedMs > idleLimitMs || nowMs - createdMs > absoluteLimitMs;
  }
}
