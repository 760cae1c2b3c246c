import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { DeepPartial } from "../../src/project/pairs.ts";
import type { ServerSettings } from "../../src/project/server.ts";
import { addresses, Lab, whyNoLab } from "./support/lab.ts";
import { answersOf, type NameServer, startNameServer, zone } from "./support/name-server.ts";
import { runPlan } from "./support/plan-process.ts";
import { askFromClient, dnsSettings, Plant } from "./support/plant.ts";

const execute = promisify(execFile);
const { live, standin } = addresses;

describe("the test of a takeover, cut off from the network", function () {
  this.timeout(240_000);
  let lab: Lab;
  let names: NameServer;
  let count = 0;

  before(async function () {
    const reason = await whyNoLab();
    if (reason !== null) {
      process.stderr.write(`skipped: the test of a takeover (${reason})\n`);
      this.skip();
    }
    lab = await Lab.create();
    names = await startNameServer(lab);
  });

  after(async () => {
    await lab?.remove();
  });

  async function withPlant(use: (plant: Plant) => Promise<void>): Promise<void> {
    count += 1;
    const plant = await Plant.create(lab.directory, `plant-${count}`);
    await use(plant);
    // The live server served all the time, and nothing is left of the test.
    assert.deepEqual(await lab.addressesOf("standin"), [standin.ipv4, standin.ipv6]);
    assert.deepEqual(await answersOf(lab, `server.${zone}`, "A"), [`300 ${live.ipv4}`]);
    assert.deepEqual(await networksOf(plant), []);
  }

  /** The plan's networks that are still there: their names stand in the journal. */
  async function networksOf(plant: Plant): Promise<readonly string[]> {
    const { stdout } = await execute("grep", [
      "-o",
      "-h",
      "understudy-test-[0-9a-f]*",
      journalOf(plant),
    ]).catch(() => ({ stdout: "" }));
    const { stdout: present } = await execute("ip", ["netns", "list"]);
    return [...new Set(stdout.split("\n").filter(Boolean))].filter((name) => present.includes(name));
  }

  const journalOf = (plant: Plant): string => plant.path("state/servers/plant1/takeover.journal");

  const settingsOf = (plant: Plant, change: DeepPartial<ServerSettings> = {}): ServerSettings =>
    plant.server(names.keyFile, change);

  it("goes through a takeover while the live server serves, and leaves nothing behind", () =>
    withPlant(async (plant) => {
      await plant.startLive(lab);
      const server = settingsOf(plant);
      const { result } = await runPlan(lab, { server, directory: plant.directory, what: "test" });
      assert.equal(result?.outcome, "done", result?.detail);
      assert.deepEqual(
        result?.steps.map(({ name, outcome }) => [name, outcome]),
        ["test network", "pre-script", "addresses", "dns", "service web", "post-script"].map((name) => [
          name,
          "undone",
        ]),
      );
      // Neither the live server nor what guards it was touched.
      assert.deepEqual(await plant.calls(), ["pre", "start", "post", "stop"]);
      assert.equal((await plant.callLines())[0], `pre plant1 test ${live.ipv4}/24 ${live.ipv6}/64`);
      assert.equal(await askFromClient(lab, live.ipv4, 20_000), "live");
      const { standing } = await runPlan(lab, { server, directory: plant.directory, what: "standing" });
      assert.deepEqual(standing, { kind: "none" });
    }));

  it("says what would fail", () =>
    withPlant(async (plant) => {
      const dns = dnsSettings(names.unknownKeyFile);
      const server = settingsOf(plant, { takeover: { dns }, failover: { onStepFailure: "stop" } });
      const { result } = await runPlan(lab, { server, directory: plant.directory, what: "test" });
      assert.equal(result?.outcome, "rolledBack");
      assert.match(result?.detail ?? "", /^dns: .*does not accept this TSIG key/);
    }));

  it("finds a refusal of the update that a look at the names does not show", () =>
    withPlant(async (plant) => {
      const dns = { ...dnsSettings(names.keyFile), keyFile: null };
      const { result } = await runPlan(lab, {
        server: settingsOf(plant, { takeover: { dns } }),
        directory: plant.directory,
        what: "test",
      });
      assert.match(result?.detail ?? "", /^dns: Testing the update .*the name server refuses the update/);
    }));

  it("is cleared away by the next process where its own was killed", () =>
    withPlant(async (plant) => {
      await plant.script("post", `kill -9 "$(cat ${plant.path("executor.pid")})"`);
      const server = settingsOf(plant);
      const first = await runPlan(lab, { server, directory: plant.directory, what: "test" });
      assert.equal(first.signal, "SIGKILL");
      assert.equal((await networksOf(plant)).length, 1);
      const { result } = await runPlan(lab, { server, directory: plant.directory, what: "resume" });
      assert.equal(result?.outcome, "done", result?.detail);
      assert.deepEqual(await plant.calls(), ["pre", "start", "post", "stop"]);
    }));

  it("makes way for a takeover in earnest: cancelled, it is undone", () =>
    withPlant(async (plant) => {
      await plant.script("post", "exec sleep 1000", 600_000);
      const { result } = await runPlan(lab, {
        server: settingsOf(plant),
        directory: plant.directory,
        what: "test",
        cancelAt: "post-script",
      });
      assert.equal(result?.outcome, "cancelled", result?.detail);
    }));

  it("is refused while this machine stands in", () =>
    withPlant(async (plant) => {
      const server = settingsOf(plant, { takeover: { assumeIpAddress: false, addresses: [] } });
      const directory = plant.directory;
      assert.equal((await runPlan(lab, { server, directory, what: "takeover" })).result?.outcome, "done");
      const { result } = await runPlan(lab, { server, directory, what: "test" });
      assert.deepEqual([result?.outcome, result?.steps], ["stopped", []]);
      assert.equal((await runPlan(lab, { server, directory, what: "failback" })).result?.outcome, "done");
    }));
});
