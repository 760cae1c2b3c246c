import { UnderstudyError } from "../../../core/error.ts";
import type { Clock } from "../../../diagnostics/clock.ts";
import { oneAtATime } from "../../../host/one-at-a-time.ts";
import type { ReplicationDirection, ReplicationStatus, Replicator } from "../../seams.ts";
import type { ReplicationFinding } from "../check-finding.ts";
import { retryPauseMs } from "../failure.ts";
import { Pause } from "../pause.ts";
import type { ReplicationReport } from "../replication-report.ts";
import { WorkLog } from "../work-log.ts";
import { checkTree } from "./check-tree.ts";
import { type CopyResult, copyFiles } from "./copy.ts";
import { LargeFileDeltas } from "./large-file-deltas.ts";
import type { FileReplicationSettings } from "./settings.ts";
import { SourceWatch, type WatchState } from "./source-watch.ts";

/** Least time between two scans, however many hints come, in ms. */
const leastScanIntervalMs = 250;

/**
 * Keeps the stand-in's files like the live server's, continuously: a scan at every interval, and at once where
 * the watcher hints at a change. Whole copies in either direction can be asked for; they take turns with scans.
 */
export class FileReplicator implements Replicator {
  readonly kind = "files";
  readonly name: string;
  readonly #settings: FileReplicationSettings;
  readonly #clock: Clock;
  readonly #report: ReplicationReport;
  readonly #log: WorkLog;
  readonly #watch: SourceWatch;
  readonly #deltas: LargeFileDeltas;
  readonly #pause = new Pause();
  #running: AbortController | null = null;
  #work: Promise<void> = Promise.resolve();
  #hinted = false;
  #heldBack = false;
  /** Scans and whole copies take turns. */
  readonly #inTurn = oneAtATime();

  constructor(settings: FileReplicationSettings, clock: Clock, report: ReplicationReport) {
    this.name = settings.destination;
    this.#settings = settings;
    this.#clock = clock;
    this.#report = report;
    this.#log = new WorkLog(clock, report);
    this.#deltas = new LargeFileDeltas(settings);
    this.#watch = new SourceWatch(settings, () => this.#hint());
  }

  get watch(): WatchState {
    return this.#watch.state;
  }

  status(): ReplicationStatus {
    const { completeUntilMs } = this.#log;
    const lagMs = completeUntilMs === null ? null : Math.max(this.#clock.wallMs() - completeUntilMs, 0);
    return { ...this.#log.status(), lagMs };
  }

  check(signal: AbortSignal): Promise<readonly ReplicationFinding[]> {
    return checkTree(this.#settings, signal);
  }

  start(): void {
    if (this.#running) return;
    this.#running = new AbortController();
    this.#watch.start();
    this.#work = this.#keepEqual(this.#running.signal);
  }

  /** The copy takes no more changes and can be used; the live server need not be reachable. */
  async stop(): Promise<void> {
    this.#running?.abort();
    this.#running = null;
    this.#watch.stop();
    await this.#work;
    await this.#leave();
    this.#log.phase = "off";
  }

  /**
   * Copies all differences once. `toLive` needs a replicator that is stopped: two directions at a time would undo
   * each other. Rejects with UnderstudyError REPLICATION_*, PROGRAM_MISSING, CANCELLED.
   */
  async runOnce(
    direction: ReplicationDirection,
    onProgress: (percent: number, detail: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    if (direction === "toLive" && this.#running) {
      throw new UnderstudyError(
        "REPLICATION_RUNNING",
        "Files are being replicated from the live server. Stop that before they are copied to it.",
      );
    }
    if (direction === "toLive") await this.#leave();
    await this.#inTurn(async () => {
      const before = this.#log.phase;
      this.#log.phase = "copying";
      try {
        await this.#copy(direction, signal, onProgress);
      } finally {
        this.#log.phase = before;
      }
    });
  }

  async #keepEqual(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#hinted = false;
      await this.#inTurn(() => this.#scan(signal));
      await new Pause().for(leastScanIntervalMs, signal);
      // a hint is no reason to try a server again that cannot be reached
      const { failures } = this.#log;
      if (failures > 0) await new Pause().for(retryPauseMs(failures), signal);
      else if (!this.#hinted) await this.#pause.for(this.#settings.rescanInterval, signal);
    }
  }

  async #scan(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    try {
      this.#log.phase = "scanning";
      const beganMs = this.#clock.wallMs();
      const result = await this.#copy("fromLive", signal);
      this.#log.succeeded(beganMs, describeResult(result));
    } catch (error) {
      if (!signal.aborted) this.#log.failed(error, false);
    }
  }

  async #copy(
    direction: ReplicationDirection,
    signal: AbortSignal,
    onProgress: (percent: number, detail: string) => void = () => undefined,
  ): Promise<CopyResult> {
    const log = this.#log;
    const beganMs = this.#clock.wallMs();
    try {
      const result = await copyFiles(this.#settings, {
        direction,
        signal,
        deltas: this.#deltas,
        beganMs,
        orphanFolder: new Date(beganMs).toISOString().replaceAll(":", "-"),
        onProgress: ({ percent, bytes, bytesPerSecond }) => {
          Object.assign(log, { percent, bytes, bytesPerSecond });
          onProgress(percent, `${this.name}: ${percent} %, ${bytes} bytes`);
        },
      });
      if (result.orphansHeldBack && !this.#heldBack) this.#report.noticed(describeResult(result));
      this.#heldBack = result.orphansHeldBack;
      log.detail = describeResult(result);
      return result;
    } finally {
      Object.assign(log, { percent: null, bytesPerSecond: 0 });
    }
  }

  async #leave(): Promise<void> {
    const damage = await this.#inTurn(() => this.#deltas.leave());
    if (damage === null) return;
    this.#log.failed(damage, false);
    // whatever failed before, this is news
    if (this.#log.failures > 1) this.#report.failed(damage, false);
  }

  #hint(): void {
    this.#hinted = true;
    this.#pause.end();
  }
}

function describeResult(result: CopyResult): string {
  const { files, transferredFiles, literalBytes, orphans, orphansHeldBack } = result;
  const copied = `${transferredFiles} of ${files} files copied, ${literalBytes} bytes`;
  if (orphansHeldBack) {
    return `${copied}; ${orphans} files, more than are left, are gone at the original and were NOT removed here`;
  }
  return orphans === 0 ? copied : `${copied}, ${orphans} orphans`;
}
