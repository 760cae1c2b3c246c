import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { addresses, Lab, whyNoLab } from "./support/lab.ts";
import { answersOf, type NameServer, startNameServer, zone } from "./support/name-server.ts";
import { runPlan } from "./support/plan-process.ts";
import { askFromClient, Plant } from "./support/plant.ts";

const server = `server.${zone}`;
const liveNames = [`300 ${addresses.live.ipv4}`];
const standInNames = [`30 ${addresses.standin.ipv4}`];

describe("a takeover between real hosts", function () {
  this.timeout(120_000);
  let lab: Lab;
  let names: NameServer;

  before(async function () {
    const reason = await whyNoLab();
    if (reason !== null) {
      process.stderr.write(`skipped: a takeover between real hosts (${reason})\n`);
      this.skip();
    }
    lab = await Lab.create();
    names = await startNameServer(lab);
  });

  after(async () => {
    await lab?.remove();
  });

  it("assumes addresses, names and services, and gives them back", async () => {
    const plant = await Plant.create(lab.directory, "whole");
    const settings = plant.server(names.keyFile);
    await plant.startLive(lab);
    assert.equal(await askFromClient(lab, addresses.live.ipv4, 20_000), "live");
    assert.equal(await askFromClient(lab, addresses.live.ipv6, 20_000), "live");
    await lab.cable("live", "down");

    const planned = await runPlan(lab, { server: settings, directory: plant.directory, what: "plan" });
    assert.deepEqual(await plant.calls(), [], "a plan that is printed does nothing");
    const over = await runPlan(lab, { server: settings, directory: plant.directory, what: "takeover" });
    assert.equal(over.result?.outcome, "done", JSON.stringify(over.result));
    assert.deepEqual(
      over.result?.steps.map(({ name }) => name),
      planned.plan.map(({ name }) => name),
    );
    assert.deepEqual(await plant.calls(), ["source", "fence", "pre", "start", "post"]);
    assert.equal(
      (await plant.callLines())[2],
      `pre plant1 takeover ${addresses.live.ipv4}/24 ${addresses.live.ipv6}/64`,
    );
    // The third host had both addresses in its neighbour table a moment ago.
    assert.equal(await askFromClient(lab, addresses.live.ipv4, 20_000), "stand-in");
    assert.equal(await askFromClient(lab, addresses.live.ipv6, 20_000), "stand-in");
    assert.deepEqual(await answersOf(lab, server, "A"), standInNames);
    assert.deepEqual(await answersOf(lab, server, "AAAA"), [`30 ${addresses.standin.ipv6}`]);
    assert.deepEqual(await answersOf(lab, "10.0.77.10.in-addr.arpa", "PTR"), [`30 standin.${zone}.`]);
    const percents = over.progress.map(({ percent }) => percent);
    assert.deepEqual(
      percents,
      percents.toSorted((a, b) => a - b),
    );
    assert.equal(percents.at(-1), 100);

    const standing = await runPlan(lab, { server: settings, directory: plant.directory, what: "standing" });
    assert.deepEqual(standing.standing, { kind: "standingIn" });
    const back = await runPlan(lab, { server: settings, directory: plant.directory, what: "failback" });
    assert.equal(back.result?.outcome, "done", JSON.stringify(back.result));
    assert.deepEqual((await plant.calls()).slice(5), ["back-pre", "stop", "back-post"]);
    assert.deepEqual(await lab.addressesOf("standin"), [addresses.standin.ipv4, addresses.standin.ipv6]);
    assert.deepEqual(await answersOf(lab, server, "A"), liveNames);
    assert.deepEqual(await answersOf(lab, "10.0.77.10.in-addr.arpa", "PTR"), [`300 server.${zone}.`]);
    const after = await runPlan(lab, { server: settings, directory: plant.directory, what: "standing" });
    assert.deepEqual(after.standing, { kind: "none" });
    const journal = await readFile(plant.path("state/servers/plant1/takeover.journal"), "utf8");
    assert.equal(journal.split("\n").filter((line) => line.includes('"planEnded"')).length, 2);
    await lab.cable("live", "up");
    await lab.endProcesses("live");
  });
});
