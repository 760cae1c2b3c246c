import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { PlanKind } from "../../src/servers/seams.ts";
import { addresses, Lab, whyNoLab } from "./support/lab.ts";
import { answersOf, type NameServer, startNameServer, zone } from "./support/name-server.ts";
import { type PlanProcessEnd, runPlan } from "./support/plan-process.ts";
import { askFromClient, Plant } from "./support/plant.ts";

const { live, standin } = addresses;
const name = `server.${zone}`;

describe("a takeover between real hosts whose process is killed again and again", function () {
  this.timeout(600_000);
  let lab: Lab;
  let names: NameServer;

  before(async function () {
    const reason = await whyNoLab();
    if (reason !== null) {
      process.stderr.write(`skipped: a takeover between real hosts whose process is killed (${reason})\n`);
      this.skip();
    }
    lab = await Lab.create();
    names = await startNameServer(lab);
    await lab.cable("live", "down");
  });

  after(async () => {
    await lab?.remove();
  });

  afterEach(async () => {
    await lab?.endProcesses("standin");
  });

  /**
   * Kills the process at the first point; goes on with a new one that is killed at its first point, and where that
   * leads no further, at its second, and so on: before and after each journal write, and after each program that a
   * step runs.
   */
  async function killAgainAndAgain(
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

  async function assertUntouched(): Promise<void> {
    assert.deepEqual(await lab.addressesOf("standin"), [standin.ipv4, standin.ipv6]);
    assert.deepEqual(await answersOf(lab, name, "A"), [`300 ${live.ipv4}`]);
    assert.deepEqual(await answersOf(lab, name, "AAAA"), [`300 ${live.ipv6}`]);
    assert.deepEqual(await answersOf(lab, "10.0.77.10.in-addr.arpa", "PTR"), [`300 server.${zone}.`]);
    assert.equal(await askFromClient(lab, standin.ipv4, 2000), null, "the service does not run");
  }

  it("takes over as if nothing had happened, and fails back likewise", async () => {
    const plant = await Plant.create(lab.directory, "storm");
    const over = await killAgainAndAgain(plant, "takeover");
    assert.ok(over.kills > 30, `${over.kills} kills`);
    const took = ["source", "fence", "pre", "start", "post"];
    assert.deepEqual(await plant.calls(), took);
    assert.equal(await askFromClient(lab, live.ipv4, 20_000), "stand-in");
    assert.equal(await askFromClient(lab, live.ipv6, 20_000), "stand-in");
    assert.deepEqual(await answersOf(lab, name, "A"), [`30 ${standin.ipv4}`]);
    assert.deepEqual(await lab.addressesOf("standin"), [standin.ipv4, live.ipv4, live.ipv6, standin.ipv6]);

    const back = await killAgainAndAgain(plant, "failback");
    assert.ok(back.kills > 30, `${back.kills} kills`);
    assert.deepEqual(await plant.calls(), [...took, "back-pre", "stop", "back-post"]);
    await assertUntouched();
  });

  it("rolls back as if nothing had happened", async () => {
    const plant = await Plant.create(lab.directory, "rollback");
    await plant.script("post", "exit 1");
    await killAgainAndAgain(plant, "takeover");
    assert.deepEqual(await plant.calls(), ["source", "fence", "pre", "start", "post", "stop"]);
    await assertUntouched();
  });
});
