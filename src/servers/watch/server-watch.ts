import type { ServerStatus } from "../../control/servers-api.ts";
import type { CoreRecord } from "../../core/record.ts";
import type { Role } from "../../core/role.ts";
import type { DiagnosticRecord } from "../../diagnostics/event.ts";
import type { HostClock } from "../../host/host-clock.ts";
import type { MemberLink, MemberLinkEvents } from "../../host/member-link.ts";
import { PairHost } from "../../host/pair-host.ts";
import type { ServerSettings } from "../../project/server.ts";
import type { Maintenance, ServerRole, ServerState } from "../../project/server-state.ts";
import type { Round } from "../probes/rounds.ts";
import type { Replicator, ServerContext, TakeoverRunner } from "../seams.ts";
import { liveLink } from "./live-link.ts";
import type { RoundsSource } from "./live-rounds.ts";
import { Orders } from "./orders.ts";
import { Plans } from "./plans.ts";
import { ReplicationSet } from "./replication-set.ts";
import { RoundNotes } from "./round-notes.ts";
import { serverPolicy } from "./server-policy.ts";
import { serverRecord } from "./server-records.ts";
import { statusOf } from "./server-status.ts";
import type { Stage } from "./stage.ts";
import { standInLink } from "./stand-in-link.ts";
import { StandInRole } from "./stand-in-role.ts";
import type { Work } from "./work.ts";

export interface ServerWatchParts {
  readonly server: ServerSettings;
  readonly context: ServerContext;
  readonly hostClock: HostClock;
  readonly rounds: RoundsSource;
  readonly runner: TakeoverRunner;
  readonly replicators: readonly Replicator[];
  readonly stage: Stage;
  /** As it was when the process ended. */
  readonly maintenance: Maintenance;
  /** The operating system was started anew since: addresses and services that were taken over are gone. */
  readonly rebooted: boolean;
  /** What was done last before the server was watched anew; null = nothing. */
  readonly lastWork: Work | null;
  /** Keeps the state on disk. */
  readonly save: (state: Omit<ServerState, "boot">) => Promise<void>;
  /** Told when the live server plays its role and nothing is under way. */
  readonly onQuiet: () => void;
}

/**
 * Watches one protected server: runs the failover core for the live server (primary) and the stand-in on this
 * machine (secondary), its replication and its maintenance. What operators order beyond that is in `orders`.
 */
export class ServerWatch {
  readonly server: ServerSettings;
  readonly replication: ReplicationSet;
  readonly orders: Orders;
  readonly #parts: ServerWatchParts;
  readonly #rounds: RoundsSource;
  readonly #notes: RoundNotes;
  readonly #role: StandInRole;
  readonly #host: PairHost;
  #maintenance: Maintenance;
  /** The link to the live server is opened for the first time since the watch began. */
  #fresh = true;
  #ended = false;

