import type { MemberStatus, PairStatus, SwitchoverAnswer } from "../control/broker-api.ts";
import { describe } from "../core/describe.ts";
import type { Effect } from "../core/effect.ts";
import { explainSwitchover } from "../core/explain.ts";
import { itemsInError } from "../core/fitness.ts";
import type { Input } from "../core/input.ts";
import type { Policy } from "../core/policy.ts";
import type { CoreRecord } from "../core/record.ts";
import { otherRole, type Role, roles } from "../core/role.ts";
import { initialState, type PairState } from "../core/state.ts";
import { step } from "../core/step.ts";
import { detailOf } from "../diagnostics/detail-of.ts";
import type { ReportEvent } from "../diagnostics/event.ts";
import type { Audience } from "./audience.ts";
import { failureOf } from "./effect-failure.ts";
import type { HostClock } from "./host-clock.ts";
import { HostLinks, type MemberLinkFactory } from "./host-links.ts";
import { HostTimers } from "./host-timers.ts";
import { OutcomeWatch } from "./outcome-watch.ts";
import type { InputRecorder } from "./recorded-input.ts";

/** Where a member is, for status and events. */
export interface MemberPlace {
  readonly machine: string;
  readonly endpointUrl: string;
}

export interface PairHostOptions {
  /** Name under which clients see the pair. */
  readonly pair: string;
  /** Name of the underlying server. */
  readonly server: string;
  readonly members: Readonly<Record<Role, MemberPlace>>;
  readonly policy: Policy;
  readonly createLink: MemberLinkFactory;
  readonly audience: Audience;
  readonly report: ReportEvent;
  readonly clock: HostClock;
  readonly recorder?: InputRecorder | undefined;
}

/** What a pair host knows of itself; the protocol's part of `PairStatus` is added by its owner. */
export type PairHostStatus = Pick<
  PairStatus,
  | "enabled"
  | "suspended"
  | "locked"
  | "mode"
  | "active"
  | "awaitingApproval"
  | "members"
  | "switchovers"
  | "description"
>;

export interface SwitchoverOptions {
  /** null = the other member. */
  readonly to: Role | null;
  readonly reason: string;
  /** Also to a member known to be worse. */
  readonly force: boolean;
  readonly dryRun: boolean;
}

/**
 * Runs the failover core for one pair: feeds it inputs strictly one after another, carries out its effects
 * on the member links and the audience, and reports its records. Knows no protocol.
 *
 * What an input brings about (above all `promote`) has reached links and audience when the call that
 * brought the input returns, unless another input was being carried out just then.
 */
export class PairHost {
  readonly #options: PairHostOptions;
  readonly #links: HostLinks;
  readonly #timers: HostTimers;
  readonly #up: Record<Role, boolean> = { primary: false, secondary: false };
  readonly #waiting: Input[] = [];
  readonly #outcomes: OutcomeWatch;
  #state: PairState;
  #running = false;
  #stopped = false;
  #lastMs = 0;
  #switchovers = 0;

  constructor(options: PairHostOptions) {
    this.#options = options;
    this.#state = initialState(options.policy);
    this.#links = new HostLinks(options.createLink, (input) => this.#feed(input));
    this.#timers = new HostTimers(options.clock, (timer) => this.#feed({ kind: "timerFired", timer }));
    this.#outcomes = new OutcomeWatch(options.clock);
    const settings = { kind: "settings", policy: options.policy } as const;
    this.#options.recorder?.({ nowMs: this.#nowMs(), input: settings }, this.#state);
  }

  get state(): PairState {
    return this.#state;
  }

  /** `lastActive`: the member that served before this process was started. */
  enable(reason: string, lastActive?: Role): void {
    this.#feed({ kind: "enable", reason, ...(lastActive === undefined ? {} : { lastActive }) });
  }

  disable(reason: string): void {
    this.#feed({ kind: "disable", reason });
  }

  suspend(reason: string): void {
    this.#feed({ kind: "suspend", reason });
  }

  resume(reason: string): void {
    this.#feed({ kind: "resume", reason });
  }

  /** Puts a new policy in force without touching what it does not concern. */
  applySettings(policy: Policy): void {
    this.#feed({ kind: "settings", policy });
  }

