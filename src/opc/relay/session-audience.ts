import { type Role, roles } from "../../core/role.ts";
import type { Audience } from "../../host/audience.ts";

/**
 * How long clients are kept waiting when nothing is active before they are told (bad quality, Bad
 * status), in ms. A cold pair needs some of it for every failover.
 */
const graceMs = 2000;

/** Longest time that the switchover of a pair waits for all its clients to have followed, in ms. */
const patienceMs = 2000;

/** One client of a pair, whatever it speaks. */
export interface AudienceMember {
  /** Values given to it so far. */
  readonly valuesForwarded: number;
  memberUp(role: Role): void;
  memberDown(role: Role): void;
  /** Brings what the members send in line with what the pair and the client want. */
  applyPublishing(): Promise<void>;
  promote(role: Role): Promise<void>;
  /** Nothing serves for now. */
  pause(): void;
  /** Nothing has served for long enough that the client must know. */
  goDark(): void;
  tick(nowMs: number): void;
  close(): Promise<void>;
}

/** The clients of one pair: carries the core's decisions out on each of them. */
export class SessionAudience<S extends AudienceMember> implements Audience {
  readonly #sessions = new Set<S>();
  readonly #up: Record<Role, boolean> = { primary: false, secondary: false };
  readonly #subscribed: Record<Role, boolean> = { primary: false, secondary: false };
  #active: Role | null = null;
  #grace: NodeJS.Timeout | null = null;
  #valuesOfEndedSessions = 0;

  get active(): Role | null {
    return this.#active;
  }

  get sessions(): ReadonlySet<S> {
    return this.#sessions;
  }

  isUp(role: Role): boolean {
    return this.#up[role];
  }

  isSubscribed(role: Role): boolean {
    return this.#subscribed[role];
  }

  add(session: S): void {
    this.#sessions.add(session);
  }

  remove(session: S): void {
    if (this.#sessions.delete(session)) this.#valuesOfEndedSessions += session.valuesForwarded;
  }

  /** Values given to clients since the pair was started. */
  get valuesForwarded(): number {
    let values = this.#valuesOfEndedSessions;
    for (const session of this.#sessions) values += session.valuesForwarded;
    return values;
  }

  memberUp(role: Role): void {
    this.#up[role] = true;
    for (const session of this.#sessions) session.memberUp(role);
  }

  memberDown(role: Role): void {
    this.#up[role] = false;
    for (const session of this.#sessions) session.memberDown(role);
  }

  async subscribe(role: Role): Promise<void> {
    this.#subscribed[role] = true;
    await this.#each((session) => session.applyPublishing());
  }

  unsubscribe(role: Role): void {
    this.#subscribed[role] = false;
    this.#each((session) => session.applyPublishing()).catch(() => undefined);
  }

  async promote(role: Role): Promise<void> {
    this.#active = role;
    this.#clearGrace();
    await this.#each((session) => session.promote(role));
  }

  demote(): void {
    this.#active = null;
    for (const session of this.#sessions) session.pause();
    this.#clearGrace();
    this.#grace = setTimeout(() => {
      this.#grace = null;
      for (const session of this.#sessions) session.goDark();
    }, graceMs);
  }

  /** To be called now and then. */
  tick(nowMs: number): void {
    for (const session of this.#sessions) session.tick(nowMs);
  }

  /** Ends all sessions' legs and lets nothing more happen. */
  async close(): Promise<void> {
    this.#clearGrace();
    for (const role of roles) this.#up[role] = false;
    await Promise.allSettled([...this.#sessions].map((session) => session.close()));
    this.#sessions.clear();
  }

  /**
   * Waits for all sessions, but not for ever. One client that cannot follow reports that itself; it must
   * neither hold up nor fail what is done for the pair.
   */
  async #each(operation: (session: S) => Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | null = null;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    await Promise.race([Promise.allSettled([...this.#sessions].map(operation)), patience]);
    if (timer) clearTimeout(timer);
  }

  #clearGrace(): void {
    if (this.#grace) clearTimeout(this.#grace);
    this.#grace = null;
  }
}
