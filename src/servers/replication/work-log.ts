import type { Clock } from "../../diagnostics/clock.ts";
import type { ReplicationPhase, ReplicationStatus } from "../seams.ts";
import { asFailure } from "./failure.ts";
import type { ReplicationReport } from "./replication-report.ts";

/** What a replicator knows of its own work: its status, and what is to be reported of it, once. */
export class WorkLog {
  phase: ReplicationPhase = "off";
  percent: number | null = null;
  bytes = 0;
  bytesPerSecond = 0;
  completeUntilMs: number | null = null;
  lagMs: number | null = null;
  detail = "not started";
  /** Failures in a row. */
  failures = 0;
  #lastError: ReplicationStatus["lastError"] = null;
  #isComplete = false;
  readonly #clock: Clock;
  readonly #report: ReplicationReport;

  constructor(clock: Clock, report: ReplicationReport) {
    this.#clock = clock;
    this.#report = report;
  }

  status(): ReplicationStatus {
    const { phase, percent, bytes, bytesPerSecond, completeUntilMs, lagMs, detail } = this;
    return {
      phase,
      percent,
      bytes,
      bytesPerSecond,
      completeUntilMs,
      lagMs,
      lastError: this.#lastError,
      detail,
    };
  }

  /** The copy is complete as of a wall clock time. */
  succeeded(completeUntilMs: number, detail: string): void {
    this.completeUntilMs = completeUntilMs;
    this.detail = detail;
    this.phase = "idle";
    if (this.failures > 0 || !this.#isComplete) this.#report.complete(detail);
    this.failures = 0;
    this.#isComplete = true;
  }

  failed(error: unknown, rolledBack: boolean): void {
    const failure = asFailure(error);
    this.failures += 1;
    this.phase = "retrying";
    this.detail = failure.message;
    this.#lastError = { code: failure.code, message: failure.message, atMs: this.#clock.wallMs() };
    if (this.failures === 1) this.#report.failed(failure, rolledBack);
  }

  noticed(detail: string): void {
    this.detail = detail;
    this.#report.noticed(detail);
  }
}
