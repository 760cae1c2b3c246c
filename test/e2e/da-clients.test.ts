import assert from "node:assert/strict";
import { hresult } from "../../src/opc/da/mapping/hresult.ts";
import { Values } from "../../src/opc/da/wire/values.ts";
import { varType } from "../../src/opc/da/wire/var-type.ts";
import { scalar } from "../../src/opc/da/wire/variant.ts";
import { freePort } from "../../tools/bench/free-port.ts";
import { eventually } from "../da/support/played-pair.ts";
import { PlayedProxy } from "../da/support/played-proxy.ts";
import { Plant } from "./support/plant.ts";
import { modes, pairSettings } from "./support/project-text.ts";

const token = "proof";
const itemCount = 20;
const periodMs = 100;
const good = 0xc0;
const commFailure = 0x18;

/** Periods of the samples of each item, as the client got them. */
class Ticks {
  readonly byItem = new Map<number, number[]>();

  constructor(client: PlayedProxy) {
    client.onChange = ({ items, timestamps, qualities }) => {
      items.forEach((item, index) => {
        if (qualities[index] !== good) return;
        const tick = Number((timestamps[index] ?? 0n) / BigInt(periodMs * 10_000));
        this.byItem.set(item, [...(this.byItem.get(item) ?? []), tick]);
      });
    };
  }

  count(): { readonly lost: number; readonly duplicated: number } {
    let lost = 0;
    let duplicated = 0;
    for (const ticks of this.byItem.values()) {
      const distinct = new Set(ticks);
      duplicated += ticks.length - distinct.size;
      lost += Math.max(...ticks) - Math.min(...ticks) + 1 - distinct.size;
    }
    return { lost, duplicated };
  }
}

describe("OPC DA clients of an OPC UA pair", function () {
  this.timeout(30_000);
  let plant: Plant;
  let daPort: number;
  const proxies: PlayedProxy[] = [];

  before(async () => {
    daPort = await freePort();
    plant = await Plant.start({
      simulator: { items: itemCount, periodMs },
      pairs: (places) => [
        ...modes.map((mode) => pairSettings(mode, mode, places, { opcDaClients: true })),
        pairSettings("uaOnly", "warm", places),
      ],
      environment: { UNDERSTUDY_DA_ENDPOINT: `tcp:127.0.0.1:${daPort}`, UNDERSTUDY_DA_TOKEN: token },
    });
    await Promise.all(modes.map((mode) => plant.broker.untilServing(mode)));
  });

  after(async () => {
    for (const proxy of proxies) proxy.close();
    await plant?.stop();
  });

  async function connect(target: string): Promise<PlayedProxy> {
    const client = await PlayedProxy.connect(daPort, token, target);
    proxies.push(client);
    await client.open();
    return client;
  }

  it("are not admitted to a pair whose project does not say so", async () => {
    const client = await PlayedProxy.connect(daPort, token, "uaOnly").catch((error: unknown) => error);
    assert.match(String(client), /80040154|uaOnly/);
  });

  it("browse, ask for properties, read and write as if it were a DA server", async () => {
    const client = await connect("HOT");
    const status = await client.expect("getStatus", { server: 1 });
    assert.equal(status.state, 1);
    const top = await client.expect("browseAddressSpace", {
      server: 1,
      path: [],
      browseType: 1,
      filter: "",
      dataType: 0,
      accessRights: 0,
    });
    assert.ok(top.names.includes("Server"), top.names.join());
    const found = await client.expect("browseAddressSpace", {
      server: 1,
      path: [],
      browseType: 3,
      filter: "*Ramp*",
      dataType: 0,
      accessRights: 0,
    });
    assert.equal(found.names.length, itemCount);
    const properties = await client.expect("queryProperties", { server: 1, itemId: "ns=1;s=Ramp0" });
    assert.ok([...properties.ids].includes(5));
    const rights = await client.expect("getItemProperties", {
      server: 1,
      itemId: "ns=1;s=Ramp0",
      ids: Uint32Array.of(1, 5, 999),
    });
    assert.deepEqual([...rights.errors], [0, 0, hresult.OPC_E_INVALID_PID]);

    await client.addGroup(1);
    const added = await client.addItems(1, { 1: "ns=1;s=Ramp0", 2: "ns=1;s=Nowhere", 3: "no node id ;;" });
    assert.equal(added.errors[0], 0);
    assert.equal(added.canonicalTypes[0], varType.r8);
    assert.equal(added.errors[1], hresult.OPC_E_UNKNOWNITEMID);
    assert.equal(added.errors[2], hresult.OPC_E_INVALIDITEMID);
    const read = await client.expect("read", {
      server: 1,
      group: 1,
      source: 2,
      via: 0,
      maxAgeMs: 0,
      items: Uint32Array.of(1, 77),
    });
    assert.deepEqual([...read.errors], [0, hresult.OPC_E_INVALIDHANDLE]);
    assert.equal(read.qualities[0], good);
    assert.equal(read.values.toArray()[0]?.type, varType.r8);
    const refused = await client.expect("write", {
      server: 1,
      group: 1,
      via: 0,
      items: Uint32Array.of(1),
      values: Values.of([scalar(varType.bstr, "no number")]),
      given: new Uint8Array(),
      qualities: new Uint16Array(),
      timestamps: new BigUint64Array(),
    });
    assert.equal(refused.errors[0], hresult.OPC_E_BADTYPE);
    await client.expect("refresh", { server: 1, group: 1, source: 2, transaction: 9 });
    await client.until(() => client.changes.some(({ transaction }) => transaction === 9));
  });

  it("go on through the end of the active server, and are told when nothing serves", async () => {
    const clients = await Promise.all(modes.map((mode) => connect(mode)));
    const itemIds = Object.fromEntries(
      Array.from({ length: itemCount }, (_, index) => [index + 1, `ns=1;s=Ramp${index}`]),
    );
    const meters: Ticks[] = [];
    for (const client of clients) {
      meters.push(new Ticks(client));
      await client.addGroup(1);
      const { errors } = await client.addItems(1, itemIds);
      assert.ok(errors.every((error) => error === 0));
    }
    await Promise.all(clients.map((client) => client.until((got) => got.length >= 10 * itemCount, 10_000)));
    await plant.members.primary.kill();
    await Promise.all(
      modes.map((mode) =>
        plant.broker.untilStatus(mode, ({ active }) => active === "secondary", "with the secondary active"),
      ),
    );
    const counts = clients.map((client) => client.received.length);
    await Promise.all(
      clients.map((client, index) =>
        client.until((got) => got.length >= (counts[index] ?? 0) + 10 * itemCount, 10_000),
      ),
    );
    const results = meters.map((meter) => meter.count());
    modes.forEach((mode, index) => {
      console.log(`      killed, ${mode}: ${JSON.stringify(results[index])}`);
    });
    assert.deepEqual(results[2], { lost: 0, duplicated: 0 });
    await plant.members.secondary.kill();
    for (const client of clients) {
      await client.until(
        (got) => got.filter(({ quality }) => quality === commFailure).length >= itemCount,
        10_000,
      );
      assert.ok(client.isOpen);
    }
    await eventually(() => clients.every((client) => client.isOpen));
  });
});
