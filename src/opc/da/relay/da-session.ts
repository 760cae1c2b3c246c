import { UnderstudyError } from "../../../core/error.ts";
import { type Role, roles } from "../../../core/role.ts";
import type { HostRecord } from "../../../diagnostics/event.ts";
import type { Clock } from "../../clock.ts";
import { InFlightRequests, longestWaitMs } from "../../relay/in-flight.ts";
import { type LegOwner, LegSlot } from "../../relay/leg-slot.ts";
import { LegWaiters } from "../../relay/leg-waiters.ts";
import type { AudienceMember } from "../../relay/session-audience.ts";
import { filterForMs } from "../../relay/switched-stream.ts";
import { hresult } from "../mapping/hresult.ts";
import type { DaServer, DataChange, ServerRequest } from "../upstream/da-server.ts";
import type { Outcome } from "../wire/message-codec.ts";
import type { RequestBody, ResponseBody } from "../wire/requests.ts";
import { type ClientGroup, settlingTransaction } from "./client-group.ts";
import { DaLeg } from "./da-leg.ts";
import { followTimeoutMs } from "./leg-group.ts";

/** After the samples of both members were told apart. */
const settleAfterMs = filterForMs + 500;
/** OPC_DS_CACHE. */
const cacheSource = 1;

/** What a session needs of its pair. */
export interface DaEnvironment {
  readonly clock: Clock;
  /** Opens a server object for this client on a member. */
  open(role: Role, signal: AbortSignal): Promise<DaServer>;
  /** True where data are to flow from this member. */
  isSubscribed(role: Role): boolean;
  isUp(role: Role): boolean;
  /** Longest time until a failure is noticed, in ms. */
  detectionMs(): number;
  report(record: HostRecord, role: Role | null): void;
}

export interface Failure {
  readonly ok: false;
  readonly result: number;
  readonly detail: string | null;
}

export function failed(result: number, detail: string): Failure {
  return { ok: false, result, detail };
}

/** Nothing serves; a call was not carried out. */
export function nothingActive(): Failure {
  return failed(hresult.RPC_S_SERVER_UNAVAILABLE, "no member of the pair serves at present");
}

function outcomeUnknown(detail: string): Failure {
  const said = `the member that had the call is gone (${detail}); whether it was carried out is not known`;
  return failed(hresult.RPC_S_CALL_FAILED, said);
}

type AnyOutcome = Outcome<unknown>;

/** One DA client's way to both members: keeps its legs, its groups and its calls in flight. */
export class DaSession implements AudienceMember {
  readonly groups = new Map<number, ClientGroup>();
  readonly environment: DaEnvironment;
  readonly #slots: Readonly<Record<Role, LegSlot<DaLeg>>>;
  readonly #inFlight: InFlightRequests<DaLeg, Failure, AnyOutcome>;
  readonly #waiters: LegWaiters<DaLeg>;
  readonly #deliver: (change: DataChange) => void;
  /** What the client set for its server object as a whole. */
  #locale: number | null = null;
  #clientName: string | null = null;
  #active: Role | null = null;
  #legCount = 0;
  #valuesOfRemovedGroups = 0;
  /** When the values of the member that was made active are compared with the client's. */
  #settleAtMs: number | null = null;
  #isDark = false;
  #isClosed = false;

