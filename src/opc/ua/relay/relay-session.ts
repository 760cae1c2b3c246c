import { StatusCodes } from "node-opcua";
import { UnderstudyError } from "../../../core/error.ts";
import { type Role, roles } from "../../../core/role.ts";
import type { HostRecord } from "../../../diagnostics/event.ts";
import type { Clock } from "../../clock.ts";
import { InFlightRequests, longestWaitMs } from "../../relay/in-flight.ts";
import { type LegOwner, LegSlot } from "../../relay/leg-slot.ts";
import { LegWaiters } from "../../relay/leg-waiters.ts";
import type { AudienceMember } from "../../relay/session-audience.ts";
import {
  type ResponseCallback,
  ServiceError,
  type ServiceRequest,
  type ServiceResponse,
  type UpstreamSession,
} from "../upstream/upstream-session.ts";
import type { ClientSubscription } from "./client-subscription.ts";
import { Leg } from "./leg.ts";
import { PublishQueue } from "./publish-queue.ts";

/** What a relay session needs of its pair. */
export interface RelayEnvironment {
  readonly clock: Clock;
  /** Opens a session of this client on a member. */
  open(role: Role, signal: AbortSignal): Promise<UpstreamSession>;
  /** True where data are to flow from this member (its subscriptions publish). */
  isSubscribed(role: Role): boolean;
  isUp(role: Role): boolean;
  report(record: HostRecord, role: Role | null): void;
}

/** Nothing serves, and did not come back in time. */
export const darkStatus = StatusCodes.BadNoCommunication;

function outcomeUnknown(detail: string): ServiceError {
  return new ServiceError(
    "REQUEST_CUT_OFF",
    StatusCodes.BadCommunicationError,
    `the member that had the request is gone (${detail}); whether it was carried out is not known`,
  );
}

function noneInTime(): ServiceError {
  return new ServiceError("NOTHING_ACTIVE", darkStatus, "no member of the pair came back in time");
}

function nothingActive(): ServiceError {
  return new ServiceError("NOTHING_ACTIVE", darkStatus, "no member of the pair serves at present");
}

/** One client session's way to both members: keeps its legs, its subscriptions and its requests in flight. */
export class RelaySession implements AudienceMember {
  readonly subscriptions = new Map<number, ClientSubscription>();
  readonly publishQueue: PublishQueue;
  /** Subscriptions that ended by their lifetime and whose client does not know yet. */
  #ended: ClientSubscription[] = [];
  readonly #environment: RelayEnvironment;
  readonly #slots: Readonly<Record<Role, LegSlot<Leg>>>;
  readonly #inFlight: InFlightRequests<Leg, ServiceError, ServiceResponse>;
  readonly #waiters: LegWaiters<Leg>;
  #legCount = 0;
  #active: Role | null = null;
  #isDark = false;
  #isClosed = false;

