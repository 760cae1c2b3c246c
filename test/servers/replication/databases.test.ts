import assert from "node:assert/strict";
import type { UnderstudyError } from "../../../src/core/error.ts";
import { systemClock } from "../../../src/opc/clock.ts";
import { HotReplicator } from "../../../src/servers/replication/database/hot/hot-replicator.ts";
import { copyNames } from "../../../src/servers/replication/database/names.ts";
import type { DatabasePlace } from "../../../src/servers/replication/database/place.ts";
import { copyDatabase } from "../../../src/servers/replication/database/warm-copy.ts";
import {
  type DatabaseParts,
  WarmReplicator,
} from "../../../src/servers/replication/database/warm-replicator.ts";
import type { Replicator } from "../../../src/servers/seams.ts";
import { missingForDatabases, TestPostgres } from "./support/postgres.ts";

const missing = missingForDatabases();
const names = copyNames("PLANT", "Orders");

describe("database replication", function () {
  this.timeout(120_000);
  let live: TestPostgres;
  let standIn: TestPostgres;
  let told: string[];
  let running: Replicator[];

  before(async function () {
    if (missing !== null) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    [live, standIn] = await Promise.all([TestPostgres.start(), TestPostgres.start()]);
  });
  after(async () => {
    await Promise.all([live?.stop(), standIn?.stop()]);
  });
  beforeEach(async () => {
    told = [];
    running = [];
    await live.query("postgres", 'DROP DATABASE IF EXISTS "Orders" WITH (FORCE)', 'CREATE DATABASE "Orders"');
    await live.query(
      "Orders",
      "CREATE TABLE orders (id serial PRIMARY KEY, what text NOT NULL)",
      "INSERT INTO orders (what) SELECT 'order ' || n FROM generate_series(1, 1000) n",
      "CREATE TABLE log (at timestamptz, line text)",
      "INSERT INTO log VALUES (now(), 'begin')",
    );
  });
  afterEach(async () => {
    await Promise.all(running.map((each) => each.stop().catch(() => undefined)));
    for (const database of await standIn.databases()) {
      await standIn.query(database, ...(await endSubscriptions(database)));
      await standIn.query("postgres", `DROP DATABASE "${database}" WITH (FORCE)`);
    }
    await live.query(
      "postgres",
      "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active_pid IS NOT NULL",
    );
  });

  async function endSubscriptions(database: string): Promise<string[]> {
    const subscriptions = await standIn.query<{ subname: string }>(
      database,
      "SELECT subname FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    return subscriptions.flatMap(({ subname }) => [
      `ALTER SUBSCRIPTION ${subname} DISABLE`,
      `ALTER SUBSCRIPTION ${subname} SET (slot_name = NONE)`,
      `DROP SUBSCRIPTION ${subname}`,
    ]);
  }

  function parts(dailyAt: string | null = null): DatabaseParts {
    return {
      names,
      catalog: "Orders",
      source: async () => live.place,
      standIn: async () => standIn.place,
      dailyAt,
      clock: systemClock,
      report: {
        complete: (detail) => told.push(`complete: ${detail}`),
        failed: (error, rolledBack) => told.push(`${error.code}${rolledBack ? " rolled back" : ""}`),
        noticed: (detail) => told.push(detail),
      },
    };
  }

  function start<R extends Replicator>(replicator: R): R {
    running.push(replicator);
    replicator.start();
    return replicator;
  }

  async function until<T>(ask: () => Promise<T | false | null>, what: string): Promise<T> {
    const deadlineMs = performance.now() + 60_000;
    for (;;) {
      const answer = await ask().catch(() => null);
      if (answer !== null && answer !== false) return answer;
      const status = JSON.stringify(running.map((each) => each.status()));
      assert.ok(performance.now() < deadlineMs, `${what}; told: ${told.join(" | ")}; ${status}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function count(server: TestPostgres, database: string, table: string): Promise<number> {
    const [row] = await server.query<{ n: string }>(database, `SELECT count(*) AS n FROM ${table}`);
    return Number(row?.n);
  }

  function copied(table: string, rows: number): Promise<boolean> {
    return until(async () => (await count(standIn, names.copy, table)) === rows, `${rows} rows of ${table}`);
  }

  function copy(place: DatabasePlace = live.place, signal = new AbortController().signal): Promise<void> {
    const options = { onProgress: () => undefined, signal };
    return copyDatabase({ place, database: "Orders" }, standIn.place, names, options);
  }

  describe("warm", () => {
    it("makes a whole copy at the first start and tells its progress", async () => {
      start(new WarmReplicator(parts()));
      await copied("orders", 1000);
      await until(async () => told.length > 0, "the report");
      assert.match(told[0] ?? "", /^complete: Orders copied to PLANT_Orders/);
      assert.deepEqual(await standIn.databases(), ["PLANT_Orders"]);
    });

    it("replaces the copy by a new one while somebody is connected to it", async () => {
      await copy();
      await live.query("Orders", "INSERT INTO orders (what) VALUES ('one more')");
      const reader = standIn.query(names.copy, "SELECT pg_sleep(60)").catch((error: Error) => error.message);
      await copy();
      assert.match(String(await reader), /terminat|Connection/);
      assert.equal(await count(standIn, names.copy, "orders"), 1001);
    });

    it("keeps the last good copy where a new one fails, and says that it was rolled back", async () => {
      await copy();
      await live.query(
        "Orders",
        "CREATE ROLE nobody_there NOLOGIN",
        "GRANT SELECT ON orders TO nobody_there",
      );
      try {
        const replicator = new WarmReplicator(parts());
        const failing = replicator.runOnce("fromLive", () => undefined, new AbortController().signal);
        await assert.rejects(failing, { code: "DATABASE_ROLES_MISSING" });
        assert.deepEqual(told, ["DATABASE_ROLES_MISSING rolled back"]);
      } finally {
        await live.query("Orders", "DROP OWNED BY nobody_there", "DROP ROLE nobody_there");
      }
      assert.equal(await count(standIn, names.copy, "orders"), 1000);
      assert.deepEqual(await standIn.databases(), ["PLANT_Orders"]);
    });

    it("keeps the last good copy where a new one is cancelled", async () => {
      await copy();
      const cancel = new AbortController();
      const pouring = copyDatabase({ place: live.place, database: "Orders" }, standIn.place, names, {
        onProgress: () => cancel.abort(),
        signal: cancel.signal,
      });
      await assert.rejects(pouring, { code: "CANCELLED" });
      assert.deepEqual(await standIn.databases(), ["PLANT_Orders"]);
      assert.equal(await count(standIn, names.copy, "orders"), 1000);
    });

    it("copies back to the live server in the place of what is there", async () => {
      await copy();
      await standIn.query(names.copy, "INSERT INTO orders (what) VALUES ('made at the stand-in')");
      const replicator = new WarmReplicator(parts());
      await replicator.runOnce("toLive", () => undefined, new AbortController().signal);
      assert.equal(await count(live, "Orders", "orders"), 1001);
      assert.deepEqual(await live.databases(), ["Orders"]);
    });

    it("says what stands in the way", async () => {
      const codeOf = (changes: Partial<DatabasePlace>) =>
        copy({ ...live.place, ...changes }).then(
          () => "none",
          (error: UnderstudyError) => error.code,
        );
      assert.equal(await codeOf({ password: "wrong" }), "DATABASE_LOGIN_REFUSED");
      assert.equal(await codeOf({ port: 1 }), "DATABASE_UNREACHABLE");
      const other = { place: live.place, database: "Missing" };
      const options = { onProgress: () => undefined, signal: new AbortController().signal };
      await assert.rejects(copyDatabase(other, standIn.place, names, options), { code: "DATABASE_UNKNOWN" });
    });
  });

  describe("hot", () => {
    async function following(): Promise<HotReplicator> {
      const replicator = start(new HotReplicator(parts()));
      await until(async () => told.some((each) => each.startsWith("complete")), "the first copy");
      return replicator;
    }

    it("follows the live database: rows, updates without a primary key, sequences", async () => {
      const replicator = await following();
      assert.ok(
        told.some((each) => each.includes("public.log")),
        told.join(" | "),
      );
      await live.query(
        "Orders",
        "INSERT INTO orders (what) SELECT 'late ' || n FROM generate_series(1, 10) n",
        "UPDATE log SET line = 'changed'",
      );
      await copied("orders", 1010);
      await until(async () => {
        const [row] = await standIn.query<{ line: string }>(names.copy, "SELECT line FROM log");
        return row?.line === "changed";
      }, "the update");
      await until(async () => replicator.status().lagMs === 0, "no lag");
      await replicator.stop();
      // what a takeover does: write to the copy
      const [row] = await standIn.query<{ id: number }>(
        names.copy,
        "INSERT INTO orders (what) VALUES ('after takeover') RETURNING id",
      );
      assert.equal(row?.id, 1011);
    });

    it("takes new tables and columns in, and says so", async () => {
      await following();
      await live.query(
        "Orders",
        "CREATE TABLE parts (id serial PRIMARY KEY, name text)",
        "INSERT INTO parts (name) VALUES ('a'), ('b')",
        "ALTER TABLE orders ADD COLUMN note text",
        "INSERT INTO orders (what, note) VALUES ('with a note', 'x')",
      );
      await copied("orders", 1001);
      await copied("parts", 2);
      const [row] = await standIn.query<{ note: string }>(
        names.copy,
        "SELECT note FROM orders WHERE note IS NOT NULL",
      );
      assert.equal(row?.note, "x");
      assert.ok(
        told.some((each) => /table public\.parts added/.test(each)),
        told.join(" | "),
      );
      assert.ok(
        told.some((each) => /column public\.orders\.note added/.test(each)),
        told.join(" | "),
      );
    });

    it("makes a new copy where the schema has changed beyond that", async () => {
      await following();
      await live.query(
        "Orders",
        "ALTER TABLE orders ALTER COLUMN what TYPE varchar(100)",
        "INSERT INTO orders (what) VALUES ('after')",
      );
      await until(async () => told.includes("DATABASE_STREAM_LOST"), "the report");
      await until(async () => {
        const [row] = await standIn.query<{ type: string }>(
          names.copy,
          "SELECT data_type AS type FROM information_schema.columns WHERE table_name = 'orders' AND column_name = 'what'",
        );
        return row?.type === "character varying";
      }, "the new type");
      await copied("orders", 1001);
    });

    it("goes on where it was after a pause, and starts anew where the copy was written to meanwhile", async () => {
      const replicator = await following();
      await replicator.stop();
      await live.query("Orders", "INSERT INTO orders (what) VALUES ('during the pause')");
      const [before] = await standIn.query<{ oid: string }>(
        "postgres",
        "SELECT oid FROM pg_database WHERE datname = 'PLANT_Orders'",
      );
      replicator.start();
      await copied("orders", 1001);
      const [after] = await standIn.query<{ oid: string }>(
        "postgres",
        "SELECT oid FROM pg_database WHERE datname = 'PLANT_Orders'",
      );
      assert.equal(after?.oid, before?.oid);

      await replicator.stop();
      await standIn.query(names.copy, "DELETE FROM orders WHERE id > 10");
      await standIn.query(names.copy, "SELECT pg_stat_force_next_flush()");
      replicator.start();
      await copied("orders", 1001);
    });

    it("copies back to the live server, then follows it anew", async () => {
      const replicator = await following();
      await replicator.stop();
      await standIn.query(names.copy, "INSERT INTO orders (what) VALUES ('made at the stand-in')");
      await replicator.runOnce("toLive", () => undefined, new AbortController().signal);
      assert.equal(await count(live, "Orders", "orders"), 1001);
      replicator.start();
      await until(async () => replicator.status().lagMs === 0, "following again");
      await live.query("Orders", "INSERT INTO orders (what) VALUES ('later')");
      await copied("orders", 1002);
    });

    it("loses nothing that it said was there when the live server is killed, and goes on when it is back", async () => {
      const replicator = await following();
      const committed: { readonly id: number; readonly atMs: number }[] = [];
      let isAlive = true;
      const writing = (async () => {
        while (isAlive) {
          const rows = await live
            .query<{ id: number }>("Orders", "INSERT INTO orders (what) VALUES ('x') RETURNING id")
            .catch(() => []);
          for (const { id } of rows) committed.push({ id, atMs: Date.now() });
        }
      })();
      const startedMs = Date.now();
      await until(async () => {
        const { completeUntilMs } = replicator.status();
        return committed.length > 50 && (completeUntilMs ?? 0) > startedMs + 2000;
      }, "some commits");
      await live.kill();
      isAlive = false;
      await writing;
      const saidMs = replicator.status().completeUntilMs ?? 0;
      await replicator.stop();
      const rows = await standIn.query<{ id: number }>(names.copy, "SELECT id FROM orders WHERE what = 'x'");
      const there = new Set(rows.map(({ id }) => id));
      const lost = committed.filter(({ id, atMs }) => atMs < saidMs && !there.has(id));
      assert.deepEqual(lost, []);
      await live.up();
      replicator.start();
      await until(async () => {
        const [a, b] = await Promise.all([
          count(live, "Orders", "orders"),
          count(standIn, names.copy, "orders"),
        ]);
        return a === b;
      }, "equal again");
    });

    it("makes and keeps the copy also where commits at the live server wait for it, and loses none of them", async () => {
      await live.query(
        "postgres",
        `ALTER SYSTEM SET synchronous_standby_names = '${names.stream}'`,
        "SELECT pg_reload_conf()",
      );
      try {
        const replicator = await following();
        const flushing = "SELECT 1 FROM pg_subscription WHERE subsynccommit = 'local'";
        await until(async () => (await standIn.query(names.copy, flushing)).length === 1, "quick answers");
        const committed: number[] = [];
        for (let n = 0; n < 20; n += 1) {
          const [row] = await live.query<{ id: number }>(
            "Orders",
            "INSERT INTO orders (what) VALUES ('waited for') RETURNING id",
          );
          committed.push(row?.id ?? 0);
        }
        await live.kill();
        await replicator.stop();
        const rows = await standIn.query<{ id: number }>(
          names.copy,
          "SELECT id FROM orders WHERE what = 'waited for'",
        );
        const there = new Set(rows.map(({ id }) => id));
        assert.deepEqual(
          committed.filter((id) => !there.has(id)),
          [],
        );
        await live.up();
      } finally {
        await live.query(
          "postgres",
          "SET synchronous_commit = local",
          "ALTER SYSTEM RESET synchronous_standby_names",
          "SELECT pg_reload_conf()",
        );
      }
    });

    it("says that the live server must log what replication needs", async () => {
      const plain = await TestPostgres.start(["wal_level=replica"]);
      try {
        await plain.query("postgres", 'CREATE DATABASE "Orders"');
        start(new HotReplicator({ ...parts(), source: async () => plain.place }));
        await until(async () => told.includes("DATABASE_WAL_LEVEL"), "the refusal");
      } finally {
        await plain.stop();
      }
    });
  });
});
