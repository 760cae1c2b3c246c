import { UnderstudyError } from "../../../core/error.ts";
import type { Clock } from "../../../diagnostics/clock.ts";
import type { ReplicationStatus } from "../replication-status.ts";
import { type CopyResult, copyFiles } from "./copy.ts";
import type { TransferProgress } from "./rsync-output.ts";
import type { FileReplicationSettings, ReplicationDirection } from "./settings.ts";
import { SourceWatch, type WatchState } from "./source-watch.ts";

/** Pauses after failures: doubling from the first to the last, in ms. */
const retryFromMs = 1000;
const retryToMs = 60_000;
/** Least time between two scans, however many hints come, in ms. */
const leastScanIntervalMs = 250;

/** Pause after so many failures in a row, in ms. */
export function retryPauseMs(failures: number): number {
  return Math.min(retryFromMs * 2 ** Math.max(failures - 1, 0), retryToMs);
}

export interface FileReplicationReport {
  /** A scan has ended well after others had failed, or the first one has. */
  recovered(result: CopyResult): void;
  /** The first of several failures in a row. */
  failed(error: UnderstudyError): void;
  /** So many files are gone at the original that they are not removed from the copy by themselves. */
  orphansHeldBack(count: number): void;
}

/**
 * Keeps the stand-in's files like the live server's, continuously: a scan at every interval, and at once where
 * the watcher hints at a change. Whole copies in either direction can be asked for; they take turns with scans.
 */
export class FileReplicator {
  readonly #settings: FileReplicationSettings;
  readonly #clock: Clock;
  readonly #report: FileReplicationReport;
  readonly #watch: SourceWatch;
  #running: AbortController | null = null;
  #work: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;
  #hinted = false;
  #failures = 0;
  #heldBack = false;
  #progress: TransferProgress | null = null;
  #phase: ReplicationStatus["phase"] = "off";
  #completeUntilMs: number | null = null;
  #lastError: ReplicationStatus["lastError"] = null;
  #detail = "not started";
  /** Scans and whole copies take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(settings: FileReplicationSettings, clock: Clock, report: FileReplicationReport) {
    this.#settings = settings;
    this.#clock = clock;
    this.#report = report;
    this.#watch = new SourceWatch(settings, () => this.#hint());
  }

  get status(): ReplicationStatus & { readonly watch: WatchState } {
    return {
      phase: this.#phase,
      percent: this.#progress?.percent ?? null,
      bytes: this.#progress?.bytes ?? 0,
      bytesPerSecond: this.#progress?.bytesPerSecond ?? 0,
      completeUntilMs: this.#completeUntilMs,
      lastError: this.#lastError,
      detail: this.#detail,
      watch: this.#watch.state,
    };
  }

  /** Idempotent. */
  start(): void {
    if (this.#running) return;
    this.#running = new AbortController();
    this.#watch.start();
    this.#work = this.#keepEqual(this.#running.signal);
  }

  /** Resolves when nothing is under way any more; what broke off goes on from there at the next start. */
  async stop(): Promise<void> {
    this.#running?.abort();
    this.#running = null;
    this.#watch.stop();
    this.#wake();
    await this.#work;
    this.#phase = "off";
  }

  /**
   * Copies all differences once. `toLive` needs a replicator that is stopped: two directions at a time would undo
   * each other. @throws UnderstudyError REPLICATION_*, CANCELLED
   */
  copyNow(
    direction: ReplicationDirection,
    onProgress: (progress: TransferProgress) => void,
    signal: AbortSignal,
  ): Promise<CopyResult> {
    if (direction === "toLive" && this.#running) {
      throw new UnderstudyError(
        "REPLICATION_RUNNING",
        "Files are being replicated from the live server. Stop that before they are copied to it.",
      );
    }
    return this.#inTurn(() => this.#copy(direction, signal, "copying", onProgress));
  }

  async #keepEqual(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#hinted = false;
      const startedMs = this.#clock.nowMs();
      await this.#inTurn(() => this.#scan(signal));
      const pauseMs = this.#failures > 0 ? retryPauseMs(this.#failures) : this.#settings.rescanInterval;
      const least = leastScanIntervalMs - (this.#clock.nowMs() - startedMs);
      if (least > 0) await this.#pause(least, signal, () => false);
      // a hint is no reason to try a server again that cannot be reached
      await this.#pause(pauseMs, signal, () => this.#hinted && this.#failures === 0);
    }
  }

  async #scan(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const isFirst = this.#completeUntilMs === null;
    try {
      const result = await this.#copy("fromLive", signal, "scanning");
      if (this.#failures > 0 || isFirst) this.#report.recovered(result);
      if (result.orphansHeldBack && !this.#heldBack) this.#report.orphansHeldBack(result.orphans);
      this.#heldBack = result.orphansHeldBack;
      this.#failures = 0;
      this.#phase = "idle";
    } catch (error) {
      if (signal.aborted) return;
      const failure = asFailure(error);
      this.#failures += 1;
      this.#phase = "retrying";
      this.#detail = failure.message;
      this.#lastError = { code: failure.code, message: failure.message, atMs: this.#clock.wallMs() };
      if (this.#failures === 1) this.#report.failed(failure);
    }
  }

  async #copy(
    direction: ReplicationDirection,
    signal: AbortSignal,
    phase: "scanning" | "copying",
    onProgress?: (progress: TransferProgress) => void,
  ): Promise<CopyResult> {
    const beganMs = this.#clock.wallMs();
    this.#phase = phase;
    try {
      const result = await copyFiles(this.#settings, {
        direction,
        signal,
        orphanFolder: new Date(beganMs).toISOString().replaceAll(":", "-"),
        onProgress: (progress) => {
          this.#progress = progress;
          onProgress?.(progress);
        },
      });
      if (direction === "fromLive") this.#completeUntilMs = beganMs;
      this.#detail = describeResult(result);
      return result;
    } finally {
      this.#progress = null;
      if (phase === "copying") this.#phase = this.#running ? "idle" : "off";
    }
  }

  #hint(): void {
    this.#hinted = true;
    this.#wake();
  }

  /** Waits, until `enough` says so after a wake-up. */
  async #pause(pauseMs: number, signal: AbortSignal, enough: () => boolean): Promise<void> {
    if (signal.aborted || enough()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      this.#wake = () => {
        if (!signal.aborted && !enough()) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => undefined;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work, work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function describeResult({
  files,
  transferredFiles,
  literalBytes,
  orphans,
  orphansHeldBack,
}: CopyResult): string {
  const copied = `${transferredFiles} of ${files} files copied, ${literalBytes} bytes`;
  if (orphansHeldBack)
    return `${copied}; ${orphans} files are gone at the original and were NOT removed here`;
  return orphans === 0 ? copied : `${copied}, ${orphans} orphans`;
}

function asFailure(error: unknown): UnderstudyError {
  if (error instanceof UnderstudyError) return error;
  return new UnderstudyError("REPLICATION_FAILED", error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
