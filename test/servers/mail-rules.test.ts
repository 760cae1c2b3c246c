import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DiagnosticEvent } from "../../src/diagnostics/event.ts";
import { stormWindowMs } from "../../src/notify/storm.ts";
import type { NewServer } from "../../src/project/servers.ts";
import { freePort } from "../../tools/bench/free-port.ts";
import { Changes } from "../e2e/support/changes.ts";
import { TestMailServer } from "../notify/support.ts";
import { missingForDatabases, TestPostgres } from "./replication/support/postgres.ts";
import { serverSettings } from "./support/played-watch.ts";
import { StandIn, thisMachine } from "./support/stand-in.ts";

const missing = missingForDatabases();
const patience = { timeoutMs: 60_000 };
const flaps = 6;

describe("mail about protected servers that have no notifications of their own", function () {
  this.timeout(180_000);
  let directory = "";
  let mail: TestMailServer;
  let databases: TestPostgres;
  let host: StandIn;
  const live: Live[] = [];
  const events: DiagnosticEvent[] = [];
  const changes = new Changes();

  before(async function () {
    if (missing !== null) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    directory = await mkdtemp(join(tmpdir(), "understudy-mail-rules-"));
    [mail, databases] = await Promise.all([TestMailServer.start(), TestPostgres.start()]);
    for (let count = 0; count < 2; count++) live.push(await Live.start());
    await databases.query("postgres", "CREATE DATABASE orders");
    await databases.query("orders", "CREATE TABLE orders (what text)", "INSERT INTO orders VALUES ('bolts')");
    await writeFile(join(directory, "secret"), databases.place.password ?? "", { mode: 0o600 });
    const { host: name, port, user } = databases.place;
    const at = { host: name, port, user, password: "file:secret" } as const;
    const server = (named: string, { port: probed }: Live, more: Partial<NewServer> = {}): NewServer => ({
      name: named,
      address: "127.0.0.1",
      probes: [{ kind: "tcp", port: probed }],
      pingInterval: 50,
      pingTimeout: 5000,
      // so that it is suspected time and again, and never taken over
      failover: { warnAfter: 2, failAfter: 1000, failAfterStartup: 1000, recoverAfter: 1 },
      ...more,
    });
    const warm = (catalog: string) => ({
      databases: [{ catalog, mode: "warm", source: at, standIn: at } as const],
    });
    const [first, second] = live as [Live, Live];
    host = new StandIn(thisMachine, directory);
    await host.prepare(
      [
        server("plant", first, { replication: warm("orders") }),
        server("fresh", second, { replication: warm("nothing") }),
        server("other", second),
        server("muted", first, { notifications: { enabled: false } }),
      ].map(serverSettings),
      await freePort(),
      {
        enabled: true,
        primarySmtp: { host: "127.0.0.1", port: mail.port, security: "none", user: null, password: null },
        from: "standin@plant.example",
        to: ["night@plant.example"],
        subject: "All of the plant",
        events: ["dailyReplicationFailed", "replicationRolledBack", "serverSuspect", "serverWell"],
      },
    );
    await host.start();
    void follow();
  });
  after(async () => {
    await host?.kill();
    for (const each of live) await each.close();
    await mail?.stop();
    await databases?.stop();
    if (directory !== "") await rm(directory, { recursive: true, force: true });
  });

  async function follow(): Promise<void> {
    try {
      for await (const item of host.client.events({ past: 1000, follow: true })) {
        if (item.kind !== "event") continue;
        events.push(item.event);
        changes.announce();
      }
    } catch {
      // the broker has ended
    }
  }

  const happened = (code: DiagnosticEvent["code"], server: string): number =>
    events.filter((event) => event.code === code && event.pair === server).length;

  function untilHappened(code: DiagnosticEvent["code"], server: string, count = 1): Promise<unknown> {
    const state = (): string => events.map((event) => `${event.code} ${event.pair ?? ""}`).join(", ");
    return changes.until(() => happened(code, server) >= count, `${count} ${code} of ${server}`, {
      ...patience,
      state,
    });
  }

  /** Messages about an event of a server. */
  const messages = (code: DiagnosticEvent["code"], server: string): readonly string[] =>
    mail.received
      .map((text) => text.replaceAll("=\r\n", "").replaceAll("\r\n ", " "))
      .filter((text) => text.includes(`Subject: All of the plant - ${server}: ${code}`));

  async function received(code: DiagnosticEvent["code"], server: string): Promise<string> {
    for (let count = mail.received.length; ; count++) {
      await mail.untilReceived(count);
      const [found] = messages(code, server);
      if (found !== undefined) return found;
    }
  }

  it("tells by the project's that a daily copy failed and was rolled back to the last good one", async () => {
    await untilHappened("replicationRecovered", "plant");
    await databases.query(
      "orders",
      // rows that cannot be restored: the check needs a table that is not there yet
      "CREATE TABLE words (word text)",
      "INSERT INTO words VALUES ('nuts')",
      "CREATE FUNCTION known(text) RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM words WHERE word = $1)'",
      "CREATE TABLE checked (what text CHECK (known(what)))",
      "INSERT INTO checked VALUES ('nuts')",
    );
    const { code, output, complaint } = await host.command("replicate", "from-live", "plant");
    assert.equal(code, 1, output + complaint);

    const failed = await received("dailyReplicationFailed", "plant");
    assert.match(failed, /From: standin@plant\.example/);
    assert.match(failed, /To: night@plant\.example/);
    assert.match(failed, /^Server: +plant\r$/m);
    assert.match(failed, /The daily copy plant_orders of server 'plant' failed/);
    const rolledBack = await received("replicationRolledBack", "plant");
    assert.match(
      rolledBack,
      /plant_orders of server 'plant' was rolled back: the last good copy is in its place/,
    );
    assert.deepEqual(
      await databases.databases(),
      ["orders", "plant_orders"],
      "nothing of the new copy is left",
    );
    const rows = await databases.query<{ what: string }>("plant_orders", "SELECT what FROM orders");
    assert.deepEqual(rows, [{ what: "bolts" }]);
  });

  it("tells of no good copy where there has never been one", async () => {
    await received("dailyReplicationFailed", "fresh");
    // it is reported right behind the failure
    const { code, complaint } = await host.command("replicate", "from-live", "fresh");
    assert.equal(code, 1, complaint);
    assert.equal(happened("replicationRolledBack", "fresh"), 0);
    assert.deepEqual(messages("replicationRolledBack", "fresh"), []);
  });

  it("is held together in a storm, server by server, and what is held goes at the end", async () => {
    const [first, second] = live as [Live, Live];
    const beganMs = performance.now();
    for (const server of ["plant", "other", "muted"]) await untilHappened("serverWell", server);
    for (let count = 1; count <= flaps; count++) {
      const well = happened("serverWell", "plant");
      await first.close();
      await untilHappened("serverSuspect", "plant", count);
      await first.open();
      await untilHappened("serverWell", "plant", well + 1);
    }
    await received("serverSuspect", "plant");
    await second.close();
    await untilHappened("serverSuspect", "other");
    assert.match(await received("serverSuspect", "other"), /other/, "at once, whatever happens to others");
    await untilHappened("serverSuspect", "muted");

    const windows = Math.ceil((performance.now() - beganMs) / stormWindowMs);
    const held = messages("serverSuspect", "plant").length;
    assert.ok(held <= windows, `${held} messages in ${windows} min about ${flaps} events`);

    await host.end();
    const told = messages("serverSuspect", "plant").map((text) =>
      Number(/serverSuspect \((\d+) times\)/.exec(text)?.[1] ?? 1),
    );
    assert.ok(told.length <= windows + 1, `${told.length} messages`);
    assert.equal(
      told.reduce((sum, count) => sum + count, 0),
      happened("serverSuspect", "plant"),
      "each one is counted",
    );
    assert.deepEqual(messages("serverSuspect", "muted"), [], "its own settings say so");
  });
});

/** What the probes look at: it is there or not. */
class Live {
  readonly port: number;
  #server: Server | null;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(): Promise<Live> {
    const server = await listening(0);
    const address = server.address();
    return new Live(server, typeof address === "object" ? (address?.port ?? 0) : 0);
  }

  async open(): Promise<void> {
    this.#server ??= await listening(this.port);
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server) await new Promise<unknown>((resolve) => server.close(resolve));
  }
}

async function listening(port: number): Promise<Server> {
  const server = createServer((socket) => socket.on("error", () => undefined).end());
  server.listen(port, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return server;
}
