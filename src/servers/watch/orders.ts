import type { OrderOptions, ServerAnswer } from "../../control/servers-api.ts";
import { UnderstudyError } from "../../core/error.ts";
import { detailOf } from "../../diagnostics/detail-of.ts";
import type { ServerRecord } from "../../diagnostics/server-record.ts";
import type { PairHost } from "../../host/pair-host.ts";
import type { ServerSettings } from "../../project/server.ts";
import type { Maintenance } from "../../project/server-state.ts";
import type { ReplicationDirection } from "../seams.ts";
import type { Plans } from "./plans.ts";
import type { ReplicationSet } from "./replication-set.ts";
import type { Stage } from "./stage.ts";
import type { StandInRole } from "./stand-in-role.ts";

export interface OrdersParts {
  readonly server: ServerSettings;
  readonly host: PairHost;
  readonly plans: Plans;
  readonly role: StandInRole;
  readonly stage: Stage;
  readonly replication: ReplicationSet;
  readonly maintenance: () => Maintenance;
  /** Carries out a plan that the core has not asked for, while the watch rests. */
  readonly directly: (plan: () => Promise<void>, reason: string) => Promise<void>;
  readonly report: (record: ServerRecord) => void;
}

/**
 * What operators order for one protected server. Each order is answered when it has begun, or is refused, or with
 * what it would do; its progress and end are in the server's status.
 */
export class Orders {
  readonly #parts: OrdersParts;

  constructor(parts: OrdersParts) {
    this.#parts = parts;
  }

  async failover({ reason, dryRun }: OrderOptions): Promise<ServerAnswer> {
    const { role, plans, host, directly } = this.#parts;
    const plan = await plans.describe("takeover");
    if (role.role === "standIn") return this.#refused(dryRun, "This machine stands in for it already.");
    if (role.role === "partly") {
      if (dryRun) return this.#answer(true, ["The takeover that broke off would be carried on.", ...plan]);
      role.requireIdle();
      return this.#begun(
        directly(() => role.takeOver(reason), reason),
        plan,
      );
    }
    this.#requireWatched();
    role.requireIdle();
    const order = { to: "secondary", reason, force: true } as const;
    const outlook = await host.switchover({ ...order, dryRun: true });
    if (!outlook.accepted) return this.#refused(dryRun, ...this.#whyNot(outlook.explanation));
    if (dryRun) return this.#answer(true, ["This machine would stand in for it.", ...plan]);
    return this.#begun(host.switchover({ ...order, dryRun: false }), plan);
  }

  async test({ reason, dryRun }: OrderOptions): Promise<ServerAnswer> {
    const { role, plans } = this.#parts;
    const plan = await plans.describe("test");
    if (role.role !== "live") return this.#refused(dryRun, "Only while the live server plays its role.");
    if (dryRun) return this.#answer(true, plan);
    role.requireIdle();
    return this.#begun(role.test(reason), plan);
  }

  async approve({ reason, dryRun }: OrderOptions): Promise<ServerAnswer> {
    const { plans, host } = this.#parts;
    const waiting = host.state.approval;
    if (waiting === null) return this.#refused(dryRun, "Nothing waits for approval.");
    const plan = await plans.describe(waiting.to === "secondary" ? "takeover" : "failback");
    if (dryRun) return this.#answer(true, plan);
    return this.#begun(host.approve(reason), plan);
  }

  async failback({ reason, dryRun }: OrderOptions): Promise<ServerAnswer> {
    const { server, role, plans, host, directly } = this.#parts;
    if (role.role === "live") {
      throw new UnderstudyError(
        "SERVER_NOT_STANDING_IN",
        `This machine does not stand in for ${server.name}.`,
      );
    }
    const plan = await plans.describe("failback");
    if (dryRun) return this.#answer(true, ["The live server would get its role back.", ...plan]);
    role.requireIdle();
    const { active, members } = host.state;
    const known = active === "secondary" && members.primary.link === "up";
    const order = { to: "primary", reason, force: true, dryRun: false } as const;
    const begun = known ? host.switchover(order) : directly(() => role.giveBack(reason), reason);
    return this.#begun(begun, plan);
  }

  /** One whole copy of everything. */
  replicate(direction: ReplicationDirection, reason: string): ServerAnswer {
    const { server, role, replication, report } = this.#parts;
    if (replication.isEmpty) {
      const message = `Nothing is copied from ${server.name}; name files or databases in the project.`;
      throw new UnderstudyError("SERVER_WITHOUT_REPLICATION", message);
    }
    role.requireIdle();
    // What this machine has changed in the server's place must not be overwritten.
    if (direction === "fromLive") role.requireLive();
    const work = role.begin(direction === "fromLive" ? "replicateFromLive" : "replicateToLive", reason);
    const copied = replication.copyAll(
      direction,
      (percent, detail) => work.progress(percent, detail),
      work.abort.signal,
      (copy, failure) =>
        report(
          failure === null
            ? { kind: "replicationDone", copy, detail: reason }
            : { kind: "replicationFailed", copy, detail: failure },
        ),
    );
    const ended = copied
      .then(
        () => work.end("done", "everything is copied"),
        (error: unknown) => work.end(work.abort.signal.aborted ? "cancelled" : "failed", detailOf(error)),
      )
      .then(() => role.end(work));
    return this.#begun(ended, []);
  }

  /** Breaks off what is under way, between two steps. */
  cancel(): void {
    this.#parts.role.work?.abort.abort();
  }

  #requireWatched(): void {
    const { server, host, maintenance } = this.#parts;
    if (host.state.enabled) return;
    const message = `${server.name} is not watched (${maintenance()}). Resume it first: understudy server resume ${server.name}`;
    throw new UnderstudyError("SERVER_DISABLED", message);
  }

  #whyNot(explanation: readonly string[]): readonly string[] {
    const { stage, server } = this.#parts;
    const blocker = stage.blockerOf(server);
    return blocker === null
      ? explanation
      : [`Refused: this machine stands in for ${blocker.name}, and both need ${blocker.need}.`];
  }

  #refused(dryRun: boolean, ...explanation: readonly string[]): ServerAnswer {
    return { server: this.#parts.server.name, accepted: false, dryRun, explanation, workId: null };
  }

  #answer(dryRun: boolean, explanation: readonly string[]): ServerAnswer {
    return { server: this.#parts.server.name, accepted: true, dryRun, explanation, workId: null };
  }

  /** The work reports its own end; nobody waits for it here. */
  #begun(work: Promise<unknown>, explanation: readonly string[]): ServerAnswer {
    work.catch(() => undefined);
    return { ...this.#answer(false, explanation), workId: this.#parts.role.work?.status.id ?? null };
  }
}
