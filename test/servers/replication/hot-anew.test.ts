import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../../src/opc/clock.ts";
import { HotReplicator } from "../../../src/servers/replication/database/hot/hot-replicator.ts";
import { copyNames } from "../../../src/servers/replication/database/names.ts";
import { missingForDatabases, TestPostgres } from "./support/postgres.ts";

const missing = missingForDatabases();
const twoHoursMs = 2 * 3_600_000;

describe("a hot copy that is made anew", function () {
  this.timeout(120_000);
  let live: TestPostgres;
  let standIn: TestPostgres;
  let replicator: HotReplicator | null = null;

  before(async function () {
    if (missing !== null) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    [live, standIn] = await Promise.all([TestPostgres.start(), TestPostgres.start()]);
    await live.query("postgres", "CREATE DATABASE orders");
    await live.query("orders", "CREATE TABLE orders (id int PRIMARY KEY)", "INSERT INTO orders VALUES (1)");
  });
  after(async () => {
    await replicator?.stop().catch(() => undefined);
    await Promise.all([live?.stop(), standIn?.stop()]);
  });

  /** Bounded by the test's own time. */
  async function until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds().catch(() => false))) await delay(100);
  }

  const has = async (id: number): Promise<boolean> =>
    (await standIn.query("plant_orders", `SELECT 1 FROM orders WHERE id = ${id}`)).length > 0;

  it("is so at its time of day, and follows on", async () => {
    let laterMs = 0;
    const due = new Date(systemClock.wallMs() + twoHoursMs);
    replicator = new HotReplicator({
      names: copyNames("plant", "orders"),
      catalog: "orders",
      source: async () => live.place,
      standIn: async () => standIn.place,
      dailyAt: `${String(due.getHours()).padStart(2, "0")}:00`,
      clock: { ...systemClock, wallMs: () => systemClock.wallMs() + laterMs },
      report: { complete: () => undefined, failed: () => undefined, noticed: () => undefined },
    });
    replicator.start();
    const databaseId = async (): Promise<number> => {
      const sql = "SELECT oid::int AS oid FROM pg_database WHERE datname = 'plant_orders'";
      return (await standIn.query<{ oid: number }>("postgres", sql))[0]?.oid ?? 0;
    };
    await until(async () => (await has(1)) && replicator?.status().phase === "idle");
    const before = await databaseId();
    laterMs = twoHoursMs;
    await until(async () => ![0, before].includes(await databaseId()));
    await live.query("orders", "INSERT INTO orders VALUES (2)");
    await until(() => has(2));
  });

  it("is so where a new column has values in the rows that are there already", async () => {
    await until(() => has(2));
    await live.query("orders", "ALTER TABLE orders ADD COLUMN amount int NOT NULL DEFAULT 5");
    await until(async () => {
      const sql = "SELECT count(*)::int AS rows FROM orders WHERE amount = 5";
      return (await standIn.query<{ rows: number }>("plant_orders", sql))[0]?.rows === 2;
    });
    const sql = "SELECT column_default AS value FROM information_schema.columns WHERE column_name = 'amount'";
    const [column] = await standIn.query<{ value: string }>("plant_orders", sql);
    assert.equal(column?.value, "5");
  });
});
