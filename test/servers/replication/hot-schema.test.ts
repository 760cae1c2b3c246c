import assert from "node:assert/strict";
import { withDatabase } from "../../../src/servers/replication/database/connection.ts";
import { readObjects } from "../../../src/servers/replication/database/hot/objects/inventory.ts";
import { HotCopy, hotCopyName } from "./support/hot-copy.ts";
import { missingForDatabases } from "./support/postgres.ts";

const missing = missingForDatabases();

/** Something of every kind that a schema has beside tables and plain columns. */
const ofEveryKind = [
  "CREATE SCHEMA store",
  "CREATE TYPE store.color AS ENUM ('red', 'green')",
  "CREATE DOMAIN store.amount AS int CHECK (VALUE >= 0)",
  "CREATE TYPE store.place AS (shelf int, box text)",
  "CREATE SEQUENCE store.ticket INCREMENT BY 10",
  "CREATE FUNCTION store.twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2'",
  "CREATE PROCEDURE store.nothing() LANGUAGE plpgsql AS 'BEGIN END'",
  "CREATE FUNCTION store.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
  "ALTER TABLE orders ALTER COLUMN what SET DEFAULT 'bolts'",
  "ALTER TABLE orders ALTER COLUMN what SET NOT NULL",
  "ALTER TABLE orders ADD COLUMN weight int",
  "ALTER TABLE orders ADD CONSTRAINT weight_known CHECK (weight > 0)",
  "ALTER TABLE orders ADD COLUMN doubled int GENERATED ALWAYS AS (id * 2) STORED",
  "ALTER TABLE parts ADD CONSTRAINT part_of FOREIGN KEY (order_id) REFERENCES orders (id)",
  "CREATE INDEX orders_what ON orders (what)",
  "CREATE UNIQUE INDEX orders_lower ON orders (lower(what), id) WHERE id > 0",
  "CREATE INDEX sales_at ON sales (at)",
  "CREATE STATISTICS orders_both ON id, what FROM orders",
  "CREATE VIEW recent AS SELECT id, what FROM orders WHERE id > 10",
  "CREATE VIEW latest WITH (security_barrier = true) AS SELECT max(id) AS id FROM recent",
  "CREATE MATERIALIZED VIEW totals AS SELECT what, count(*) AS orders FROM orders GROUP BY what",
  "CREATE RULE no_deletes AS ON DELETE TO parts DO INSTEAD NOTHING",
  "CREATE TRIGGER stamped BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION store.stamp()",
  "ALTER TABLE orders ENABLE ALWAYS TRIGGER stamped",
  "ALTER TABLE parts ENABLE ROW LEVEL SECURITY",
  "CREATE POLICY own_parts ON parts FOR SELECT TO PUBLIC USING (order_id > 0)",
  "GRANT SELECT, INSERT ON orders TO PUBLIC",
  "GRANT UPDATE (what) ON orders TO PUBLIC",
  "REVOKE EXECUTE ON FUNCTION store.twice(int) FROM PUBLIC",
  "CREATE AGGREGATE store.product(int) (SFUNC = int4mul, STYPE = int)",
];

