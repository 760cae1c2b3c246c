import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { PlanKind } from "../../src/servers/seams.ts";
import { addresses, Lab, whyNoLab } from "./support/lab.ts";
import { answersOf, type NameServer, startNameServer, zone } from "./support/name-server.ts";
import { type PlanProcessEnd, runPlan } from "./support/plan-process.ts";
import { askFromClient, Plant } from "./support/plant.ts";

const { live, standin } = addresses;
const name = `server.${zone}`;

interface Site {
  readonly lab: Lab;
  readonly names: NameServer;
}

describe("a takeover between real hosts whose process is killed again and again", function () {
  this.timeout(600_000);
  const labs: Lab[] = [];

  before(async function () {
    const reason = await whyNoLab();
    if (reason === null) return;
    process.stderr.write(`skipped: a takeover between real hosts whose process is killed (${reason})\n`);
    this.skip();
  });

  after(async () => {
    for (const lab of labs) await lab.remove();
  });

  async function newSite(): Promise<Site> {
    const lab = await Lab.create();
    labs.push(lab);
    const names = await startNameServer(lab);
    await lab.cable("live", "down");
    return { lab, names };
  }

  /**
   * Kills the process at the first point; goes on with a new one that is killed at its first point, and where that
   * leads no further, at its second, and so on: before and after each journal write, and after each program that a
   * step runs.
   */
  async function killAgainAndAgain(
    { lab, names }: Site,
    plant: Plant,
    kind: PlanKind,
  ): Promise<{ readonly kills: number; readonly end: PlanProcessEnd }> {
    const server = plant.server(names.keyFile, { failover: { onStepFailure: "rollBack" } });
    let what: PlanKind | "resume" = kind;
    let records = await recordsOf(plant);
    let killAt = 1;
    for (let kills = 0; ; kills += 1) {
      assert.ok(kills < 300, "it comes to an end");
      const end = await runPlan(lab, { server, directory: plant.directory, what, killAt });
      const now = await recordsOf(plant);
      killAt = now > records ? 1 : killAt + 1;
      if (now > records) what = "resume";
      records = now;
      if (end.signal !== "SIGKILL") return { kills, end };
    }
  }

  async function recordsOf(plant: Plant): Promise<number> {
    const file = plant.path("state/servers/plant1/takeover.journal");
    return (await readFile(file, "utf8").catch(() => "")).split("\n").length;
  }

  async function assertUntouched({ lab }: Site): Promise<void> {
    assert.deepEqual(await lab.addressesOf("standin"), [standin.ipv4, standin.ipv6]);
    assert.deepEqual(await answersOf(lab, name, "A"), [`300 ${live.ipv4}`]);
    assert.deepEqual(await answersOf(lab, name, "AAAA"), [`300 ${live.ipv6}`]);
    assert.deepEqual(await answersOf(lab, "10.0.77.10.in-addr.arpa", "PTR"), [`300 server.${zone}.`]);
    assert.equal(await askFromClient(lab, standin.ipv4, 2000), null, "the service does not run");
  }

  // Each storm has a network of its own, and both rage at once: most of their time is the start of processes.
  it("takes over and fails back as if nothing had happened, and rolls back likewise", async () => {
    const sites = await Promise.all([newSite(), newSite()]);
    const storms = await Promise.allSettled([thereAndBack(sites[0]), rolledBack(sites[1])]);
    for (const storm of storms) if (storm.status === "rejected") throw storm.reason;
  });

  async function thereAndBack(site: Site): Promise<void> {
    const { lab } = site;
    const plant = await Plant.create(lab.directory, "storm");
    const over = await killAgainAndAgain(site, plant, "takeover");
    assert.ok(over.kills > 30, `${over.kills} kills`);
    const took = ["source", "fence", "pre", "start", "post"];
    assert.deepEqual(await plant.calls(), took);
    assert.equal(await askFromClient(lab, live.ipv4, 20_000), "stand-in");
    assert.equal(await askFromClient(lab, live.ipv6, 20_000), "stand-in");
    assert.deepEqual(await answersOf(lab, name, "A"), [`30 ${standin.ipv4}`]);
    assert.deepEqual(await lab.addressesOf("standin"), [standin.ipv4, live.ipv4, live.ipv6, standin.ipv6]);

    const back = await killAgainAndAgain(site, plant, "failback");
    assert.ok(back.kills > 30, `${back.kills} kills`);
    assert.deepEqual(await plant.calls(), [...took, "back-pre", "stop", "back-post"]);
    await assertUntouched(site);
  }

  async function rolledBack(site: Site): Promise<void> {
    const plant = await Plant.create(site.lab.directory, "rollback");
    await plant.script("post", "exit 1");
    await killAgainAndAgain(site, plant, "takeover");
    assert.deepEqual(await plant.calls(), ["source", "fence", "pre", "start", "post", "stop"]);
    await assertUntouched(site);
  }
});
