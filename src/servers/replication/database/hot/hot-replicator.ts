import type pg from "pg";
import { UnderstudyError } from "../../../../core/error.ts";
import type { ReplicationDirection, ReplicationStatus, Replicator } from "../../../seams.ts";
import type { ReplicationFinding } from "../../check-finding.ts";
import { retryPauseMs } from "../../failure.ts";
import { Pause } from "../../pause.ts";
import { WorkLog } from "../../work-log.ts";
import { checkDatabase } from "../check-database.ts";
import { withDatabase } from "../connection.ts";
import { nextDailyMs } from "../daily.ts";
import { replacementNames } from "../names.ts";
import { type DatabaseRef, maintenanceDatabase } from "../place.ts";
import { exists } from "../swap.ts";
import { copyDatabase } from "../warm-copy.ts";
import type { DatabaseParts } from "../warm-replicator.ts";
import { buildStream, forgetCopyEnd, pauseStream, type StreamEnds } from "./build.ts";
import { changeMark, wasChanged } from "./copy-changes.ts";
import { type Following, FollowWatch } from "./follow.ts";
import { nothingKnown } from "./known-schema.ts";
import { readNotReplicated } from "./not-replicated.ts";
import { publishTables, readSlot } from "./publication.ts";
import { SchemaWatch } from "./schema-watch.ts";
import { moveSequencesBeyondData } from "./sequences.ts";
import { enableSubscription, noteOnSubscription, readSubscription } from "./subscription.ts";

/** Pause between two looks at the stream, in ms. */
const lookMs = 1000;
/** A server that has not answered a look by then hangs, in ms. */
const lookAnswerMs = 10_000;
/** A change that still cannot be applied after so many looks that saw it fail is a conflict of data. */
const failedLooksUntilNewCopy = 5;

/** Keeps a database like the live one by PostgreSQL's logical replication, and sees to what that leaves out. */
export class HotReplicator implements Replicator {
  readonly kind = "database";
  readonly name: string;
  readonly #parts: DatabaseParts;
  readonly #log: WorkLog;
  readonly #pause = new Pause();
  #known = nothingKnown();
  #running: AbortController | null = null;
  #work: Promise<void> = Promise.resolve();

  constructor(parts: DatabaseParts) {
    this.name = parts.names.copy;
    this.#parts = parts;
    this.#log = new WorkLog(parts.clock, parts.report);
  }

