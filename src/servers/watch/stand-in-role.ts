import type { WorkKind } from "../../control/servers-api.ts";
import type { Cause } from "../../core/cause.ts";
import { UnderstudyError } from "../../core/error.ts";
import type { Role } from "../../core/role.ts";
import type { Clock } from "../../diagnostics/clock.ts";
import { detailOf } from "../../diagnostics/detail-of.ts";
import type { ServerRecord } from "../../diagnostics/server-record.ts";
import type { Audience } from "../../host/audience.ts";
import type { ServerSettings } from "../../project/server.ts";
import type { ServerRole } from "../../project/server-state.ts";
import type { PlanKind, PlanResult, Standing } from "../seams.ts";
import type { Plans } from "./plans.ts";
import { whyOf } from "./server-records.ts";
import type { Stage } from "./stage.ts";
import { Work } from "./work.ts";

export interface RoleParts {
  readonly server: ServerSettings;
  readonly plans: Plans;
  readonly stage: Stage;
  readonly clock: Clock;
  readonly report: (record: ServerRecord) => void;
  /** What was done last before the server was watched anew. */
  readonly lastWork: Work | null;
  /** Keeps the role on disk and does what follows from it. */
  readonly onRole: (role: ServerRole) => Promise<void>;
}

const roleOf: Readonly<Record<Standing["kind"], ServerRole>> = Object.freeze({
  none: "live",
  underWay: "partly",
  standingIn: "standIn",
  partly: "partly",
});

/**
 * Carries out on this machine what the core decides: to make the secondary active is the takeover plan, to make
 * the primary active the failback plan. What the journal of the plans says is the truth about the role.
 */
export class StandInRole implements Audience {
  readonly #parts: RoleParts;
  #role: ServerRole = "live";
  #work: Work | null = null;
  #lastWork: Work | null;
  #lastId: number;

  constructor(parts: RoleParts) {
    this.#parts = parts;
    this.#lastWork = parts.lastWork;
    this.#lastId = parts.lastWork?.status.id ?? 0;
  }

  get role(): ServerRole {
    return this.#role;
  }

  get work(): Work | null {
    return this.#work;
  }

  get lastWork(): Work | null {
    return this.#lastWork;
  }

