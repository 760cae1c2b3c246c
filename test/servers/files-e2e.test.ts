import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { CopyStatus, ServerStatus } from "../../src/control/servers-api.ts";
import { addresses, Lab, maintenanceAddress, whyNoLab } from "./support/lab.ts";
import { askFromClient, Plant } from "./support/plant.ts";
import { startSshServer } from "./support/ssh-server.ts";
import { StandIn } from "./support/stand-in.ts";

describe("understudy run with files that are copied over SSH between real hosts", function () {
  this.timeout(180_000);
  let lab: Lab;
  let plant: Plant;
  let host: StandIn;
  let source: string;
  let copy: string;

  before(async function () {
    const reason = await whyNoLab();
    if (reason !== null) {
      process.stderr.write(`skipped: files over SSH between real hosts (${reason})\n`);
      this.skip();
    }
    lab = await Lab.create();
    plant = await Plant.create(lab.directory, "files");
    source = join(lab.directory, "live data");
    copy = join(lab.directory, "copy");
    await mkdir(source);
    await writeFile(join(source, "first"), "1");
    await plant.startLive(lab);
    await startSshServer(lab);
    const settings = plant.server(null, {
      pingInterval: 300,
      pingTimeout: 3000,
      witnesses: [addresses.client.ipv4],
      failover: { warnAfter: 2, failAfter: 4, failAfterStartup: 100, recoverAfter: 1 },
      replication: {
        files: [
          {
            source,
            destination: copy,
            rescanInterval: 60_000,
            ssh: {
              user: "root",
              identityFile: join(lab.directory, "ssh", "user"),
              knownHostsFile: join(lab.directory, "ssh", "known"),
            },
          },
        ],
      },
    });
    host = new StandIn(lab, plant.directory);
    await host.prepare([settings]);
    await host.start();
  });
  after(async () => {
    await host?.kill();
    await plant?.endService();
    await lab?.remove();
  });

  const text = (folder: string, name: string): Promise<string | null> =>
    readFile(join(folder, name), "utf8").catch(() => null);
  async function status(): Promise<ServerStatus> {
    const [found] = await host.client.serverStatus();
    assert.ok(found);
    return found;
  }
  async function copyStatus(): Promise<CopyStatus> {
    const [found] = (await status()).copies;
    assert.ok(found);
    return found;
  }
  /** Bounded by the test's own time. */
  async function until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) await delay(50);
  }

  it("copies everything, then what changes, long before the next comparison of all", async () => {
    await until(async () => (await text(copy, "first")) === "1");
    await until(async () => (await copyStatus()).completeUntil !== null);
    // the watcher needs a moment of its own to be in place; until then a change waits for a hint of a later one
    let count = 0;
    await until(async () => {
      await writeFile(join(source, "second"), `${++count}`);
      await delay(300);
      return (await text(copy, "second")) !== null;
    });
    assert.equal((await copyStatus()).lastError, null);
  });

  it("says so when the way to the live server breaks, and copies only differences afterwards", async () => {
    await writeFile(join(source, "large"), randomBytes(8_000_000));
    await until(async () => (await readFile(join(copy, "large")).catch(() => "")).length === 8_000_000);
    await lab.cable("live", "down");
    await host.event("serverFailed", "plant1");
    await host.event("takeoverDone", "plant1");
    assert.equal(await askFromClient(lab, addresses.live.ipv4, 20_000), "stand-in");
    assert.equal((await copyStatus()).phase, "off", "nothing overwrites what the stand-in works on");
  });

  it("copies back what was made meanwhile over the maintenance address, and gives the role back", async () => {
    await writeFile(join(copy, "made by the stand-in"), "3");
    for (const [address, prefix] of [
      [addresses.live.ipv4, 24],
      [addresses.live.ipv6, 64],
    ] as const) {
      await lab.must("live", "ip", "address", "delete", `${address}/${prefix}`, "dev", "eth0");
    }
    await lab.cable("live", "up");
    assert.equal((await lab.run("standin", "ping", ["-c", "1", "-W", "5", maintenanceAddress])).code, 0);
    const back = host.command("failback", "plant1", "--reason", "repaired");
    while ((await lab.addressesOf("standin")).includes(addresses.live.ipv4)) await delay(50);
    assert.equal(await text(source, "made by the stand-in"), "3", "the data go back before the address does");
    await lab.must("live", "ip", "address", "add", `${addresses.live.ipv4}/24`, "dev", "eth0");
    const { code, output, complaint } = await back;
    assert.equal(code, 0, output + complaint + host.log);
    await host.event("serverReset", "plant1");
    await writeFile(join(source, "after"), "4");
    await until(async () => (await text(copy, "after")) === "4");
    const { detail } = await copyStatus();
    assert.doesNotMatch(detail, /8000000 bytes/, "what was equal was not copied again");
  });
});
