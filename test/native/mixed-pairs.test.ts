import assert from "node:assert/strict";
import { type BrowseResult, NodeClass } from "node-opcua";
import type { JsonObject, JsonProcess } from "../../tools/native/json-process.ts";
import { nativeFiles, startDaSimulator, startTestClient } from "../../tools/native/programs.ts";
import { statusOf, writeStatus } from "../e2e/support/items.ts";
import { Plant } from "../e2e/support/plant.ts";
import { pairSettings } from "../e2e/support/project-text.ts";
import { ramps } from "../e2e/support/watcher.ts";
import { statsOf, valuesBeyond } from "./support/hooked-pairs.ts";
import { describeNative } from "./support/machine.ts";

const itemCount = 20;
const periodMs = 100;
const patienceMs = 60_000;
const ok = "0x00000000";

// One broker, as it is delivered, with a pair of OPC UA servers for OPC DA clients and the other way round.
describeNative("Clients and servers of different protocols, behind COM", (machine) => {
  let plant: Plant;
  let servers: readonly JsonProcess[] = [];
  const clients: JsonProcess[] = [];

  before(async function () {
    this.timeout(3 * patienceMs);
    machine().forgetKilledServers();
    servers = [
      await startDaSimulator(machine(), { instance: 1, items: itemCount, periodMs }),
      await startDaSimulator(machine(), { instance: 2, items: itemCount, periodMs }),
    ];
    const daMember = (instance: number) => ({
      machine: "localhost",
      endpointUrl: `opcda://localhost/Understudy.Simulator.${instance}`,
    });
    const generous = {
      queryServerStatusTimeout: 3000,
      failover: { connectTimeout: 30_000, reconnectInterval: 500 },
    };
    plant = await Plant.start({
      simulator: { items: itemCount, periodMs },
      pairs: (places) => [
        pairSettings("Boiler", "hot", places, { ...generous, opcDaClients: true }),
        {
          server: "Mill",
          protocol: "opcda",
          primary: daMember(1),
          secondary: daMember(2),
          connectionMode: "hot",
          queryServerStatusInterval: 200,
          ...generous,
        },
      ],
      environment: {
        ...machine().environment,
        UNDERSTUDY_DA_WINE_PREFIX: machine().prefix,
        UNDERSTUDY_DA_ENDPOINT: "tcp:127.0.0.1:0",
      },
    });
    for (const name of ["Boiler", "Mill"]) {
      await plant.broker.untilStatus(
        name,
        ({ active, members }) => active === "primary" && members.every(({ link }) => link === "up"),
        "with both members up",
        patienceMs,
      );
    }
  });

  after(async function () {
    this.timeout(patienceMs);
    await Promise.all(clients.map((client) => client.kill()));
    await plant?.stop();
    await Promise.all(servers.map((server) => server.kill()));
    for (const program of ["understudy-da-proxy.exe", nativeFiles.simulator, nativeFiles.helper]) {
      for (const pid of machine().pidsOf(program)) endQuietly(pid);
    }
    machine().forgetKilledServers();
  });

  async function expectOk(client: JsonProcess, command: JsonObject): Promise<JsonObject> {
    const answer = await client.command(command, patienceMs);
    assert.equal(answer["result"], ok, `${JSON.stringify(command)}: ${JSON.stringify(answer)}`);
    return answer;
  }

  async function daClient(context: string, group: JsonObject): Promise<JsonProcess> {
    const client = await startTestClient(machine());
    clients.push(client);
    await expectOk(client, { command: "connect", progId: "Boiler", context });
    await expectOk(client, { command: "subscribe", rateMs: periodMs, periodMs, ...group });
    return client;
  }

  async function understudy(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await plant.broker.cli(...args);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  const clsidOf = (progId: string) =>
    machine().run("reg", "query", `HKLM\\Software\\Classes\\${progId}\\CLSID`, "/ve");

  it("let OPC DA clients find a pair of OPC UA servers by its name once it is enabled", async function () {
    this.timeout(2 * patienceMs);
    await assert.rejects(clsidOf("Boiler"));
    assert.match(await understudy("pair", "enable", "Boiler", "--dry-run"), /set .*Boiler\\CLSID/);
    await assert.rejects(clsidOf("Boiler"));
    await understudy("pair", "enable", "Boiler");
    await clsidOf("Boiler");
  });

  it("let OPC DA clients browse, read and write items of an OPC UA server", async function () {
    this.timeout(2 * patienceMs);
    const client = await daClient("inproc", { items: 1, item: "ns=1;s=Writable0" });
    const status = await expectOk(client, { command: "status" });
    assert.equal(status["state"], 1);
    const browsed = await expectOk(client, { command: "browse", type: "flat", filter: "*Writable0" });
    assert.match(JSON.stringify(browsed), /ns=1;s=Writable0/);
    const written = await expectOk(client, { command: "write", item: "ns=1;s=Writable0", value: 4711.5 });
    assert.equal(written["error"], ok);
    const read = await expectOk(client, { command: "read", source: "device", items: 1 });
    assert.deepEqual([read["value"], read["quality"]], [4711.5, 192]);
    const { session, close } = await plant.direct("primary");
    const { value } = await session.readVariableValue("ns=1;s=Writable0");
    assert.equal(value.value, 4711.5);
    await close();
  });

  it("keep the data of OPC DA clients flowing while the OPC UA primary is killed, nothing lost or repeated", async function () {
    this.timeout(3 * patienceMs);
    const group = { items: itemCount, prefix: "ns=1;s=Ramp" };
    const users = [await daClient("inproc", group), await daClient("local", group)];
    await Promise.all(users.map((user) => valuesBeyond(user, 0, 20 * itemCount)));
    const after = plant.broker.lastEventId;
    await plant.members.primary.kill();
    await plant.broker.untilPromoted("Boiler", "secondary", after, patienceMs);
    for (const user of users) {
      const now = await statsOf(user);
      const stats = await valuesBeyond(user, Number(now["values"]), 20 * itemCount);
      const counts = [stats["lost"], stats["duplicated"], stats["notGood"], stats["errors"]];
      assert.deepEqual(counts, [0, 0, 0, 0], JSON.stringify(stats));
    }
  });

  it("take the ProgID away again when the pair is disabled", async function () {
    this.timeout(2 * patienceMs);
    await understudy("pair", "disable", "Boiler");
    await assert.rejects(clsidOf("Boiler"));
    const client = await startTestClient(machine());
    clients.push(client);
    const answer = await client.command(
      { command: "connect", progId: "Boiler", context: "inproc" },
      patienceMs,
    );
    assert.notEqual(answer["result"], ok);
  });

  it("let an OPC UA client browse an OPC DA server in pages", async function () {
    this.timeout(2 * patienceMs);
    const { session, close } = await plant.connect("Mill");
    session.requestedMaxReferencesPerNode = 6;
    const names: string[] = [];
    const waiting = ["i=85"];
    let pages = 0;
    for (let nodeId = waiting.shift(); nodeId !== undefined; nodeId = waiting.shift()) {
      let result: BrowseResult = await session.browse({ nodeId, nodeClassMask: 0, resultMask: 63 });
      for (;;) {
        pages += 1;
        const references = result.references ?? [];
        assert.ok(references.length <= 6, `${references.length} references in a page`);
        for (const { nodeId: found, nodeClass } of references) {
          if (nodeClass === NodeClass.Variable) names.push(found.toString());
          else if (found.namespace !== 0) waiting.push(found.toString());
        }
        if (!result.continuationPoint?.length) break;
        result = await session.browseNext(result.continuationPoint, false);
        assert.ok(result.statusCode.isGood(), result.statusCode.name);
      }
    }
    assert.ok(pages > 6, `${pages} pages`);
    const found = names.filter((name) => /^ns=1;s=Ramp\d+$/.test(name));
    assert.deepEqual(
      found.sort(),
      ramps(itemCount)
        .map((name) => `ns=1;s=${name}`)
        .sort(),
    );
    const first = await session.browse({ nodeId: "i=85", nodeClassMask: 0, resultMask: 63 });
    if (first.continuationPoint?.length) await session.browseNext(first.continuationPoint, true);
    const spent = await session.browseNext(Buffer.from("00112233445566778899aabbccddeeff", "hex"), false);
    assert.equal(spent.statusCode.name, "BadContinuationPointInvalid");
    await close();
  });

  it("let an OPC UA client read and write, and refuse one with a user name", async function () {
    this.timeout(2 * patienceMs);
    const { session, close } = await plant.connect("Mill");
    assert.equal(await writeStatus(session, "Writable0", 12.25), "Good");
    const { value, sourceTimestamp } = await session.readVariableValue("ns=1;s=Writable0");
    assert.equal(value.value, 12.25);
    assert.ok(sourceTimestamp);
    assert.equal((await session.readVariableValue("ns=1;s=Nothing")).statusCode.name, "BadNodeIdUnknown");
    await close();
    const user = { name: "joe", password: "secret" };
    const refused = await statusOf(
      plant.connect("Mill", { user, secure: false }).then(() => ({ name: "Good" })),
    );
    assert.match(refused, /BadIdentityToken(Rejected|Invalid)/);
  });

  it("keep the data of an OPC UA client flowing while the OPC DA primary is killed, nothing lost or repeated", async function () {
    this.timeout(3 * patienceMs);
    const { client, watcher } = await plant.watch("Mill", ramps(itemCount), {
      publishingIntervalMs: periodMs,
    });
    await watcher.more(20, "values", patienceMs);
    const after = plant.broker.lastEventId;
    process.kill(servers[0]?.pid ?? 0, "SIGKILL");
    await plant.broker.untilPromoted("Mill", "secondary", after, patienceMs);
    await watcher.more(20, "values after the failover", patienceMs);
    const { bad, lost, duplicated, disordered } = watcher.account(0);
    assert.deepEqual(
      { bad, lost, duplicated, disordered },
      { bad: 0, lost: 0, duplicated: 0, disordered: 0 },
    );
    assert.equal(client.drops(), 0);
  });
});

function endQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}
