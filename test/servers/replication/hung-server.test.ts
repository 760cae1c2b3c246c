import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { systemClock } from "../../../src/opc/clock.ts";
import { HotReplicator } from "../../../src/servers/replication/database/hot/hot-replicator.ts";
import { copyNames } from "../../../src/servers/replication/database/names.ts";
import type { DatabaseParts } from "../../../src/servers/replication/database/warm-replicator.ts";
import { WarmReplicator } from "../../../src/servers/replication/database/warm-replicator.ts";
import { HotCopy, hotCopyName } from "./support/hot-copy.ts";
import { missingForDatabases } from "./support/postgres.ts";

const missing = missingForDatabases();
/** A takeover waits for it: shorter than what a network needs to give a connection up, by far. */
const longestStopMs = 15_000;

async function stopInTime(stop: Promise<void>): Promise<void> {
  const beganMs = performance.now();
  await stop;
  const tookMs = performance.now() - beganMs;
  assert.ok(tookMs < longestStopMs, `${Math.round(tookMs)} ms`);
}

describe("replication from a database server that hangs", function () {
  this.timeout(120_000);
  let copy: HotCopy;

  before(async function () {
    if (missing !== null) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    copy = await HotCopy.start(
      "CREATE TABLE orders (id serial PRIMARY KEY, what text)",
      "INSERT INTO orders (what) VALUES ('bolts')",
    );
  });
  after(() => copy?.stop());

  it("can be stopped: the copy then takes writes, and follows on when the server is back", async () => {
    await copy.follow();
    copy.live.hang();
    await stopInTime(copy.replicator.stop());
    await copy.at("SELECT nextval('orders_id_seq')");
    copy.live.goOn();
    copy.replicator.start();
    await copy.change("INSERT INTO orders (what) VALUES ('nuts')");
    await copy.until(() => copy.has("SELECT 1 FROM orders WHERE what = 'nuts'"));
  });

  it("is said to lag behind, more and more", async () => {
    await copy.until(async () => copy.replicator.status().lagMs === 0);
    copy.live.hang();
    try {
      await copy.until(async () => (copy.replicator.status().lagMs ?? 0) > 3000);
      await copy.toldOf(/DATABASE_UNREACHABLE/);
    } finally {
      copy.live.goOn();
    }
    await copy.until(async () => copy.replicator.status().lagMs === 0);
  });

  for (const kind of ["warm", "hot"] as const) {
    it(`can be stopped while the first ${kind} copy is being made`, async () => {
      const proxy = new HangingProxy(copy.live.place.port);
      const port = await proxy.listen();
      const parts: DatabaseParts = {
        names: copyNames(`${kind}er`, "orders"),
        catalog: "orders",
        source: async () => ({ ...copy.live.place, port }),
        standIn: async () => copy.standIn.place,
        dailyAt: null,
        clock: systemClock,
        report: { complete: () => undefined, failed: () => undefined, noticed: () => undefined },
      };
      const replicator = kind === "warm" ? new WarmReplicator(parts) : new HotReplicator(parts);
      // the first connection is answered, what comes after it never is
      proxy.hangAfter(kind === "warm" ? 1 : 2);
      replicator.start();
      await proxy.hanging;
      await stopInTime(replicator.stop());
      await proxy.close();
      assert.deepEqual(await copy.standIn.databases(), [hotCopyName]);
    });
  }
});

/** Passes bytes on, until it does not any more. */
class HangingProxy {
  readonly hanging: Promise<void>;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: number;
  #answered = 0;
  #limit = Number.POSITIVE_INFINITY;
  #hang: () => void = () => undefined;

  constructor(target: number) {
    this.#target = target;
    this.hanging = new Promise((resolve) => {
      this.#hang = resolve;
    });
    this.#server = createServer((socket) => this.#accept(socket));
  }

  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as { readonly port: number }).port;
  }

  hangAfter(connections: number): void {
    this.#limit = connections;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    this.#answered += 1;
    if (this.#answered > this.#limit) {
      socket.resume();
      this.#hang();
      return;
    }
    const onward = connect(this.#target, "127.0.0.1");
    this.#sockets.add(onward);
    onward.on("error", () => undefined);
    socket.pipe(onward).pipe(socket);
  }
}