  constructor(parts: ServerWatchParts) {
    const { server, context } = parts;
    this.server = server;
    this.#parts = parts;
    this.#maintenance = parts.maintenance;
    this.replication = new ReplicationSet(parts.replicators);
    this.#rounds = parts.rounds;
    this.#notes = new RoundNotes((record) => this.report(record));
    const plans = new Plans(parts.runner, server);
    this.#role = new StandInRole({
      server,
      plans,
      stage: parts.stage,
      clock: context.clock,
      report: (record) => this.report(record),
      lastWork: parts.lastWork,
      onRole: (role) => this.#onRole(role),
    });
    this.#host = new PairHost({
      pair: server.name,
      server: server.name,
      members: {
        primary: { machine: server.address, endpointUrl: server.address },
        secondary: { machine: "this machine", endpointUrl: "" },
      },
      policy: serverPolicy(server),
      createLink: (role, events) => this.#createLink(role, events),
      audience: this.#role,
      report: (record) => this.#reportCore(record as CoreRecord),
      clock: parts.hostClock,
    });
    this.orders = new Orders({
      server,
      host: this.#host,
      plans,
      role: this.#role,
      stage: parts.stage,
      replication: this.replication,
      maintenance: () => this.#maintenance,
      directly: (plan, reason) => this.#directly(plan, reason),
      report: (record) => this.report(record),
    });
  }

  get role(): ServerRole {
    return this.#role.role;
  }

  get lastWork(): Work | null {
    return this.#role.lastWork;
  }

  get isBusy(): boolean {
    return this.#role.work !== null;
  }

  /** Finishes what was broken off, then watches. */
  async start(reason: string): Promise<void> {
    await this.#role.recover(this.#parts.rebooted);
    this.report({ kind: "serverWatched", reason });
    this.#watch(reason);
  }

  /** Ends watching and replication; what this machine stands in for goes on. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#host.stop();
    await this.replication.want("none");
  }

  /** Refused with `SERVER_STANDING_IN`, `SERVER_BUSY`. */
  async maintain(maintenance: "suspended" | "stopped", reason: string): Promise<void> {
    this.#role.requireLive();
    this.#host.disable(reason);
    this.#notes.forget();
    this.#maintenance = maintenance;
    await this.#keep();
    this.report({ kind: maintenance === "suspended" ? "serverSuspended" : "serverStopped", reason });
    await this.#replicate();
  }

  /** Ends maintenance; else what an operator ends by resuming: a lock, the choice of the stand-in. */
  async resume(reason: string): Promise<void> {
    if (this.#maintenance === "none") {
      this.#host.resume(reason);
      return;
    }
    this.#maintenance = "none";
    await this.#keep();
    this.report({ kind: "serverResumed", reason });
    this.#watch(reason);
    void this.#replicate();
  }

  /** @throws UnderstudyError SERVER_STANDING_IN or SERVER_BUSY unless the live server has its role and all is quiet */
  requireLive(): void {
    this.#role.requireLive();
  }

  /** Whether the live server answers now, by its own address: asked at the end of a failback, when it has it again. */
  async askLive(): Promise<boolean> {
    return (await this.#rounds.ask(false)).verdict === "well";
  }

  status(): ServerStatus {
    const { clock } = this.#parts.context;
    return statusOf({
      server: this.server,
      core: this.#host.state,
      nowMs: Math.floor(this.#parts.hostClock.nowMs()),
      wallNowMs: clock.wallMs(),
      role: this.role,
      maintenance: this.#maintenance,
      round: this.#notes.last,
      rounds: this.#notes.count,
      copies: this.replication.status(),
      work: this.#role.work?.status ?? null,
      lastWork: this.#role.lastWork?.status ?? null,
      blockedBy: this.#parts.stage.blockerOf(this.server)?.name ?? null,
    });
  }

  report(record: DiagnosticRecord): void {
    const { name, address } = this.server;
    this.#parts.context.report(record, { pair: name, server: name, machine: address, client: null });
  }

  /** Begins to watch according to the role; without it where a person has to decide first. */
  #watch(reason: string): void {
    this.#fresh = true;
    if (this.#maintenance !== "none" || this.#ended) return;
    switch (this.role) {
      case "live":
      case "takingOver":
      case "failingBack":
        this.#host.enable(reason);
        break;
      case "standIn":
        this.#host.enable(reason, "secondary");
        break;
      case "partly":
        break;
    }
  }

  /** A plan that the core has not asked for; afterwards the watch begins anew from the role that came of it. */
  async #directly(plan: () => Promise<void>, reason: string): Promise<void> {
    this.#host.disable(reason);
    try {
      await plan();
    } finally {
      this.#watch(reason);
    }
  }

  async #onRole(role: ServerRole): Promise<void> {
    await this.#keep();
    // Not from within the core's own turn.
    if (role === "partly") setImmediate(() => this.#host.disable("a plan broke off"));
    if (role !== "takingOver" && role !== "failingBack") void this.#replicate();
    if (role === "live") setImmediate(() => this.#parts.onQuiet());
  }

  #replicate(): Promise<void> {
    if (this.#ended || this.role !== "live" || this.#maintenance === "stopped")
      return this.replication.want("none");
    return this.replication.want(this.#maintenance === "suspended" ? "databases" : "all");
  }

  #keep(): Promise<void> {
    return this.#parts.save({ enabled: true, maintenance: this.#maintenance, role: this.role });
  }

  #createLink(role: Role, events: MemberLinkEvents): MemberLink {
    if (role === "secondary") return standInLink(this.server, this.#parts.stage, events);
    const trusting = this.#fresh && this.role === "live";
    this.#fresh = false;
    return liveLink({ ask: () => this.#ask(), blocked: () => this.#blocked(), trusting }, events);
  }

  async #ask(): Promise<Round> {
    const round = await this.#rounds.ask(this.holdsAddress);
    if (!this.#ended && this.#host.state.enabled) this.#notes.take(round);
    return round;
  }

  /** An address that this machine has taken answers for this machine. */
  #blocked(): string | null {
    if (!this.holdsAddress || this.#rounds.hasMaintenance) return null;
    return "this machine has its address, so that the live server cannot be asked";
  }

  /** This machine has the server's address. */
  get holdsAddress(): boolean {
    return this.server.takeover.assumeIpAddress && this.role !== "live";
  }

  #reportCore(record: CoreRecord): void {
    const said = serverRecord(record, {
      lastDetail: this.#notes.last?.detail ?? "",
      missed: this.#host.state.members.primary.missed,
      blockedBy: this.#parts.stage.blockerOf(this.server)?.name ?? null,
      nowMs: this.#parts.context.clock.nowMs(),
    });
    if (said !== null) this.report(said);
  }
}
