import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ServerStatus } from "../../src/control/servers-api.ts";
import type { NewServer } from "../../src/project/servers.ts";
import { freePort } from "../../tools/bench/free-port.ts";
import { missingForDatabases, TestPostgres } from "./replication/support/postgres.ts";
import { serverSettings } from "./support/played-watch.ts";
import { StandIn, thisMachine } from "./support/stand-in.ts";

const missing = missingForDatabases();
/** The copies' databases at the stand-in: `<server>_<catalog>`. */
const [hotCopy, warmCopy] = ["plant_orders", "plant_archive"];

describe("understudy run with a server whose databases are replicated", function () {
  this.timeout(180_000);
  let directory = "";
  let live: TestPostgres;
  let standIn: TestPostgres;
  let host: StandIn;

  before(async function () {
    if (missing !== null) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    directory = await mkdtemp(join(tmpdir(), "understudy-databases-"));
    [live, standIn] = await Promise.all([TestPostgres.start(), TestPostgres.start()]);
    await live.query("postgres", "CREATE DATABASE orders", "CREATE DATABASE archive");
    await live.query("orders", "CREATE TABLE orders (id serial PRIMARY KEY, what text)");
    await live.query(
      "archive",
      "CREATE TABLE years (year int PRIMARY KEY)",
      "INSERT INTO years VALUES (2024)",
    );
    await writeFile(join(directory, "secret"), live.place.password ?? "", { mode: 0o600 });
    const at = ({ place: { host: name, port, user } }: TestPostgres) =>
      ({ host: name, port, user, password: "file:secret" }) as const;
    const server: NewServer = {
      name: "plant",
      address: "127.0.0.1",
      probes: [{ kind: "tcp", port: live.place.port }],
      pingInterval: 200,
      pingTimeout: 5000,
      failover: { warnAfter: 2, failAfter: 3, failAfterStartup: 100, recoverAfter: 1 },
      replication: {
        databases: [
          { catalog: "orders", mode: "hot", source: at(live), standIn: at(standIn) },
          { catalog: "archive", mode: "warm", source: at(live), standIn: at(standIn) },
        ],
      },
    };
    host = new StandIn(thisMachine, directory);
    await host.prepare([serverSettings(server)], await freePort());
    await host.start();
  });
  after(async () => {
    await host?.kill();
    await Promise.all([live?.stop(), standIn?.stop()]);
    if (directory !== "") await rm(directory, { recursive: true, force: true });
  });

  async function status(): Promise<ServerStatus> {
    const [found] = await host.client.serverStatus();
    assert.ok(found);
    return found;
  }

  /** Bounded by the test's own time. */
  async function until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds().catch(() => false))) await delay(100);
  }

  const has = (at: TestPostgres, database: string, table: string, where: string): Promise<boolean> =>
    at.query(database, `SELECT 1 FROM ${table} WHERE ${where}`).then((rows) => rows.length > 0);

  async function succeeds(...args: readonly string[]): Promise<string> {
    const { code, output, complaint } = await host.command(...args);
    assert.equal(code, 0, `${args.join(" ")}: ${output}${complaint}${host.log}`);
    return output;
  }

  it("has copies of both, and the hot one follows every commit", async () => {
    await until(async () => (await status()).copies.every(({ completeUntil }) => completeUntil !== null));
    await live.query("orders", "INSERT INTO orders (what) VALUES ('bolts')");
    await until(() => has(standIn, hotCopy, "orders", "what = 'bolts'"));
    assert.ok(await has(standIn, warmCopy, "years", "year = 2024"));
    const shown = JSON.parse(await succeeds("server", "status", "--json")) as readonly ServerStatus[];
    assert.deepEqual(
      shown[0]?.copies.map(({ kind, name }) => [kind, name]),
      [
        ["database", hotCopy],
        ["database", warmCopy],
      ],
    );
    assert.match(await succeeds("server", "status", "plant"), /plant_orders/);
  });

  it("copies the warm one again when it is asked to, and swaps the new copy in", async () => {
    await live.query("archive", "INSERT INTO years VALUES (2025)");
    assert.equal(await has(standIn, warmCopy, "years", "year = 2025"), false);
    assert.match(await succeeds("replicate", "from-live", "plant"), /done/);
    assert.ok(await has(standIn, warmCopy, "years", "year = 2025"));
    assert.deepEqual(await standIn.databases(), [warmCopy, hotCopy]);
  });

  it("stands in with databases that take writes when the live server dies", async () => {
    await until(async () => (await status()).condition === "ok");
    await live.query("orders", "INSERT INTO orders (what) VALUES ('nuts')");
    await until(() => has(standIn, hotCopy, "orders", "what = 'nuts'"));
    await live.kill();
    await host.event("takeoverDone", "plant");
    assert.equal((await status()).role, "standIn");
    await standIn.query(hotCopy, "INSERT INTO orders (what) VALUES ('made by the stand-in')");
    await standIn.query(warmCopy, "INSERT INTO years VALUES (2026)");
    const ids = await standIn.query<{ id: number }>(hotCopy, "SELECT id FROM orders ORDER BY id");
    assert.equal(new Set(ids.map(({ id }) => id)).size, ids.length, "the sequence goes on behind the data");
  });

  it("says why nothing can be copied from a live server whose role it plays", async () => {
    const refused = await host.command("replicate", "from-live", "plant");
    assert.equal(refused.code, 1);
    assert.match(refused.complaint + refused.output, /SERVER_STANDING_IN|stands in/);
  });

  it("brings back what was written meanwhile, gives the role back, and follows again", async () => {
    await live.up();
    assert.match(await succeeds("failback", "plant", "--reason", "repaired"), /failback done/);
    await host.event("serverReset", "plant");
    assert.ok(await has(live, "orders", "orders", "what = 'made by the stand-in'"));
    assert.ok(await has(live, "archive", "years", "year = 2026"));
    await until(async () => (await status()).condition === "ok");
    await live.query("orders", "INSERT INTO orders (what) VALUES ('after the failback')");
    await until(() => has(standIn, hotCopy, "orders", "what = 'after the failback'"));
  });
});
