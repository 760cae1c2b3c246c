import assert from "node:assert/strict";
import { SimulatorProcess } from "../../tools/simulator/process.ts";
import type { BrokerProcess } from "./support/broker-process.ts";
import { Plant } from "./support/plant.ts";
import { pairSettings, type Settings } from "./support/project-text.ts";
import { type Ids, ramps, type Watcher } from "./support/watcher.ts";

const items = 10;

/** What must be so at the end of every change for a client that it does not concern. */
function unharmed(watcher: Watcher, ids: Ids, drops: number): void {
  const { bad, lost, duplicated, disordered } = watcher.account();
  const harm = { bad, lost, duplicated, disordered, drops };
  assert.deepEqual(harm, { bad: 0, lost: 0, duplicated: 0, disordered: 0, drops: 0 });
  assert.deepEqual(watcher.ids(), ids);
}

describe("settings changed while the broker runs", function () {
  this.timeout(30_000);
  let plant: Plant;
  let broker: BrokerProcess;
  /** Stands in for the secondary of a pair whose address is changed. */
  let replacement: SimulatorProcess;
  /** The settings of the pair that is never changed, and its client. */
  let calm: Settings;
  let bystander: Awaited<ReturnType<Plant["watch"]>>;
  let bystanderIds: Ids;

  before(async () => {
    plant = await Plant.start({
      simulator: { items },
      pairs: (places) => ["Calm", "Busy"].map((name) => pairSettings(name, "hot", places)),
    });
    ({ broker } = plant);
    calm = pairSettings("Calm", "hot", plant.members);
    replacement = await SimulatorProcess.start({ name: "replacement", items });
    await Promise.all(["Calm", "Busy"].map((pair) => broker.untilServing(pair)));
    bystander = await plant.watch("Calm", ramps(items));
    bystanderIds = bystander.watcher.ids();
    await bystander.watcher.more();
  });
  afterEach(async () => {
    await bystander.watcher.more();
    unharmed(bystander.watcher, bystanderIds, bystander.client.drops());
  });
  after(async () => {
    await replacement?.stop();
    await plant.stop();
  });

  const busy = (more: Settings = {}): Settings => pairSettings("Busy", "hot", plant.members, more);

  /** Writes the project with those pairs beside the calm one and has it applied. */
  async function reload(pairs: readonly Settings[]): Promise<Record<string, readonly string[]>> {
    broker.writeProject(plant.projectText([calm, ...pairs]));
    const { code, stdout, stderr } = await broker.cli("reload", "--json");
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Record<string, readonly string[]>;
  }

  it("are applied in place where they concern no connection: the clients lose nothing", async () => {
    const { client, watcher } = await plant.watch("Busy", ramps(items));
    await watcher.more();
    const ids = watcher.ids();
    const after = broker.lastEventId;
    const answer = await reload([busy({ queryServerStatusInterval: 150 })]);
    assert.deepEqual(answer, { added: [], removed: [], changed: ["Busy"], restarted: [] });
    await watcher.more(5);
    unharmed(watcher, ids, client.drops());
    const codes = broker.events.filter(({ id }) => id > after).map(({ code }) => code);
    assert.ok(!codes.includes("connected"), "no member was connected anew");
    await client.close();
  });

  it("do nothing where nothing has changed", async () => {
    assert.deepEqual(await reload([busy({ queryServerStatusInterval: 150 })]), {
      added: [],
      removed: [],
      changed: [],
      restarted: [],
    });
  });

  it("are applied on SIGHUP, too", async () => {
    const after = broker.lastEventId;
    broker.writeProject(plant.projectText([calm, busy()]));
    broker.signal("SIGHUP");
    await broker.untilEvent(({ code }) => code === "projectApplied", "the project to be applied", { after });
  });

  it("that name another server reconnect only that pair, and its clients keep their sessions", async () => {
    const { client, watcher } = await plant.watch("Busy", ramps(items));
    await watcher.more();
    const ids = watcher.ids();
    const places = { primary: plant.members.primary, secondary: replacement };
    const after = broker.lastEventId;
    const answer = await reload([pairSettings("Busy", "hot", places)]);
    assert.deepEqual(answer, { added: [], removed: [], changed: [], restarted: ["Busy"] });
    await broker.untilServing("Busy");
    await watcher.more(5);
    assert.deepEqual(watcher.ids(), ids);
    assert.equal(client.drops(), 0);
    const pairs = broker.events
      .filter(({ id, code }) => id > after && code === "connected")
      .map(({ pair }) => pair);
    assert.deepEqual([...new Set(pairs)], ["Busy"]);
    // the new one is in use
    await plant.switchover("Busy", "secondary");
    await watcher.more(5);
    const { sessions } = await replacement.control({ command: "status" });
    assert.ok((sessions ?? 0) >= 2, `${sessions} sessions on the new server`);
    const { duplicated, disordered } = watcher.account();
    assert.deepEqual([duplicated, disordered], [0, 0]);
    await client.close();
    await reload([busy()]);
    await broker.untilServing("Busy");
  });

  it("that cannot be used change nothing and end with exit code 2", async () => {
    const { client, watcher } = await plant.watch("Busy", ramps(items));
    await watcher.more();
    const ids = watcher.ids();
    const good = plant.projectText([calm, busy()]);
    const broken = [
      good.replace("</redundancymaster>", ""),
      good.replace("<connectionMode>hot<", "<connectionMode>tepid<"),
      good.replace("<pairs>", "<pears>").replace("</pairs>", "</pears>"),
      `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>${good}`,
    ];
    for (const text of broken) {
      assert.notEqual(text, good);
      broker.writeProject(text);
      const after = broker.lastEventId;
      const { code, stderr } = await broker.cli("reload");
      assert.equal(code, 2, stderr);
      assert.match(stderr, /redundancymaster\.xml/);
      await broker.untilEvent((event) => event.code === "projectRefused", "the refusal", { after });
    }
    broker.writeProject(good);
    await watcher.more(3);
    unharmed(watcher, ids, client.drops());
    await client.close();
  });

  it("add a pair that is then enabled, and remove it with its clients", async () => {
    const extra = pairSettings("Extra", "warm", plant.members);
    assert.deepEqual((await reload([busy(), extra]))["added"], ["Extra"]);
    assert.equal((await broker.status("Extra")).enabled, false);
    await assert.rejects(plant.connect("Extra"), /BadTcpEndpointUrlInvalid/);
    const enabled = await broker.cli("pair", "enable", "Extra");
    assert.equal(enabled.code, 0, enabled.stderr);
    await broker.untilServing("Extra");
    const { client, watcher } = await plant.watch("Extra", ramps(2));
    await watcher.more();
    const after = broker.lastEventId;
    assert.deepEqual((await reload([busy()]))["removed"], ["Extra"]);
    await broker.untilEvent(
      ({ code, pair }) => code === "clientDisconnected" && pair === "Extra",
      "the client to be let go",
      { after },
    );
    await assert.rejects(plant.connect("Extra"), /BadTcpEndpointUrlInvalid/);
    await client.close();
  });

  it("disable and enable a pair: its clients are let go and can come back", async () => {
    const { client, watcher } = await plant.watch("Busy", ramps(2));
    await watcher.more();
    const disabled = await broker.cli("pair", "disable", "Busy");
    assert.equal(disabled.code, 0, disabled.stderr);
    const { enabled, active, members } = await broker.status("Busy");
    assert.deepEqual([enabled, active, members.map(({ link }) => link)], [false, null, ["down", "down"]]);
    await assert.rejects(plant.connect("Busy"), /BadTcpEndpointUrlInvalid/);
    await client.close();
    assert.equal((await broker.cli("pair", "enable", "Busy")).code, 0);
    await broker.untilServing("Busy");
    const again = await plant.watch("Busy", ramps(2));
    await again.watcher.more();
    await again.client.close();
  });
});