describe("the schema of a hot copy", function () {
  this.timeout(120_000);
  let copy: HotCopy;
  let copyId = 0;

  before(async function () {
    if (missing !== null) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    copy = await HotCopy.start(
      "CREATE TABLE orders (id int PRIMARY KEY, what text)",
      "INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 20) n",
      "CREATE TABLE parts (id serial PRIMARY KEY, order_id int)",
      "CREATE TABLE sales (at date NOT NULL, amount int) PARTITION BY RANGE (at)",
      "CREATE TABLE sales_2025 PARTITION OF sales FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
      "CREATE MATERIALIZED VIEW first_orders AS SELECT * FROM orders WHERE id <= 3",
    );
    await copy.follow();
    copyId = await copy.copyId();
  });
  after(() => copy?.stop());
  afterEach(async function () {
    if (this.currentTest?.state !== "failed") return;
    console.log(
      [...copy.told, JSON.stringify(copy.replicator.status()), ...(await differences())].join("\n"),
    );
  });

  const objects = (where: "live" | "copy") => {
    const [place, database] =
      where === "live" ? [copy.live.place, "orders"] : [copy.standIn.place, hotCopyName];
    return withDatabase({ place, database }, readObjects);
  };

  /** What the two have not in common; the aggregate cannot be made by itself. */
  async function differences(): Promise<string[]> {
    const [live, there] = await Promise.all([objects("live"), objects("copy")]);
    const text = ({ kind, name, make }: (typeof live)[number]): string => `${kind} ${name}\n${make}`;
    const all = [live.map(text), there.map(text)].map((each) => new Set(each));
    return [...(all[0] ?? []), ...(all[1] ?? [])].filter(
      (each) => !(all[0]?.has(each) && all[1]?.has(each)) && !/^other aggregate/.test(each),
    );
  }

  const isSame = (): Promise<void> =>
    copy.until(async () => {
      const found = await differences();
      return found.length === 0;
    });

  const isSameCopy = async (): Promise<void> =>
    assert.equal(await copy.copyId(), copyId, `another copy: ${copy.told.join("\n")}`);

  it("has materialized views with what is in them", async () => {
    await copy.until(async () => (await copy.at("SELECT 1 FROM first_orders")).length === 3);
    await copy.change(
      "UPDATE orders SET what = 'other' WHERE id = 2",
      "REFRESH MATERIALIZED VIEW first_orders",
    );
    await copy.until(() => copy.has("SELECT 1 FROM first_orders WHERE what = 'other'"));
  });

  it("gets whatever the live server's gets, and says so", async () => {
    try {
      await copy.change(...ofEveryKind);
      await isSame();
    } catch (error) {
      throw new Error(`${error}: ${await differences()}; ${copy.told}`);
    }
    await copy.until(() => copy.has("SELECT 1 FROM totals"));
    await copy.toldOf(/sequence store\.ticket added/);
    await isSameCopy();
    await copy.toldOf(/could not be followed everywhere.*aggregate store\.product/);
    await copy.until(async () => copy.replicator.status().detail.includes("store.product"));
  });

  it("follows what is changed", async () => {
    await copy.change(
      "DROP AGGREGATE store.product(int)",
      "ALTER TYPE store.color ADD VALUE 'yellow' BEFORE 'green'",
      "ALTER SEQUENCE store.ticket INCREMENT BY 5",
      "CREATE OR REPLACE FUNCTION store.twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n + n'",
      "ALTER TABLE orders ALTER COLUMN what SET DEFAULT 'nuts'",
      "ALTER TABLE orders DROP CONSTRAINT weight_known, ADD CONSTRAINT weight_known CHECK (weight > 1)",
      "DROP INDEX orders_what",
      "CREATE INDEX orders_what ON orders (what, id)",
      "CREATE OR REPLACE VIEW recent AS SELECT id, what, weight FROM orders WHERE id > 5",
      "DROP MATERIALIZED VIEW totals",
      "CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS orders FROM orders",
      "ALTER TABLE orders DISABLE TRIGGER stamped",
      "GRANT DELETE ON orders TO PUBLIC",
      "REVOKE INSERT ON orders FROM PUBLIC",
      "CREATE TABLE sales_2026 PARTITION OF sales FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
      "INSERT INTO sales VALUES ('2026-02-01', 5)",
      "CREATE TYPE store.size AS ENUM ('small', 'large')",
      "CREATE TABLE boxes (id serial PRIMARY KEY, size store.size)",
      "INSERT INTO boxes (size) VALUES ('large')",
    );
    await copy.until(() => copy.has("SELECT 1 FROM sales_2026 WHERE amount = 5"));
    await copy.until(() => copy.has("SELECT 1 FROM boxes WHERE size = 'large'"));
    await isSame();
    await isSameCopy();
  });

  it("follows what goes to and fro", async () => {
    for (const what of ["bolts", "nuts", "bolts"]) {
      await copy.change(`ALTER TABLE orders ALTER COLUMN what SET DEFAULT '${what}'`);
      await isSame();
    }
  });

  it("loses what the live server's loses", async () => {
    await copy.change(
      "DROP VIEW latest, recent",
      "DROP MATERIALIZED VIEW totals",
      "DROP TRIGGER stamped ON orders",
      "DROP FUNCTION store.stamp()",
      "ALTER TABLE parts DROP CONSTRAINT part_of",
      "DROP POLICY own_parts ON parts",
      "ALTER TABLE parts DISABLE ROW LEVEL SECURITY",
      "ALTER TABLE orders DROP COLUMN weight",
      "DROP INDEX orders_what, sales_at",
      "ALTER TABLE orders ALTER COLUMN what DROP DEFAULT",
      "REVOKE ALL ON orders FROM PUBLIC",
      "DROP TABLE boxes",
    );
    await isSame();
    await copy.until(async () => !(await copy.has("SELECT 1 FROM pg_tables WHERE tablename = 'boxes'")));
    await isSameCopy();
  });

  it("lets go at once what refuses rows that the live server takes", async () => {
    await copy.change("CREATE UNIQUE INDEX one_of_each ON orders (what)");
    await copy.until(() => copy.has("SELECT 1 FROM pg_indexes WHERE indexname = 'one_of_each'"));
    await copy.change("DROP INDEX one_of_each", "INSERT INTO orders VALUES (100, 'same'), (101, 'same')");
    await copy.until(() => copy.has("SELECT 1 FROM orders WHERE id = 101"));
    await isSameCopy();
  });

  it("lets the live server write on where a table has lost its primary key", async () => {
    await copy.change("ALTER TABLE orders DROP CONSTRAINT orders_pkey");
    await copy.toldOf(/public\.orders has lost its primary key/);
    await copy.change("UPDATE orders SET what = 'changed without a key' WHERE id = 1");
    await copy.until(() => copy.has("SELECT 1 FROM orders WHERE what = 'changed without a key'"));
    await isSameCopy();
  });

  it("keeps what somebody has made in the copy, and says that it is there", async () => {
    await copy.standIn.query(
      hotCopyName,
      "CREATE INDEX for_reports ON orders (id, what)",
      "CREATE TABLE notes (line text)",
    );
    await copy.toldOf(/index public\.for_reports: only the copy has it/);
    await copy.toldOf(/only the copy has table public\.notes/);
    assert.ok(await copy.has("SELECT 1 FROM pg_indexes WHERE indexname = 'for_reports'"));
  });

  it("is made anew where values themselves are called otherwise", async () => {
    await copy.change("ALTER TYPE store.color RENAME VALUE 'red' TO 'crimson'");
    await copy.toldOf(/DATABASE_STREAM_LOST.*red/s);
    await copy.until(async () => ![0, copyId].includes(await copy.copyId()));
    await isSame();
  });
});