  check(signal: AbortSignal): Promise<readonly ReplicationFinding[]> {
    return checkDatabase(this.#parts, "hot", signal);
  }

  start(): void {
    if (this.#running) return;
    this.#running = new AbortController();
    this.#work = this.#keep(this.#running.signal);
  }

  /** The copy takes no more changes and can be written to; the live server need not be reachable. */
  async stop(): Promise<void> {
    const wasRunning = this.#running !== null;
    this.#running?.abort();
    this.#running = null;
    await this.#work;
    if (wasRunning) await this.#makeUsable();
    this.#log.phase = "off";
    this.#log.lagMs = null;
  }

  status(): ReplicationStatus {
    const status = this.#log.status();
    if (status.phase !== "retrying" || status.completeUntilMs === null) return status;
    // nobody tells how far it is behind: as far as can be
    return { ...status, lagMs: this.#parts.clock.wallMs() - status.completeUntilMs };
  }

  async runOnce(
    direction: ReplicationDirection,
    onProgress: (percent: number, detail: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const follows = this.#running !== null;
    if (follows && direction === "toLive") {
      throw new UnderstudyError(
        "REPLICATION_RUNNING",
        `${this.name} follows the live server. Stop that before it is copied to it.`,
      );
    }
    this.#running?.abort();
    await this.#work;
    this.#log.phase = "copying";
    const progress = (percent: number): void => {
      this.#log.percent = percent;
      onProgress(percent, `${this.name}: ${Math.round(percent)} %`);
    };
    try {
      const ends = await this.#ends();
      if (direction === "fromLive") await buildStream(ends, progress, signal);
      else await this.#copyToLive(ends, progress, signal);
    } finally {
      this.#log.percent = null;
      this.#log.phase = "off";
      if (follows && this.#running?.signal.aborted) {
        this.#running = null;
        this.start();
      }
    }
  }

  async #copyToLive(
    ends: StreamEnds,
    progress: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { names, standIn, live } = ends;
    await forgetCopyEnd(standIn, names);
    const from: DatabaseRef = { place: standIn, database: names.copy };
    // the slot of the database that is replaced goes with it
    await copyDatabase(from, live.place, replacementNames(live.database), { onProgress: progress, signal });
  }

  async #keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#log.failed(error, false);
        await this.#pause.for(retryPauseMs(this.#log.failures), signal);
      }
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const ends = await this.#ends();
    const copy: DatabaseRef = { place: ends.standIn, database: ends.names.copy };
    if (!(await this.#goOn(ends, copy, signal))) await this.#build(ends, signal);
    const limits = { signal, answerWithinMs: lookAnswerMs };
    const schema = new SchemaWatch({
      live: ends.live,
      copy,
      stream: ends.names.stream,
      known: this.#known,
      report: this.#log,
    });
    let isDue = false;
    try {
      isDue = await withDatabase(
        ends.live,
        (live) => withDatabase(copy, (client) => this.#watch(live, client, schema, signal), limits),
        limits,
      );
    } catch (error) {
      if (error instanceof UnderstudyError && error.code === "DATABASE_STREAM_LOST") {
        await forgetCopyEnd(ends.standIn, ends.names);
      }
      throw error;
    } finally {
      await schema.end();
    }
    if (isDue) await this.#build(ends, signal);
  }

  /** Whether it is time for a new copy. */
  async #watch(live: pg.Client, copy: pg.Client, schema: SchemaWatch, signal: AbortSignal): Promise<boolean> {
    const { dailyAt, clock, names } = this.#parts;
    const dueMs = dailyAt === null ? null : nextDailyMs(dailyAt, clock.wallMs());
    const watch = new FollowWatch();
    let errors: number | null = null;
    let failedLooks = 0;
    let stuckAt = 0n;
    while (!signal.aborted) {
      const nowMs = clock.wallMs();
      if (dueMs !== null && nowMs >= dueMs) return true;
      const now = await watch.look(live, copy, names.stream, nowMs);
      const newErrors = now.errors - (errors ?? now.errors);
      errors = now.errors;
      if (newErrors === 0 && now.confirmedLsn > stuckAt) failedLooks = 0;
      if (newErrors > 0) {
        failedLooks += 1;
        stuckAt = now.confirmedLsn;
      }
      await schema.look({ live, copy, hasFailed: newErrors > 0, confirmedLsn: now.confirmedLsn }, signal);
      if (failedLooks >= failedLooksUntilNewCopy) {
        throw new UnderstudyError(
          "DATABASE_STREAM_LOST",
          `${this.name} cannot take changes any more: what they change is different there. A new copy is made.`,
        );
      }
      this.#note(now, nowMs, failedLooks > 0, schema.different);
      await this.#pause.for(lookMs, signal);
    }
    return false;
  }

  #note(now: Following, nowMs: number, isStuck: boolean, different: string): void {
    const { completeUntilMs, behindBytes } = now;
    const log = this.#log;
    log.bytes = behindBytes;
    log.lagMs = behindBytes === 0 ? 0 : completeUntilMs === null ? null : nowMs - completeUntilMs;
    if (isStuck) {
      log.phase = "retrying";
      log.detail = "a change cannot be applied yet";
    } else if (completeUntilMs !== null) {
      const differs = different === "" ? "" : `; not the same there: ${different}`;
      log.succeeded(completeUntilMs, `follows ${this.#parts.catalog}, ${behindBytes} bytes behind${differs}`);
    }
  }

  /** Whether the copy there is can follow on from where it stands. */
  async #goOn(
    { live, standIn, names }: StreamEnds,
    copy: DatabaseRef,
    signal: AbortSignal,
  ): Promise<boolean> {
    const server: DatabaseRef = { place: standIn, database: maintenanceDatabase };
    if (!(await withDatabase(server, (client) => exists(client, names.copy), { signal }))) return false;
    const slot = await withDatabase(live, (client) => readSlot(client, names.stream), { signal });
    return await withDatabase(copy, async (client) => {
      const subscription = await readSubscription(client, names.stream);
      if (slot === null || subscription === null) return false;
      if (subscription.enabled) return true;
      if (wasChanged(subscription.note, await changeMark(client))) return false;
      await enableSubscription(client, names.stream);
      return true;
    });
  }

  async #build(ends: StreamEnds, signal: AbortSignal): Promise<void> {
    this.#log.phase = "copying";
    try {
      const publish = (client: pg.Client) => publishTables(client, ends.names.stream);
      const { withoutKey } = await withDatabase(ends.live, publish, { signal });
      if (withoutKey.length > 0) {
        this.#log.noticed(
          `These tables have no primary key, so every change of theirs is logged with the whole row from now on: ` +
            `${withoutKey.join(", ")}. Give them one if they are large.`,
        );
      }
      const left = await withDatabase(ends.live, readNotReplicated, { signal });
      if (left.length > 0) {
        this.#log.noticed(
          `Not in a hot copy: ${left.join("; ")}. Where they are needed, replicate with mode warm.`,
        );
      }
      await buildStream(ends, (percent) => Object.assign(this.#log, { percent }), signal);
      this.#known = nothingKnown();
    } finally {
      this.#log.percent = null;
    }
  }

  /** What a takeover needs of the copy. */
  async #makeUsable(): Promise<void> {
    const { names } = this.#parts;
    const place = await this.#parts.standIn();
    const copy: DatabaseRef = { place, database: names.copy };
    const hasCopy = await withDatabase({ place, database: maintenanceDatabase }, (client) =>
      exists(client, names.copy),
    );
    if (!hasCopy) return;
    const follows = await withDatabase(copy, (client) => readSubscription(client, names.stream));
    if (follows === null) return;
    await pauseStream(copy, names.stream);
    await withDatabase(copy, async (client) => {
      await moveSequencesBeyondData(client);
      await noteOnSubscription(client, names.stream, await changeMark(client));
    });
  }

  async #ends(): Promise<StreamEnds> {
    const { names, catalog } = this.#parts;
    const [live, standIn] = await Promise.all([this.#parts.source(), this.#parts.standIn()]);
    return { live: { place: live, database: catalog }, standIn, names };
  }
}
