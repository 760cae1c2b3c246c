import assert from "node:assert/strict";
import { systemClock } from "../../../src/opc/clock.ts";
import { HotCopy, hotCopyName } from "./support/hot-copy.ts";
import { missingForDatabases } from "./support/postgres.ts";

const missing = missingForDatabases();
const twoHoursMs = 2 * 3_600_000;

describe("a hot copy that is made anew", function () {
  this.timeout(120_000);
  let copy: HotCopy;

  before(async function () {
    if (missing !== null) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    copy = await HotCopy.start(
      "CREATE TABLE orders (id int PRIMARY KEY)",
      "INSERT INTO orders VALUES (1)",
      "CREATE TABLE parts (id int PRIMARY KEY)",
      "INSERT INTO parts VALUES (7)",
      "CREATE UNLOGGED TABLE passing (id int)",
      "SELECT lo_from_bytea(0, 'x')",
    );
  });
  after(() => copy?.stop());

  const has = (id: number): Promise<boolean> => copy.has(`SELECT 1 FROM orders WHERE id = ${id}`);

  it("is so at its time of day, and follows on", async () => {
    const due = new Date(systemClock.wallMs() + twoHoursMs);
    await copy.follow({ dailyAt: `${String(due.getHours()).padStart(2, "0")}:00` });
    assert.ok(await has(1));
    await copy.toldOf(/Not in a hot copy: .*unlogged tables \(public\.passing\); 1 large object/);
    const before = await copy.copyId();
    copy.laterMs = twoHoursMs;
    await copy.until(async () => ![0, before].includes(await copy.copyId()));
    await copy.change("INSERT INTO orders VALUES (2)");
    await copy.until(() => has(2));
  });

  it("is so where a new column has values in the rows that are there already", async () => {
    await copy.until(() => has(2));
    await copy.change("ALTER TABLE orders ADD COLUMN amount int NOT NULL DEFAULT 5");
    await copy.until(async () => {
      const sql = "SELECT count(*)::int AS rows FROM orders WHERE amount = 5";
      return (await copy.at<{ rows: number }>(sql))[0]?.rows === 2;
    });
    const sql = "SELECT column_default AS value FROM information_schema.columns WHERE column_name = 'amount'";
    assert.equal((await copy.at<{ value: string }>(sql))[0]?.value, "5");
  });

  it("is so where the default that gave these values is gone again", async () => {
    await copy.until(async () => copy.replicator.status().phase === "idle");
    await copy.change(
      "ALTER TABLE orders ADD COLUMN ticket int DEFAULT (random() * 1000)::int; ALTER TABLE orders ALTER COLUMN ticket DROP DEFAULT",
    );
    await copy.until(
      async () => (await copy.at("SELECT 1 FROM orders WHERE ticket IS NOT NULL")).length === 2,
    );
  });

  it("is not where a break has left a table that is not followed yet", async () => {
    await copy.until(async () => copy.replicator.status().phase === "idle");
    const before = await copy.copyId();
    await copy.replicator.stop();
    const table = "CREATE TABLE late (id int PRIMARY KEY)";
    await copy.change(table, "INSERT INTO late VALUES (1)");
    await copy.standIn.query(hotCopyName, table);
    copy.replicator.start();
    await copy.until(() => copy.has("SELECT 1 FROM late"));
    assert.equal(await copy.copyId(), before);
  });

  it("is not where tables go or get other names", async () => {
    await copy.until(async () => copy.replicator.status().phase === "idle");
    const before = await copy.copyId();
    await copy.change(
      "ALTER TABLE parts RENAME TO spares",
      "INSERT INTO spares VALUES (8)",
      "CREATE TABLE scratch (id int PRIMARY KEY)",
      "INSERT INTO scratch VALUES (1)",
      "DROP TABLE scratch",
      "INSERT INTO orders VALUES (3, 1, 1)",
    );
    await copy.until(async () => (await copy.at("SELECT 1 FROM spares")).length === 2);
    await copy.until(() => has(3));
    assert.equal(await copy.has("SELECT 1 FROM pg_tables WHERE tablename = 'parts'"), false);
    assert.equal(await copy.copyId(), before);
  });
});
