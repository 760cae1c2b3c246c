import { type Role, roles } from "../../../core/role.ts";
import type { Audience } from "../../audience.ts";
import type { RelaySession } from "./relay-session.ts";

/**
 * How long clients are kept waiting when nothing is active before they are told (bad quality, Bad
 * status), in ms. A cold pair needs some of it for every failover.
 */
const graceMs = 2000;

/** Longest time that the switchover of a pair waits for all its clients to have followed, in ms. */
const patienceMs = 2000;

/** The OPC UA clients of one pair: carries the core's decisions out on each of their sessions. */
export class UaAudience implements Audience {
  readonly #sessions = new Set<RelaySession>();
  readonly #up: Record<Role, boolean> = { primary: false, secondary: false };
  readonly #subscribed: Record<Role, boolean> = { primary: false, secondary: false };
  #active: Role | null = null;
  #grace: NodeJS.Timeout | null = null;
  #valuesOfEndedSubscriptions = 0;

  get active(): Role | null {
    return this.#active;
  }

  get sessions(): ReadonlySet<RelaySession> {
    return this.#sessions;
  }

  isUp(role: Role): boolean {
    return this.#up[role];
  }

  isSubscribed(role: Role): boolean {
    return this.#subscribed[role];
  }

  add(session: RelaySession): void {
    this.#sessions.add(session);
  }

  remove(session: RelaySession): void {
    for (const { valuesForwarded } of session.subscriptions.values()) {
      this.#valuesOfEndedSubscriptions += valuesForwarded;
    }
    this.#sessions.delete(session);
  }

  /** Values given to clients since the pair was started. */
  get valuesForwarded(): number {
    let values = this.#valuesOfEndedSubscriptions;
    for (const session of this.#sessions) {
      for (const subscription of session.subscriptions.values()) values += subscription.valuesForwarded;
    }
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
  async #each(operation: (session: RelaySession) => Promise<void>): Promise<void> {
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
