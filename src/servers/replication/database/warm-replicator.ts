import type { Clock } from "../../../diagnostics/clock.ts";
import { oneAtATime } from "../../../host/one-at-a-time.ts";
import type { ReplicationDirection, ReplicationStatus, Replicator } from "../../seams.ts";
import type { ReplicationFinding } from "../check-finding.ts";
import { retryPauseMs } from "../failure.ts";
import { Pause } from "../pause.ts";
import type { ReplicationReport } from "../replication-report.ts";
import { WorkLog } from "../work-log.ts";
import { checkDatabase } from "./check-database.ts";
import { withDatabase } from "./connection.ts";
import { nextDailyMs } from "./daily.ts";
import { type CopyNames, replacementNames } from "./names.ts";
import { type DatabasePlace, type DatabaseRef, maintenanceDatabase } from "./place.ts";
import { exists } from "./swap.ts";
import { copyDatabase } from "./warm-copy.ts";

/** Longest single pause: the clock on the wall may be set meanwhile. */
const longestPauseMs = 60_000;
/** A server that has not answered a plain question by then hangs, in ms. */
const answerWithinMs = 5000;

export interface DatabaseParts {
  readonly names: CopyNames;
  /** Name of the database at the live server. */
  readonly catalog: string;
  /** The places with their secrets, asked for at each use: secrets change. */
  readonly source: () => Promise<DatabasePlace>;
  readonly standIn: () => Promise<DatabasePlace>;
  /** Local time of day, `HH:MM`; null = only when asked for. */
  readonly dailyAt: string | null;
  readonly clock: Clock;
  readonly report: ReplicationReport;
}

/** Copies a whole database at a set time of the day, and at the first start (seed: Database replication). */
export class WarmReplicator implements Replicator {
  readonly kind = "database";
  readonly name: string;
  readonly #parts: DatabaseParts;
  readonly #log: WorkLog;
  readonly #pause = new Pause();
  #running: AbortController | null = null;
  #work: Promise<void> = Promise.resolve();
  /** Copies take turns. */
  readonly #inTurn = oneAtATime();

  constructor(parts: DatabaseParts) {
    this.name = parts.names.copy;
    this.#parts = parts;
    this.#log = new WorkLog(parts.clock, parts.report);
  }

  check(signal: AbortSignal): Promise<readonly ReplicationFinding[]> {
    return checkDatabase(this.#parts, "warm", signal);
  }

  start(): void {
    if (this.#running) return;
    this.#running = new AbortController();
    this.#log.phase = "idle";
    this.#log.detail = "waiting for its time";
    this.#work = this.#keepDaily(this.#running.signal);
  }

  async stop(): Promise<void> {
    this.#running?.abort();
    this.#running = null;
    await this.#work;
    this.#log.phase = "off";
  }

  status(): ReplicationStatus {
    return this.#log.status();
  }

  runOnce(
    direction: ReplicationDirection,
    onProgress: (percent: number, detail: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#inTurn(() => this.#copy(direction, signal, onProgress));
  }

  async #keepDaily(signal: AbortSignal): Promise<void> {
    const { clock, dailyAt } = this.#parts;
    let dueMs = await this.#firstDueMs();
    while (!signal.aborted && dueMs !== null) {
      const waitMs = dueMs - clock.wallMs();
      if (waitMs > 0) {
        await this.#pause.for(Math.min(waitMs, longestPauseMs), signal);
        continue;
      }
      const copied = await this.#inTurn(() => this.#copy("fromLive", signal)).then(
        () => true,
        () => false,
      );
      if (copied) dueMs = dailyAt === null ? null : nextDailyMs(dailyAt, clock.wallMs());
      else dueMs = clock.wallMs() + retryPauseMs(this.#log.failures);
    }
  }

  /** At once where there is no copy yet: until the night there would be nothing to take over with. */
  async #firstDueMs(): Promise<number | null> {
    const { dailyAt, clock, standIn, names } = this.#parts;
    const daily = dailyAt === null ? null : nextDailyMs(dailyAt, clock.wallMs());
    try {
      return (await has(await standIn(), names.copy)) ? daily : clock.wallMs();
    } catch {
      return clock.wallMs();
    }
  }

  /** Whether what was to be replaced is there; not, where that cannot be told. */
  async #hasLastGood(direction: ReplicationDirection): Promise<boolean> {
    try {
      const { to, as } = await this.#ends(direction);
      return await has(to, as.copy);
    } catch {
      return false;
    }
  }

  async #copy(
    direction: ReplicationDirection,
    signal: AbortSignal,
    onProgress: (percent: number, detail: string) => void = () => undefined,
  ): Promise<void> {
    const { clock } = this.#parts;
    const beganMs = clock.wallMs();
    const log = this.#log;
    const before = log.phase;
    log.phase = "copying";
    try {
      const { from, to, as } = await this.#ends(direction);
      await copyDatabase(from, to, as, {
        signal,
        onProgress: (percent, bytes) => {
          log.percent = percent;
          log.bytes = bytes;
          onProgress(percent, `${as.copy}: ${Math.round(percent)} %`);
        },
      });
      const detail = `${from.database} copied to ${as.copy} in ${clock.wallMs() - beganMs} ms`;
      if (direction === "fromLive") log.succeeded(beganMs, detail);
      else log.detail = detail;
      log.phase = before === "off" ? "off" : "idle";
    } catch (error) {
      // a copy that was broken off on purpose is no failure of replication
      if (signal.aborted) log.phase = before;
      else log.failed(error, await this.#hasLastGood(direction));
      throw error;
    } finally {
      log.percent = null;
    }
  }

  async #ends(direction: ReplicationDirection): Promise<{
    readonly from: DatabaseRef;
    readonly to: DatabasePlace;
    readonly as: Pick<CopyNames, "copy" | "incoming" | "outgoing">;
  }> {
    const { names, catalog } = this.#parts;
    const [live, here] = await Promise.all([this.#parts.source(), this.#parts.standIn()]);
    return direction === "fromLive"
      ? { from: { place: live, database: catalog }, to: here, as: names }
      : { from: { place: here, database: names.copy }, to: live, as: replacementNames(catalog) };
  }
}

function has(place: DatabasePlace, database: string): Promise<boolean> {
  const server: DatabaseRef = { place, database: maintenanceDatabase };
  return withDatabase(server, (client) => exists(client, database), { answerWithinMs });
}
