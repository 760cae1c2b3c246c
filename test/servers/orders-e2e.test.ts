import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ServerStatus } from "../../src/control/servers-api.ts";
import type { ServerSettings } from "../../src/project/server.ts";
import { freePort } from "../../tools/bench/free-port.ts";
import { whyNoLab } from "./support/lab.ts";
import { Plant } from "./support/plant.ts";
import { StandIn, thisMachine } from "./support/stand-in.ts";

const quick = { warnAfter: 2, failAfter: 3, failAfterStartup: 200, recoverAfter: 1 };

describe("orders to a running failover server", function () {
  this.timeout(180_000);
  let directory = "";
  let host: StandIn;
  let plants: Plant[] = [];
  let live: Server[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "understudy-orders-"));
  });
  afterEach(async () => {
    await host?.kill();
    for (const plant of plants) await plant.endService();
    for (const server of live) server.close();
    plants = [];
    live = [];
    await rm(directory, { recursive: true, force: true });
  });

  /** A live server on loopback, and what the stand-in needs for it. */
  async function protectedServer(
    name: string,
    change: (settings: ServerSettings) => ServerSettings = (settings) => settings,
  ): Promise<ServerSettings> {
    const server = createServer((socket) => socket.on("error", () => undefined).end());
    server.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    live.push(server);
    const plant = await Plant.create(directory, name, await freePort());
    plants.push(plant);
    const { port } = server.address() as { readonly port: number };
    const settings = plant.local({
      name,
      address: "127.0.0.1",
      maintenanceAddress: null,
      probes: [{ kind: "tcp", port }],
      pingInterval: 200,
      pingTimeout: 3000,
      failover: quick,
    });
    return change(settings);
  }

  async function run(...servers: readonly ServerSettings[]): Promise<void> {
    host = new StandIn(thisMachine, directory);
    await host.prepare(servers, await freePort());
    await host.start();
    for (const { name } of servers) await host.event("serverWell", name);
  }

  async function status(name: string): Promise<ServerStatus> {
    const found = (await host.client.serverStatus()).find((each) => each.name === name);
    assert.ok(found);
    return found;
  }

  async function command(code: number, ...args: readonly string[]): Promise<string> {
    const ended = await host.command(...args);
    assert.equal(ended.code, code, `${args.join(" ")}: ${ended.output}${ended.complaint}`);
    return ended.output + ended.complaint;
  }

  function portOf(index: number): number {
    const address = live[index]?.address();
    return typeof address === "object" ? (address?.port ?? 0) : 0;
  }

  it("are shown before they are given, carried out with their reason, and followed to the end", async () => {
    const settings = await protectedServer("web");
    await run(settings);
    const plan = await command(0, "failover", "now", "web", "--dry-run");
    for (const step of ["pre", "web", "post"]) assert.match(plan, new RegExp(`\\d+\\. .*${step}`));
    assert.equal((await status("web")).role, "live");
    assert.deepEqual(await plants[0]?.calls(), []);
    assert.match(await command(0, "failover", "now", "web", "--reason", "drill 7"), /takeover done/);
    assert.equal((await status("web")).role, "standIn");
    assert.match((await host.event("takeoverStarted", "web")).message, /drill 7/);
    // Settings changed meanwhile come into force at the end of the failback; its outcome is told all the same.
    await host.writeProject([{ ...settings, pingInterval: 250 }]);
    await host.client.reload();
    const lines = (await command(0, "failback", "web", "--json")).trim().split("\n");
    const last = JSON.parse(lines.at(-1) ?? "{}") as { work?: { outcome: string; percent: number } };
    assert.deepEqual([last.work?.outcome, last.work?.percent], ["done", 100]);
    assert.equal((await status("web")).role, "live");
    while ((await status("web")).lastRound === null) await delay(50);
    assert.equal((await status("web")).lastWork?.kind, "failback", "the server watched anew remembers it");
  });

  it("are refused with one clear error where they make no sense", async () => {
    await run(await protectedServer("web"));
    assert.match(await command(1, "failover", "now", "wbe"), /SERVER_UNKNOWN.*web: did you mean that/);
    assert.match(await command(1, "failback", "web"), /SERVER_NOT_STANDING_IN/);
    assert.match(await command(1, "failover", "approve", "web"), /approv/i);
    assert.match(await command(2, "failover", "now"), /server/);
    await command(0, "server", "disable", "web");
    assert.match(await command(1, "failover", "now", "web"), /SERVER_DISABLED/);
    await host.kill();
    assert.match(await command(3, "failover", "now", "web"), /BROKER_NOT_RUNNING/);
  });

  it("approve a takeover that waits, which is given up where the server comes back first", async () => {
    await run(
      await protectedServer("web", (settings) => ({
        ...settings,
        failover: { ...settings.failover, approval: "manual" },
      })),
    );
    const port = portOf(0);
    live[0]?.close();
    await host.event("takeoverNeedsApproval", "web");
    assert.equal((await status("web")).awaitingApproval, true);
    assert.deepEqual(await plants[0]?.calls(), []);
    live[0]?.listen(port, "127.0.0.1");
    while ((await status("web")).awaitingApproval) await delay(50);
    live[0]?.close();
    while (!(await status("web")).awaitingApproval) await delay(50);
    assert.match(await command(0, "failover", "approve", "web", "--reason", "I looked"), /takeover done/);
    assert.equal((await status("web")).role, "standIn");
  });

  it("break off what is under way between two steps, and carry it on", async () => {
    const settings = await protectedServer("web");
    const gate = join(directory, "gate");
    await plants[0]?.script("pre", `while [ ! -e ${gate} ]; do sleep 0.05; done`);
    await run(settings);
    await command(0, "failover", "now", "web", "--no-wait");
    assert.match(await command(1, "failover", "now", "web"), /SERVER_BUSY/);
    await command(0, "server", "cancel", "web");
    await writeFile(gate, "");
    while ((await status("web")).work !== null) await delay(50);
    const broken = await status("web");
    assert.deepEqual([broken.lastWork?.outcome, broken.role, broken.locked], ["cancelled", "partly", true]);
    assert.match(await command(0, "failover", "now", "web"), /takeover done/);
    const calls = await plants[0]?.calls();
    assert.equal(calls?.filter((name) => name === "pre").length, 1, "what was done is not done twice");
  });

  it("go on after kill -9 at any moment: nothing is lost and nothing is done twice", async () => {
    const settings = await protectedServer("web");
    for (const name of ["pre", "post"]) await plants[0]?.script(name, "sleep 0.5");
    await run(settings);
    const order = host.command("failover", "now", "web", "--reason", "drill");
    await host.event("takeoverStarted", "web");
    let kills = 0;
    for (const afterMs of [100, 400, 700]) {
      await delay(afterMs);
      await host.kill();
      kills += 1;
      await host.start();
      if ((await status("web")).role === "standIn") break;
    }
    await order;
    while ((await status("web")).role !== "standIn") await delay(50);
    const calls = await plants[0]?.calls();
    assert.deepEqual(
      calls?.filter((name) => name !== "source" && name !== "fence"),
      ["pre", "start", "post"],
      `after ${kills} kills`,
    );
    const journal = await readFile(join(host.stateDirectory, "servers", "web", "takeover.journal"), "utf8");
    assert.match(journal, /drill/);
  });

  it("try a takeover out in a network of its own, and leave nothing behind", async function () {
    const reason = await whyNoLab();
    if (reason !== null) {
      process.stderr.write(`skipped: a test of a takeover (${reason})\n`);
      this.skip();
    }
    await run(await protectedServer("web"));
    const output = await command(0, "failover", "test", "web");
    assert.match(output, /test done/);
    assert.equal((await status("web")).role, "live");
    const calls = await plants[0]?.calls();
    assert.deepEqual(calls?.includes("start"), true);
    assert.deepEqual(calls?.includes("stop"), true);
    assert.equal(calls?.includes("fence"), false, "the live server is left alone");
  });

  it("stand in for the first of two that need the same, and tell of the second", async () => {
    const first = await protectedServer("first");
    const second = await protectedServer("second");
    // both want the first one's service
    const same = { ...second, takeover: { ...second.takeover, services: first.takeover.services } };
    await run(first, same);
    live[0]?.close();
    await host.event("takeoverDone", "first");
    live[1]?.close();
    const told = await host.event("secondServerFailed", "second");
    assert.equal(told.severity, "error");
    const blocked = await status("second");
    assert.deepEqual([blocked.role, blocked.blockedBy], ["live", "first"]);
    assert.match(await command(1, "failover", "now", "second"), /stands in for first/);
    live[0]?.listen(first.probes[0]?.port ?? 0, "127.0.0.1");
    await command(0, "failback", "first");
    await host.event("takeoverDone", "second");
    assert.equal((await status("second")).role, "standIn");
  });

  it("stand in for both where they have nothing in common", async () => {
    await run(await protectedServer("first"), await protectedServer("second"));
    for (const server of live) server.close();
    await Promise.all([host.event("takeoverDone", "first"), host.event("takeoverDone", "second")]);
    assert.deepEqual([(await status("first")).role, (await status("second")).role], ["standIn", "standIn"]);
  });
});
