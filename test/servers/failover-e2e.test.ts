import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { ServerStatus } from "../../src/control/servers-api.ts";
import type { ServerSettings } from "../../src/project/server.ts";
import { addresses, Lab, maintenanceAddress, whyNoLab } from "./support/lab.ts";
import { askFromClient, Plant, servicePort } from "./support/plant.ts";
import { StandIn } from "./support/stand-in.ts";

const witnesses = [addresses.client.ipv4, addresses.dns.ipv4];
/** Quick, and with time enough for a machine that does other things, too: only four silent rounds are a failure. */
const watchSettings = {
  pingInterval: 200,
  // Where nothing answers, every round takes the whole of this.
  pingTimeout: 1500,
  witnesses,
  failover: { warnAfter: 2, failAfter: 4, failAfterStartup: 60, recoverAfter: 2 },
};

describe("understudy run as a failover server between real hosts", function () {
  this.timeout(240_000);
  let lab: Lab;
  let running: StandIn[] = [];

  before(async function () {
    const reason = await whyNoLab();
    if (reason !== null) {
      process.stderr.write(`skipped: understudy run as a failover server (${reason})\n`);
      this.skip();
    }
  });
  beforeEach(async () => {
    lab = await Lab.create();
  });
  afterEach(async () => {
    for (const each of running) await each.kill();
    running = [];
    await lab?.remove();
  });

  async function standIn(plant: Plant, ...servers: readonly ServerSettings[]): Promise<StandIn> {
    const started = new StandIn(lab, plant.directory);
    running.push(started);
    await started.prepare(servers);
    await started.start();
    return started;
  }

  const statusOf = async (host: StandIn): Promise<ServerStatus> => {
    const [status] = await host.client.serverStatus();
    assert.ok(status);
    return status;
  };

  it("assumes the address of a server whose cable is pulled, survives kill -9, and gives the role back", async () => {
    const plant = await Plant.create(lab.directory, "cable");
    await plant.startLive(lab);
    const settings = plant.server(null, {
      ...watchSettings,
      probes: [{ kind: "icmp" }, { kind: "tcp", port: servicePort }],
    });
    const host = await standIn(plant, settings);
    await host.event("serverWell", "plant1");
    assert.equal(await askFromClient(lab, addresses.live.ipv4, 20_000), "live");

    await lab.cable("live", "down");
    await host.event("takeoverDone", "plant1");
    assert.equal(await askFromClient(lab, addresses.live.ipv4, 20_000), "stand-in");
    const standing = await statusOf(host);
    assert.deepEqual([standing.role, standing.lastWork?.outcome], ["standIn", "done"]);
    assert.ok(
      standing.lastWork?.steps.some(({ name }) => name.startsWith("addresses")),
      JSON.stringify(standing),
    );

    await host.kill();
    assert.equal(
      await askFromClient(lab, addresses.live.ipv4, 20_000),
      "stand-in",
      "nothing hangs on the process",
    );
    await host.start();
    await host.event("serverWatched", "plant1");
    assert.equal((await statusOf(host)).role, "standIn");
    assert.equal(await askFromClient(lab, addresses.live.ipv4, 20_000), "stand-in");

    // The whole stand-in is started anew: the address went with it, and comes again.
    await host.kill();
    await lab.must("standin", "ip", "address", "delete", `${addresses.live.ipv4}/24`, "dev", "eth0");
    await host.pretendReboot();
    await host.start();
    await host.event("takeoverDone", "plant1");
    assert.equal(await askFromClient(lab, addresses.live.ipv4, 20_000), "stand-in");

    // The server is repaired off its address, and gets it back when the stand-in has let go of it.
    for (const [address, prefix] of [
      [addresses.live.ipv4, 24],
      [addresses.live.ipv6, 64],
    ] as const) {
      await lab.must("live", "ip", "address", "delete", `${address}/${prefix}`, "dev", "eth0");
    }
    await lab.cable("live", "up");
    const dryRun = await host.command("failback", "plant1", "--dry-run");
    assert.equal(dryRun.code, 0, dryRun.complaint);
    assert.match(dryRun.output, /1\. /);
    assert.equal((await statusOf(host)).role, "standIn");
    const back = host.command("failback", "plant1", "--reason", "repaired");
    while ((await lab.addressesOf("standin")).includes(addresses.live.ipv4)) await statusOf(host);
    await lab.must("live", "ip", "address", "add", `${addresses.live.ipv4}/24`, "dev", "eth0");
    const { code, output, complaint } = await back;
    assert.equal(code, 0, output + complaint + host.log);
    assert.match(output, /failback done/);
    assert.equal((await statusOf(host)).role, "live");
    await host.event("serverReset", "plant1");
    // The client's neighbour table is the business of the live server, which announces itself as it boots.
    await lab
      .must("live", "arping", "-q", "-A", "-c", "1", "-I", "eth0", addresses.live.ipv4)
      .catch(() => undefined);
    assert.equal(await askFromClient(lab, addresses.live.ipv4, 20_000), "live");
  });

  it("fails nobody over while its own cable is pulled, and goes on watching afterwards", async () => {
    const plant = await Plant.create(lab.directory, "cut-off");
    await plant.startLive(lab);
    const host = await standIn(plant, plant.server(null, watchSettings));
    await host.event("serverWell", "plant1");
    await lab.cable("standin", "down");
    await host.event("serverCutOff", "plant1");
    const cut = await statusOf(host);
    assert.deepEqual([cut.cutOff, cut.role, cut.timeToFailMs], [true, "live", null]);
    // As many rounds as would have been a failure.
    const enough = (cut.lastRound?.number ?? 0) + 5;
    while (((await statusOf(host)).lastRound?.number ?? 0) < enough) await delay(100);
    assert.equal((await statusOf(host)).role, "live");
    await lab.cable("standin", "up");
    await host.event("serverReachableAgain", "plant1");
    assert.deepEqual(await plant.calls(), [], "no step of a takeover was run");
  });

  it("takes nothing from a live server that it alone cannot reach: no second owner of an address", async () => {
    const plant = await Plant.create(lab.directory, "split");
    await plant.startLive(lab);
    const settings = plant.server(null, {
      ...watchSettings,
      probes: [{ kind: "icmp" }, { kind: "tcp", port: servicePort }],
      failover: { ...watchSettings.failover, onStepFailure: "rollBack" },
    });
    const host = await standIn(plant, settings);
    await host.event("serverWell", "plant1");
    // The witnesses answer, so this machine is not cut off; the server is alive, and its clients reach it.
    const live = `{ ${addresses.live.ipv4}, ${maintenanceAddress} }`;
    await lab.must(
      "standin",
      "nft",
      `table ip split { chain out { type filter hook output priority 0; ip daddr ${live} drop; }; }`,
    );
    await host.event("serverFailed", "plant1");
    const failed = await host.event("takeoverFailed", "plant1");
    assert.match(failed.message, /in use|ADDRESS_IN_USE/i);
    const after = await statusOf(host);
    assert.deepEqual([after.role, after.locked], ["live", true], "an operator has to look");
    assert.ok(!(await lab.addressesOf("standin")).includes(addresses.live.ipv4));
    assert.equal(await askFromClient(lab, addresses.live.ipv4, 20_000), "live");

    await lab.must("standin", "nft", "flush ruleset");
    await host.command("server", "resume", "plant1");
    while ((await statusOf(host)).condition !== "ok") await delay(100);
    assert.equal((await statusOf(host)).role, "live");
  });

  it("notices a dead application on a machine that can be pinged", async () => {
    const plant = await Plant.create(lab.directory, "application");
    await plant.startLive(lab);
    const settings = plant.server(null, {
      ...watchSettings,
      probes: [{ kind: "icmp" }, { kind: "http", url: `http://${addresses.live.ipv4}:${servicePort}/` }],
      takeover: { assumeIpAddress: false, addresses: [] },
    });
    const host = await standIn(plant, settings);
    await host.event("serverWell", "plant1");
    await lab.endProcesses("live");
    const failed = await host.event("serverFailed", "plant1");
    assert.match(failed.message, /GET http/);
    await host.event("takeoverDone", "plant1");
    assert.equal(await askFromClient(lab, addresses.standin.ipv4, 20_000), "stand-in");
    assert.equal((await lab.run("client", "ping", ["-c", "1", "-W", "2", addresses.live.ipv4])).code, 0);
  });
});
