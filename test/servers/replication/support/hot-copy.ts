import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { systemClock } from "../../../../src/opc/clock.ts";
import { HotReplicator } from "../../../../src/servers/replication/database/hot/hot-replicator.ts";
import { copyNames } from "../../../../src/servers/replication/database/names.ts";
import type { DatabaseParts } from "../../../../src/servers/replication/database/warm-replicator.ts";
import { TestPostgres } from "./postgres.ts";

/** Less than the time of a test, so that nothing goes on waiting after it. */
const longestWaitMs = 100_000;

export const hotCopyName = "plant_orders";

/** A live database `orders`, and a server that keeps a hot copy of it. */
export class HotCopy {
  readonly live: TestPostgres;
  readonly standIn: TestPostgres;
  /** What was reported, in order. */
  readonly told: string[] = [];
  /** How much later than it is the replicator believes it is, in ms. */
  laterMs = 0;
  #replicator: HotReplicator | null = null;

  private constructor(live: TestPostgres, standIn: TestPostgres) {
    this.live = live;
    this.standIn = standIn;
  }

  static async start(...statements: string[]): Promise<HotCopy> {
    const [live, standIn] = await Promise.all([TestPostgres.start(), TestPostgres.start()]);
    await live.query("postgres", "CREATE DATABASE orders");
    await live.query("orders", ...statements);
    return new HotCopy(live, standIn);
  }

  get replicator(): HotReplicator {
    if (this.#replicator === null) throw new Error("not followed yet");
    return this.#replicator;
  }

  /** Begins to follow; resolves when the copy is complete. */
  async follow(parts: Partial<DatabaseParts> = {}): Promise<void> {
    const tell = (detail: string): void => void this.told.push(detail);
    this.#replicator = new HotReplicator({
      names: copyNames("plant", "orders"),
      catalog: "orders",
      source: async () => this.live.place,
      standIn: async () => this.standIn.place,
      dailyAt: null,
      clock: { ...systemClock, wallMs: () => systemClock.wallMs() + this.laterMs },
      report: { complete: tell, noticed: tell, failed: ({ code, message }) => tell(`${code} ${message}`) },
      ...parts,
    });
    this.#replicator.start();
    await this.until(async () => this.#replicator?.status().phase === "idle");
  }

  async stop(): Promise<void> {
    await this.#replicator?.stop().catch(() => undefined);
    await Promise.all([this.live.stop(), this.standIn.stop()]);
  }

  /** At the live database. */
  change(...statements: string[]): Promise<unknown> {
    return this.live.query("orders", ...statements);
  }

  at<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
    return this.standIn.query<Row>(hotCopyName, sql);
  }

  /** Whether the copy answers with any row. */
  async has(sql: string): Promise<boolean> {
    return (await this.at(sql)).length > 0;
  }

  /** Number of the copy's database: another one after every whole copy. */
  async copyId(): Promise<number> {
    const sql = `SELECT oid::int AS oid FROM pg_database WHERE datname = '${hotCopyName}'`;
    return (await this.standIn.query<{ oid: number }>("postgres", sql))[0]?.oid ?? 0;
  }

  /** Rejects in time to say what there was instead. */
  async until(holds: () => Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + longestWaitMs;
    while (!(await holds().catch(() => false))) {
      if (performance.now() > deadlineMs) {
        throw new Error(
          `not so; told: ${this.told.join(" | ")}; ${JSON.stringify(this.replicator.status())}`,
        );
      }
      await delay(100);
    }
  }

  toldOf(pattern: RegExp): Promise<void> {
    return this.until(async () => this.told.some((each) => pattern.test(each)));
  }
}