  constructor(environment: DaEnvironment, deliver: (change: DataChange) => void) {
    this.environment = environment;
    this.#deliver = deliver;
    this.#inFlight = new InFlightRequests(environment.clock, nothingActive);
    this.#waiters = new LegWaiters(
      environment.clock,
      () => new UnderstudyError("NOTHING_ACTIVE", "nothing is active"),
    );
    const owner: LegOwner<DaLeg> = {
      open: (role, signal) => this.#connect(role, signal),
      isWanted: (role) => role === this.#active || environment.isUp(role),
      isUp: (role) => environment.isUp(role),
      // calls name groups that are not there yet; they go on once the leg is prepared
      connected: () => undefined,
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

  get isDark(): boolean {
    return this.#isDark;
  }

  get valuesForwarded(): number {
    let values = this.#valuesOfRemovedGroups;
    for (const group of this.groups.values()) values += group.valuesForwarded;
    return values;
  }

  /** Opens the first leg. Rejects with what the member said. */
  async start(active: Role): Promise<DaServer> {
    this.#active = active;
    await this.#slots[active].open();
    for (const role of roles) if (role !== active && this.environment.isUp(role)) this.memberUp(role);
    const leg = this.#slots[active].leg;
    if (!leg) throw new UnderstudyError("LEG_NOT_OPEN", `the ${active} member went away while connecting`);
    return leg.server;
  }

  /** The leg calls go to; null while there is none. */
  activeLeg(): DaLeg | null {
    const leg = this.#active ? this.#slots[this.#active].leg : null;
    return leg?.isOpen && leg.isReady ? leg : null;
  }

  legs(): DaLeg[] {
    return roles.flatMap((role) => this.#slots[role].leg ?? []);
  }

  memberUp(role: Role): void {
    if (!this.#isClosed) this.#slots[role].fill();
  }

  memberDown(role: Role): void {
    this.#slots[role].empty();
  }

  /** Routes the client to `role`; resolves when its calls and data go there. */
  promote(role: Role): Promise<void> {
    const startedMs = this.environment.clock.nowMs();
    const former = this.activeLeg();
    this.#active = role;
    this.#isDark = false;
    let replayed = 0;
    let suppressed = 0;
    for (const group of this.groups.values()) {
      const count = group.switchTo(role);
      replayed += count.replayed;
      suppressed += count.suppressed;
    }
    if (former && former.role !== role) this.#inFlight.cutOff(former, outcomeUnknown("switchover"));
    return this.#settle(role, () => {
      const tookMs = Math.round(this.environment.clock.nowMs() - startedMs);
      this.environment.report({ kind: "clientSwitched", member: role, replayed, suppressed, tookMs }, role);
    });
  }

  async #settle(role: Role, report: () => void): Promise<void> {
    this.#slots[role].fill();
    const leg = this.#slots[role].leg ?? (await this.#slots[role].settled());
    await leg?.whenReady;
    if (!leg?.isReady) {
      throw new UnderstudyError("LEG_NOT_OPEN", `no connection of a client to the ${role} member`);
    }
    if (this.#active !== role) return;
    try {
      await leg.setPublishing(true);
    } catch (error) {
      this.#slots[role].lose(leg);
      throw error;
    }
    this.#resume(leg);
    for (const { group, missing } of leg.groups()) if (missing.size > 0) group.reportItemsMissing(missing);
    this.#refreshAgain(leg);
    this.#settleAtMs = this.environment.clock.nowMs() + settleAfterMs;
    report();
  }

  /** The answers to refreshes that the former member still owed. */
  #refreshAgain(leg: DaLeg): void {
    for (const group of this.groups.values()) {
      for (const [transaction, source] of group.refreshes) {
        const body = { server: 0, group: group.handle, source, transaction };
        leg.server.call("refresh", body, followTimeoutMs).catch(() => undefined);
      }
    }
  }