  /** Carries out the switchover that waits for approval, and waits until it is done or has failed. */
  async approve(reason: string): Promise<SwitchoverAnswer> {
    const { active: from, approval } = this.#state;
    const to = approval?.to ?? otherRole(from ?? "secondary");
    const accepted = approval !== null;
    const explanation = [
      accepted ? `The ${to} is made active, as approved.` : "Refused: no switchover waits for approval.",
    ];
    const outcome = accepted ? this.#outcome(to) : null;
    this.#feed({ kind: "approve", reason });
    if (outcome !== null) explanation.push(await outcome);
    return { pair: this.#options.pair, from, to, accepted, dryRun: false, explanation };
  }

  /**
   * Switches over, and waits until it is done or has failed (bounded by the policy's connect timeout).
   * `accepted: false` with the reason where it is refused; a dry run only says what would happen.
   */
  async switchover(options: SwitchoverOptions): Promise<SwitchoverAnswer> {
    const { to: wanted, reason, force, dryRun } = options;
    const { from, to, refusal, explanation } = explainSwitchover(this.#state, wanted, force, this.#nowMs());
    const answer = { pair: this.#options.pair, from, to, accepted: refusal === null, dryRun };
    if (dryRun) return { ...answer, explanation };
    const outcome = refusal === null ? this.#outcome(to) : null;
    this.#feed({ kind: "switchover", to, force, reason });
    if (outcome === null) return { ...answer, explanation };
    return { ...answer, explanation: [...explanation, await outcome] };
  }

  status(): PairHostStatus {
    const { enabled, suspended, locked, active, approval, policy } = this.#state;
    return {
      enabled,
      suspended,
      locked,
      mode: policy.mode,
      active,
      awaitingApproval: approval?.to ?? null,
      members: roles.map((role) => this.#memberStatus(role)),
      switchovers: this.#switchovers,
      description: describe(this.#state),
    };
  }

  /**
   * Ends the host: closes the links, stops all timers, ignores whatever still comes. Nothing is reported
   * and the audience is not told; it belongs to the caller. Final.
   */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#waiting.length = 0;
    this.#timers.stopAll();
    this.#links.closeAll();
    this.#outcomes.settle({ kind: "stopped" });
  }

  #feed(input: Input): void {
    if (this.#stopped) return;
    this.#waiting.push(input);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) this.#take(next);
    } finally {
      this.#running = false;
    }
  }

  #take(input: Input): void {
    const nowMs = this.#nowMs();
    const before = this.#state;
    this.#options.recorder?.({ nowMs, input }, before);
    this.#beforeStep(before, input);
    const { state, effects, records } = step(before, input, nowMs);
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
    this.#afterStep(before, input);
    for (const record of records) this.#report(record, before);
  }

  /** The clients' sessions may be needed on the member by the very effects of `linkUp`. */
  #beforeStep(before: PairState, input: Input): void {
    if (input.kind !== "linkUp") return;
    const { link, linkId } = before.members[input.member];
    if (link === "connecting" && linkId === input.linkId) this.#memberUp(input.member);
  }

  /** A link that ended by itself needs no `closeLink`; clients are routed elsewhere before they lose it. */
  #afterStep(before: PairState, input: Input): void {
    if (input.kind !== "linkLost" && input.kind !== "linkFailed") return;
    const { link, linkId } = before.members[input.member];
    if (link !== "down" && linkId === input.linkId) this.#closeLink(input.member, linkId);
  }

  /** What an effect throws is its answer: a failure of what was asked for. */
  #carryOut(effect: Effect): void {
    try {
      this.#perform(effect);
    } catch (error) {
      const failure = failureOf(effect, detailOf(error));
      if (failure) this.#waiting.push(failure);
    }
  }

  #perform(effect: Effect): void {
    const { audience } = this.#options;
    switch (effect.kind) {
      case "openLink":
        this.#links.open(effect.member, effect.linkId);
        break;
      case "closeLink":
        this.#closeLink(effect.member, effect.linkId);
        break;
      case "probe":
        this.#links.probe(effect.member, effect.linkId, effect.probeId);
        break;
      case "addMonitorItems":
        this.#links.addMonitorItems(effect.member, effect.linkId, effect.items);
        break;
      case "removeMonitorItems":
        this.#links.removeMonitorItems(effect.member, effect.linkId, effect.items);
        break;
      case "subscribe": {
        const { member, linkId } = effect;
        this.#await(effect, audience.subscribe(member), { kind: "subscribeDone", member, linkId });
        break;
      }
      case "unsubscribe":
        audience.unsubscribe(effect.member);
        break;
      case "promote": {
        const { member, switchId, cause } = effect;
        this.#await(effect, audience.promote(member, cause), {
          kind: "promoteDone",
          member,
          switchId,
        });
        break;
      }
      case "demote":
        audience.demote(effect.cause);
        break;
      case "startTimer":
        this.#timers.start(effect.timer, effect.afterMs);
        break;
      case "stopTimer":
        this.#timers.stop(effect.timer);
        break;
    }
  }

  #await(effect: Effect, promise: Promise<void>, done: Input): void {
    promise.then(
      () => this.#feed(done),
      (error: unknown) => {
        const failure = failureOf(effect, detailOf(error));
        if (failure) this.#feed(failure);
      },
    );
  }

  #closeLink(role: Role, linkId: number): void {
    // The audience first: it drops what hangs before anything is said to the server.
    if (this.#up[role]) {
      this.#up[role] = false;
      this.#options.audience.memberDown(role);
    }
    this.#links.close(role, linkId);
  }

  #memberUp(role: Role): void {
    if (this.#up[role]) return;
    this.#up[role] = true;
    this.#options.audience.memberUp(role);
  }

  #report(record: CoreRecord, before: PairState): void {
    const { pair, server, members, report } = this.#options;
    const machine = "member" in record ? members[record.member].machine : null;
    report(record, { pair, server, machine, client: null });
    switch (record.kind) {
      case "promoted":
        if (before.lastActive !== null && before.lastActive !== record.member) this.#switchovers += 1;
        this.#outcomes.settle(record);
        break;
      case "promotionFailed":
      case "disabled":
        this.#outcomes.settle(record);
        break;
      default:
    }
  }

  #outcome(to: Role): Promise<string> {
    // A cold pair connects first and promotes then; each is bounded by the connect timeout.
    return this.#outcomes.expect(to, 2 * this.#state.policy.connectTimeoutMs);
  }

  #memberStatus(role: Role): MemberStatus {
    const { link, health, items } = this.#state.members[role];
    const { machine, endpointUrl } = this.#options.members[role];
    const pingMs = this.#links.pingMs(role);
    return { role, machine, endpointUrl, link, health, pingMs, monitorItemsInError: itemsInError(items) };
  }

  /** The core's time: whole ms, so that recordings are readable, and never going back. */
  #nowMs(): number {
    this.#lastMs = Math.max(this.#lastMs, Math.floor(this.#options.clock.nowMs()));
    return this.#lastMs;
  }
}