  constructor(environment: RelayEnvironment) {
    this.#environment = environment;
    this.publishQueue = new PublishQueue(environment.clock.nowMs());
    this.#inFlight = new InFlightRequests(environment.clock, noneInTime);
    this.#waiters = new LegWaiters(environment.clock, nothingActive);
    const owner: LegOwner<Leg> = {
      open: (role, signal) => this.#connect(role, signal),
      isWanted: (role) => role === this.#active || environment.isUp(role),
      isUp: (role) => environment.isUp(role),
      connected: (leg) => {
        if (leg.role === this.#active) this.#resume(leg);
      },
      prepare: (leg) => this.#prepare(leg),
      gone: (leg) => this.#inFlight.cutOff(leg, outcomeUnknown("connection lost")),
      failed: (role, { message: detail }) =>
        environment.report({ kind: "clientSwitchFailed", member: role, detail }, role),
    };
    this.#slots = { primary: new LegSlot("primary", owner), secondary: new LegSlot("secondary", owner) };
  }

  get active(): Role | null {
    return this.#active;
  }

  /** True once nothing has served for longer than clients are kept waiting. */
  get isDark(): boolean {
    return this.#isDark;
  }

  /** Opens the first leg, on the active member. Throws the member's ServiceError where it refuses the client. */
  async start(active: Role): Promise<void> {
    this.#active = active;
    await this.#slots[active].open();
    for (const role of roles) if (role !== active && this.#environment.isUp(role)) this.memberUp(role);
  }

  /** The leg requests go to; null while there is none. */
  activeLeg(): Leg | null {
    const leg = this.#active ? this.#slots[this.#active].leg : null;
    return leg?.isOpen ? leg : null;
  }

  /** All legs that are open. */
  legs(): Leg[] {
    return roles.flatMap((role) => this.#slots[role].leg ?? []);
  }

  /** Values given to the client in its present subscriptions. */
  get valuesForwarded(): number {
    let values = 0;
    for (const subscription of this.subscriptions.values()) values += subscription.valuesForwarded;
    return values;
  }

  memberUp(role: Role): void {
    if (!this.#isClosed) this.#slots[role].fill();
  }

  memberDown(role: Role): void {
    this.#slots[role].empty();
  }

  /** Routes the client to `role`; resolves when its requests and data go there. */
  promote(role: Role): Promise<void> {
    const startedMs = this.#environment.clock.nowMs();
    const former = this.activeLeg();
    this.#active = role;
    this.#isDark = false;
    let replayed = 0;
    let suppressed = 0;
    for (const subscription of this.subscriptions.values()) {
      const count = subscription.switchTo(role);
      replayed += count.replayed;
      suppressed += count.suppressed;
    }
    if (former && former.role !== role) this.#inFlight.cutOff(former, outcomeUnknown("switchover"));
    return this.#settle(role, () => {
      const tookMs = Math.round(this.#environment.clock.nowMs() - startedMs);
      this.#environment.report({ kind: "clientSwitched", member: role, replayed, suppressed, tookMs }, role);
    });
  }

  async #settle(role: Role, report: () => void): Promise<void> {
    this.#slots[role].fill();
    const leg = this.#slots[role].leg ?? (await this.#slots[role].settled());
    if (!leg) throw new UnderstudyError("LEG_NOT_OPEN", `no session could be opened on the ${role} member`);
    if (this.#active !== role) return;
    this.#resume(leg);
    await leg.setPublishing(true);
    for (const followed of leg.subscriptions()) {
      if (followed.missing.size > 0) followed.subscription.reportItemsMissing(followed.missing);
    }
    report();
  }

  /** No member serves for now; idempotent requests wait for the next one. */
  pause(): void {
    const former = this.activeLeg();
    this.#active = null;
    for (const subscription of this.subscriptions.values()) subscription.pause();
    if (former) this.#inFlight.cutOff(former, outcomeUnknown("nothing is active"));
  }

  /** No member has served for long enough that the client must know. */
  goDark(): void {
    if (this.#active !== null) return;
    this.#isDark = true;
    for (const subscription of this.subscriptions.values()) subscription.goDark(darkStatus.value);
    this.#inFlight.failWaiting(nothingActive());
    this.#waiters.end(null);
    // what is still connected starts afresh, so that its first values end the darkness of every item
    for (const role of roles) {
      if (!this.#slots[role].leg) continue;
      this.memberDown(role);
      if (this.#environment.isUp(role)) this.memberUp(role);
    }
  }

  /**
   * Sends a request to the active member. An idempotent one waits for and moves to the next active
   * member where need be; any other is answered with a Bad status when its member is lost, never sent twice.
   */
  forward(request: ServiceRequest, idempotent: boolean, timeoutMs: number, done: ResponseCallback): void {
    const leg = this.activeLeg();
    const flight = {
      idempotent,
      timeoutMs,
      send: (to: Leg, answered: ResponseCallback) => to.session.send(request, timeoutMs, answered),
      done,
    };
    if (leg) {
      this.#inFlight.send(leg, flight);
    } else if (idempotent && !this.#isDark) {
      this.#inFlight.wait(flight);
    } else {
      done(nothingActive(), null);
    }
  }

  /**
   * Runs an operation on the active member, and again on the next one where the first is lost meanwhile.
   * Throws a ServiceError: the member's own, or BadNoCommunication where none came in time.
   */
  async onActiveLeg<T>(operation: (leg: Leg) => Promise<T>): Promise<T> {
    const untilMs = this.#environment.clock.nowMs() + longestWaitMs;
    for (;;) {
      const leg = this.activeLeg() ?? (await this.#nextLeg());
      try {
        return await operation(leg);
      } catch (error) {
        if (leg.session.isOpen || this.#environment.clock.nowMs() > untilMs) throw error;
      }
    }
  }

  #nextLeg(): Promise<Leg> {
    return this.#isDark || this.#isClosed ? Promise.reject(nothingActive()) : this.#waiters.next();
  }

  /** Has a subscription that was created on one member followed by the other. */
  followSubscription(subscription: ClientSubscription, createdOn: Leg): void {
    for (const leg of this.legs()) {
      if (leg === createdOn || leg.subscription(subscription.id)) continue;
      this.keepInStep(leg, leg.follow(subscription, this.#publishes(leg.role)));
    }
  }

  /** An operation on a member that follows: where it fails, that leg is of no more use and is opened anew. */
  keepInStep(leg: Leg, operation: Promise<unknown>): void {
    operation.catch(() => this.#slots[leg.role].lose(leg));
  }

  /** Brings the members' publishing in line with what the client wants. */
  async applyPublishing(): Promise<void> {
    await Promise.all(
      this.legs().map(async (leg) => {
        const applied = leg.setPublishing(this.#publishes(leg.role));
        if (leg.role === this.#active) await applied;
        else this.keepInStep(leg, applied);
      }),
    );
  }

  #publishes(role: Role): boolean {
    return role === this.#active || this.#environment.isSubscribed(role);
  }

  /** False where a PublishRequest would wait for ever. */
  get hasSomethingToPublish(): boolean {
    return this.subscriptions.size > 0 || this.#ended.length > 0;
  }

  /** Serves PublishRequests that have come; subscriptions of higher priority first. */
  flush(): void {
    for (const subscription of this.#ended) subscription.flush();
    this.#ended = this.#ended.filter(({ hasSomethingToSend }) => hasSomethingToSend);
    if (this.subscriptions.size > 1) {
      const byPriority = [...this.subscriptions.values()].sort(
        (one, other) => other.parameters.priority - one.parameters.priority,
      );
      for (const subscription of byPriority) subscription.flush();
    } else {
      for (const subscription of this.subscriptions.values()) subscription.flush();
    }
  }

  /** To be called now and then. */
  tick(nowMs: number): void {
    for (const ticket of this.publishQueue.takeExpired(nowMs)) ticket.fault(StatusCodes.BadTimeout);
    this.#endUnused(nowMs);
    this.#inFlight.expire(nowMs);
    this.#waiters.end(null, nowMs);
    const hasBacklog = [...this.subscriptions.values()].some((subscription) => subscription.hasBacklog);
    this.activeLeg()?.setPaused(hasBacklog);
    for (const subscription of this.subscriptions.values()) subscription.tick(nowMs);
  }

  /** A subscription lives as long as its client asks for notifications (OPC 10000-4, 5.14.1.1). */
  #endUnused(nowMs: number): void {
    if (this.publishQueue.length > 0) return;
    for (const subscription of this.subscriptions.values()) {
      const lastAskedMs = Math.max(this.publishQueue.lastAddedMs, subscription.createdMs);
      if (nowMs - lastAskedMs <= subscription.lifetimeMs) continue;
      this.subscriptions.delete(subscription.id);
      subscription.end(StatusCodes.BadTimeout.value);
      this.#ended.push(subscription);
      for (const leg of this.legs()) leg.remove(subscription.id).catch(() => undefined);
    }
  }

  /** Ends all legs; the members are told, best effort. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const closing = roles.map((role) => this.#slots[role].close());
    this.#waiters.end(null);
    this.#inFlight.failAll(
      new ServiceError("SESSION_CLOSED", StatusCodes.BadSessionClosed, "session closed"),
    );
    await Promise.all(closing);
  }

  async #connect(role: Role, signal: AbortSignal): Promise<Leg> {
    const session = await this.#environment.open(role, signal);
    this.#legCount += 1;
    const leg = new Leg(role, this.#legCount, session, () => this.#slots[role].lose(leg));
    session.onLost = () => this.#slots[role].lose(leg);
    return leg;
  }

  async #prepare(leg: Leg): Promise<void> {
    const { role } = leg;
    await Promise.all(
      [...this.subscriptions.values()].map((subscription) => leg.follow(subscription, this.#publishes(role))),
    );
    // what was decided meanwhile
    await leg.setPublishing(this.#publishes(role));
  }

  #resume(leg: Leg): void {
    this.#inFlight.resume(leg);
    this.#waiters.end(leg);
  }
}