  /** Asks the active member for its present values, for what the client may lack after a switchover. */
  #askForPresent(): void {
    const leg = this.activeLeg();
    if (!leg) return;
    this.#settleAtMs = null;
    for (const group of this.groups.values()) {
      if (!group.isUnsettled) continue;
      const body = { server: 0, group: group.handle, source: cacheSource, transaction: settlingTransaction };
      leg.server.call("refresh", body, followTimeoutMs).catch(() => undefined);
    }
  }

  pause(): void {
    const former = this.activeLeg();
    this.#active = null;
    for (const group of this.groups.values()) group.pause();
    if (former) this.#inFlight.cutOff(former, outcomeUnknown("nothing is active"));
  }

  goDark(): void {
    if (this.#active !== null) return;
    this.#isDark = true;
    for (const group of this.groups.values()) group.goDark();
    this.#inFlight.failWaiting(nothingActive());
    this.#waiters.end(null);
    // what is still connected starts afresh, so that its first values end the darkness of every item
    for (const role of roles) {
      if (!this.#slots[role].leg) continue;
      this.memberDown(role);
      if (this.environment.isUp(role)) this.memberUp(role);
    }
  }

  /**
   * Makes a call on the active member. An idempotent one waits for and moves to the next active member where
   * need be; any other fails when its member is lost, and is never made twice.
   */
  forward<N extends ServerRequest>(
    name: N,
    body: RequestBody<N>,
    idempotent: boolean,
    deadlineMs: number,
  ): Promise<Outcome<ResponseBody<N>>> {
    return new Promise((resolve) => {
      const flight = {
        idempotent,
        timeoutMs: deadlineMs,
        send: (leg: DaLeg, done: (error: Failure | null, answer: AnyOutcome | null) => void): void => {
          leg.server.call(name, body, deadlineMs).then(
            (outcome) => done(!outcome.ok && !leg.isOpen ? outcome : null, outcome),
            (error: unknown) => done(failed(hresult.E_UNEXPECTED, String(error)), null),
          );
        },
        done: (error: Failure | null, answer: AnyOutcome | null): void =>
          resolve(error ?? ((answer ?? nothingActive()) as Outcome<ResponseBody<N>>)),
      };
      const leg = this.activeLeg();
      if (leg) this.#inFlight.send(leg, flight);
      else if (idempotent && !this.#isDark && !this.#isClosed) this.#inFlight.wait(flight);
      else resolve(nothingActive());
    });
  }

  /** Makes a call of several steps on the active member, and again on the next one where the first is lost meanwhile. */
  async onActiveLeg<T>(operation: (leg: DaLeg) => Promise<Outcome<T>>): Promise<Outcome<T>> {
    const untilMs = this.environment.clock.nowMs() + longestWaitMs;
    for (;;) {
      const leg = this.activeLeg() ?? (await this.#nextLeg());
      if (!leg) return nothingActive();
      const outcome = await operation(leg);
      if (outcome.ok || leg.isOpen || this.environment.clock.nowMs() > untilMs) return outcome;
    }
  }

  async #nextLeg(): Promise<DaLeg | null> {
    if (this.#isDark || this.#isClosed) return null;
    return this.#waiters.next().catch(() => null);
  }

  async setLocale(
    body: RequestBody<"setLocale">,
    deadlineMs: number,
  ): Promise<Outcome<ResponseBody<"setLocale">>> {
    const outcome = await this.forward("setLocale", body, true, deadlineMs);
    if (!outcome.ok) return outcome;
    this.#locale = body.locale;
    for (const { server } of this.#standbyLegs()) await server.call("setLocale", body, followTimeoutMs);
    return outcome;
  }

  async setClientName(
    body: RequestBody<"setClientName">,
    deadlineMs: number,
  ): Promise<Outcome<ResponseBody<"setClientName">>> {
    const outcome = await this.forward("setClientName", body, true, deadlineMs);
    if (!outcome.ok) return outcome;
    this.#clientName = body.name;
    for (const { server } of this.#standbyLegs()) await server.call("setClientName", body, followTimeoutMs);
    return outcome;
  }

  #standbyLegs(): DaLeg[] {
    return this.legs().filter(({ role }) => role !== this.#active);
  }

  /** Has the members that did not carry out a change of a group follow it; one that does not is opened anew. */
  followGroup(group: ClientGroup, doneOn: DaLeg | null): void {
    for (const leg of this.legs()) {
      if (leg === doneOn) continue;
      leg.follow(group, this.publishes(leg.role)).catch(() => this.#slots[leg.role].lose(leg));
    }
  }

  removeGroup(group: ClientGroup): void {
    this.groups.delete(group.handle);
    this.#valuesOfRemovedGroups += group.valuesForwarded;
    for (const leg of this.legs()) leg.remove(group.handle).catch(() => undefined);
  }

  publishes(role: Role): boolean {
    return role === this.#active || this.environment.isSubscribed(role);
  }

  async applyPublishing(): Promise<void> {
    await Promise.all(
      this.legs().map(async (leg) => {
        try {
          await leg.setPublishing(this.publishes(leg.role));
        } catch {
          this.#slots[leg.role].lose(leg);
        }
      }),
    );
  }

  deliver(change: DataChange): void {
    this.#deliver(change);
  }

  tick(nowMs: number): void {
    this.#inFlight.expire(nowMs);
    this.#waiters.end(null, nowMs);
    if (this.#settleAtMs !== null && nowMs >= this.#settleAtMs) this.#askForPresent();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const closing = roles.map((role) => this.#slots[role].close());
    this.#waiters.end(null);
    this.#inFlight.failAll(failed(hresult.E_ABORT, "the client went away"));
    await Promise.all(closing);
  }

  async #connect(role: Role, signal: AbortSignal): Promise<DaLeg> {
    const server = await this.environment.open(role, signal);
    this.#legCount += 1;
    const leg = new DaLeg(role, this.#legCount, server);
    server.onLost = () => this.#slots[role].lose(leg);
    return leg;
  }

  async #prepare(leg: DaLeg): Promise<void> {
    const { server } = leg;
    if (this.#locale !== null) {
      await server.call("setLocale", { server: 0, locale: this.#locale }, followTimeoutMs);
    }
    if (this.#clientName !== null) {
      await server.call("setClientName", { server: 0, name: this.#clientName }, followTimeoutMs);
    }
    await Promise.all([...this.groups.values()].map((group) => leg.follow(group, this.publishes(leg.role))));
    // what was decided meanwhile
    await leg.setPublishing(this.publishes(leg.role));
    leg.markReady();
    if (leg.role === this.#active) this.#resume(leg);
  }

  #resume(leg: DaLeg): void {
    this.#inFlight.resume(leg);
    this.#waiters.end(leg);
  }
}
