import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ServerStatus } from "../../src/control/servers-api.ts";
import type { NewServer } from "../../src/project/servers.ts";
import { serverSettings } from "./support/played-watch.ts";
import { StandIn, thisMachine } from "./support/stand-in.ts";

const hasRsync = spawnSync("rsync", ["--version"]).status === 0;

async function listen(port: number): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end();
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** A port below those that the system gives to outgoing connections: it stays free between two uses. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 30_000);
    const server = await listen(port).catch(() => null);
    if (server === null) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

describe("understudy run with a server whose files are replicated", function () {
  this.timeout(180_000);
  let directory = "";
  let host: StandIn;
  let live: Server;
  let port = 0;

  const text = (...path: readonly string[]): Promise<string | null> =>
    readFile(join(directory, ...path), "utf8").catch(() => null);
  const status = async (): Promise<ServerStatus> => {
    const [found] = await host.client.serverStatus();
    assert.ok(found);
    return found;
  };
  /** Bounded by the test's own time. */
  async function until(_what: string, holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) await delay(50);
  }
  const succeeds = async (...args: readonly string[]): Promise<string> => {
    const { code, output, complaint } = await host.command(...args);
    assert.equal(code, 0, `${args.join(" ")}: ${output}${complaint}${host.log}`);
    return output;
  };

  before(async function () {
    if (!hasRsync) {
      process.stderr.write("skipped: replicated files (rsync is not installed)\n");
      this.skip();
    }
    directory = await mkdtemp(join(tmpdir(), "understudy-server-"));
    await mkdir(join(directory, "live"));
    await writeFile(join(directory, "live", "first"), "1");
    port = await freePort();
    live = await listen(port);
    const brokerPort = await freePort();
    const server: NewServer = {
      name: "files",
      address: "127.0.0.1",
      probes: [{ kind: "tcp", port }],
      pingInterval: 200,
      pingTimeout: 5000,
      failover: { warnAfter: 2, failAfter: 3, failAfterStartup: 100, recoverAfter: 1 },
      replication: {
        files: [
          { source: join(directory, "live"), destination: join(directory, "copy"), rescanInterval: 300 },
        ],
      },
    };
    await mkdir(join(directory, "copy"));
    host = new StandIn(thisMachine, directory);
    await host.prepare([serverSettings(server)], brokerPort);
    await host.start();
  });

  after(async () => {
    await host?.kill();
    live?.close();
    if (directory !== "") await rm(directory, { recursive: true, force: true });
  });

  it("copies what changes", async () => {
    await until("the first file is copied", async () => (await text("copy", "first")) === "1");
    await writeFile(join(directory, "live", "second"), "2");
    await until("the second file is copied", async () => (await text("copy", "second")) === "2");
    await until("it is well", async () => (await status()).condition === "ok");
    const shown = JSON.parse(await succeeds("server", "status", "--json")) as readonly ServerStatus[];
    assert.deepEqual([shown[0]?.name, shown[0]?.copies[0]?.kind], ["files", "files"]);
    assert.match(await succeeds("server", "status"), /files +127\.0\.0\.1 +ok +live server/);
  });

  it("stands still for maintenance, over a restart too, and catches up afterwards", async () => {
    await succeeds("server", "suspend", "files", "--reason", "patches");
    live.close();
    await once(live, "close");
    await writeFile(join(directory, "live", "third"), "3");
    await host.kill();
    await host.start();
    await host.event("serverWatched", "files");
    assert.equal((await status()).condition, "suspended");
    assert.deepEqual([(await status()).copies[0]?.phase, (await status()).role], ["off", "live"]);
    live = await listen(port);
    const resumedMs = Date.now();
    await succeeds("server", "resume", "files");
    await until("the third file is copied", async () => (await text("copy", "third")) === "3");
    // Starting the command alone takes longer than the copies would have.
    assert.ok(
      (await stat(join(directory, "copy", "third"))).ctimeMs >= resumedMs,
      "it was not copied before",
    );
  });

  it("copies everything on demand, with progress, and says how it ended", async () => {
    const output = await succeeds("replicate", "from-live", "files", "--json");
    const lines = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { work?: { outcome: string | null; percent: number } });
    assert.deepEqual([lines.at(-1)?.work?.outcome, lines.at(-1)?.work?.percent], ["done", 100]);
  });

  it("copies back what has changed while it stood in, before the live server has its role again", async () => {
    await until("it is well", async () => (await status()).condition === "ok");
    live.close();
    await host.event("takeoverDone", "files");
    assert.equal((await status()).copies[0]?.phase, "off");
    await writeFile(join(directory, "copy", "made by the stand-in"), "4");
    live = await listen(port);
    assert.match(await succeeds("failback", "files"), /failback done/);
    assert.equal(await text("live", "made by the stand-in"), "4");
    await until("it is watched again", async () => (await status()).condition === "ok");
  });

  it("refuses what makes no sense with one clear error", async () => {
    const back = await host.command("failback", "files");
    assert.deepEqual([back.code, /SERVER_NOT_STANDING_IN/.test(back.complaint)], [1, true]);
    const unknown = await host.command("failover", "now", "fils");
    assert.deepEqual(
      [unknown.code, /SERVER_UNKNOWN.*files: did you mean/.test(unknown.complaint)],
      [1, true],
    );
  });

  it("takes a changed project over without touching what it does not concern", async () => {
    const before = (await status()).lastRound?.number ?? 0;
    await succeeds("server", "add", "other", "192.0.2.77", "--fail-after", "7");
    assert.match(await succeeds("server", "list"), /other +192\.0\.2\.77 +disabled/);
    await succeeds("server", "remove", "other");
    assert.ok(((await status()).lastRound?.number ?? 0) >= before);
    await succeeds("server", "disable", "files");
    assert.equal((await status()).condition, "disabled");
  });
});