  /** @throws UnderstudyError SERVER_BUSY while something is under way */
  requireIdle(): void {
    if (this.#work === null) return;
    const { kind, percent } = this.#work.status;
    throw new UnderstudyError(
      "SERVER_BUSY",
      `For ${this.#parts.server.name} something is under way: ${kind}, ${percent} %.`,
    );
  }

  /** @throws UnderstudyError SERVER_STANDING_IN or SERVER_BUSY unless the live server has its role and all is quiet */
  requireLive(): void {
    const { name } = this.#parts.server;
    if (this.#role === "live") {
      this.requireIdle();
      return;
    }
    throw new UnderstudyError(
      "SERVER_STANDING_IN",
      `This machine stands in for ${name}. Give its role back first: understudy failback ${name}`,
    );
  }

  /**
   * Finishes what the end of the process broke off, and learns the role from the journal. `rebooted`: what this
   * machine had assumed went with the operating system, so the takeover is gone through again.
   */
  async recover(rebooted: boolean): Promise<void> {
    const { plans, report, server, stage } = this.#parts;
    const before = await plans.standing();
    if (before.kind === "none") {
      await this.#settle();
      return;
    }
    stage.enter(server);
    if (before.kind === "underWay") {
      const work = this.begin(before.plan, before.reason);
      report({ kind: "takeoverResumed", detail: `${before.plan}: ${before.reason}` });
      await this.#carryOut(work, before.plan, () => plans.resume(this.#options(work)));
    } else if (before.kind === "standingIn" && rebooted) {
      await this.takeOver("this machine was started anew while it stood in").catch(() => undefined);
    } else {
      await this.#settle();
    }
  }

  memberUp(): void {}
  memberDown(): void {}
  async subscribe(): Promise<void> {}
  unsubscribe(): void {}
  demote(): void {}

  async promote(member: Role, cause: Cause): Promise<void> {
    if (this.#role === "partly") throw new Error("a plan broke off; an operator must decide");
    const reason = whyOf(cause, this.#parts.clock.nowMs());
    if (member === "secondary") {
      if (this.#role !== "standIn") await this.takeOver(reason);
    } else if (this.#role === "live") {
      await this.#settle();
    } else {
      await this.giveBack(reason);
    }
  }

  /** Rejects where this machine does not stand in afterwards. */
  async takeOver(reason: string): Promise<void> {
    const { plans, stage, server, report } = this.#parts;
    if (this.#work?.status.kind === "test") this.#work.abort.abort();
    const work = this.begin("takeover", reason);
    const result = await this.#carryOut(work, "takeover", async () => {
      stage.enter(server);
      await this.#setRole("takingOver");
      report({ kind: "takeoverStarted", detail: reason });
      return await plans.run("takeover", this.#options(work));
    });
    if (this.#role !== "standIn") throw new Error(result);
  }

  /** Rejects where the live server does not have its role afterwards. */
  async giveBack(reason: string): Promise<void> {
    const { plans, report } = this.#parts;
    const work = this.begin("failback", reason);
    const result = await this.#carryOut(work, "failback", async () => {
      await this.#setRole("failingBack");
      report({ kind: "failbackStarted", detail: reason });
      return await plans.run("failback", this.#options(work));
    });
    if (this.#role !== "live") throw new Error(result);
  }

  /** Tries the takeover out, cut off from the network. Changes no role. */
  async test(reason: string): Promise<void> {
    const { plans, report } = this.#parts;
    const work = this.begin("test", reason);
    try {
      const result = await plans.run("test", this.#options(work));
      work.endWith(result);
      report({ kind: "takeoverTested", ok: result.outcome === "done", detail: result.detail });
    } catch (error) {
      work.end("failed", detailOf(error));
      report({ kind: "takeoverTested", ok: false, detail: detailOf(error) });
    } finally {
      this.end(work);
    }
  }

  begin(kind: WorkKind, reason: string): Work {
    const { nowMs, wallMs } = this.#parts.clock;
    this.#lastId += 1;
    const work = new Work(this.#lastId, kind, reason, { nowMs, wallMs: wallMs() });
    this.#work = work;
    return work;
  }

  end(work: Work): void {
    this.#lastWork = work;
    if (this.#work === work) this.#work = null;
  }

  #options(work: Work): Parameters<Plans["run"]>[1] {
    return { reason: work.status.reason, onProgress: work.onStep, signal: work.abort.signal };
  }

  /** Runs a plan, learns the role from the journal and reports. Answers with what there is to say of the end. */
  async #carryOut(work: Work, kind: PlanKind, run: () => Promise<PlanResult | null>): Promise<string> {
    const { report } = this.#parts;
    let rolledBack = false;
    let detail: string;
    try {
      const result = await run();
      if (result !== null) work.endWith(result);
      detail = result?.detail ?? "nothing was under way";
      rolledBack = result?.outcome === "rolledBack";
    } catch (error) {
      detail = detailOf(error);
      work.end("failed", detail);
    }
    // Plans of both kinds can end in either role; a failed one that was undone ends where it began.
    await this.#settle();
    const tookMs = work.tookMs;
    if (kind === "takeover") {
      if (this.#role === "standIn") report({ kind: "takeoverDone", tookMs, detail });
      else report({ kind: "takeoverFailed", rolledBack: rolledBack || this.#role === "live", detail });
    } else if (kind === "failback") {
      if (this.#role === "live") report({ kind: "serverReset", tookMs, detail });
      else report({ kind: "failbackFailed", detail });
    }
    this.end(work);
    return detail;
  }

  async #settle(): Promise<void> {
    const { plans, stage, server } = this.#parts;
    const role = roleOf[(await plans.standing()).kind];
    if (role === "live") stage.leave(server);
    await this.#setRole(role);
  }

  async #setRole(role: ServerRole): Promise<void> {
    this.#role = role;
    await this.#parts.onRole(role);
  }
}
