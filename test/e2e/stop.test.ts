import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Role, roles } from "../../src/core/role.ts";
import { Changes } from "./support/changes.ts";
import { Plant } from "./support/plant.ts";
import { modes, pairSettings } from "./support/project-text.ts";
import { ramps } from "./support/watcher.ts";

const stopLimitMs = 2000;
const askAgainMs = 25;

describe("a broker that is told to end", function () {
  this.timeout(30_000);
  // Two seconds are promised on a machine that is not busy with other things all the time.
  this.retries(3);
  let plant: Plant;

  beforeEach(async () => {
    plant = await Plant.start({
      simulator: { items: 10 },
      pairs: (places) => modes.map((mode) => pairSettings(mode, mode, places)),
    });
    await Promise.all(modes.map((mode) => plant.broker.untilServing(mode)));
  });
  afterEach(() => plant.stop());

  it("ends on SIGTERM within two seconds and leaves no process and no connection behind", async () => {
    const { broker } = plant;
    await Promise.all(
      modes.map(async (mode) => {
        const { watcher } = await plant.watch(mode, ramps(10));
        await watcher.more();
      }),
    );
    const { code, tookMs } = await broker.terminate();
    assert.equal(code, 0);
    assert.ok(tookMs < stopLimitMs, `${tookMs} ms`);
    assert.equal(await canConnect(plant.port), false, "the port is free");
    assert.throws(() => process.kill(broker.pid, 0), /ESRCH/);
    assert.equal(existsSync(join(broker.stateDirectory, "run", "control.sock")), false);
    await Promise.all(roles.map((role) => untilWithoutConnections(plant, role)));
  });

  it("ends within two seconds also while a member stands still and the other is gone", async () => {
    const { watcher } = await plant.watch("hot", ramps(10));
    await watcher.more();
    plant.members.primary.freeze();
    await plant.members.secondary.kill();
    const { code, tookMs } = await plant.broker.terminate();
    assert.equal(code, 0);
    assert.ok(tookMs < stopLimitMs, `${tookMs} ms`);
  });

  it("is refused on a state directory that is in use, and the one that runs notices nothing", async () => {
    const { watcher } = await plant.watch("hot", ramps(10));
    await watcher.more();
    const second = await plant.broker.cli("run", "--enable-all");
    assert.notEqual(second.code, 0);
    assert.match(second.stderr, /error [A-Z_]+: /);
    await watcher.more();
    assert.equal(watcher.account().lost, 0);
  });
});

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** The simulator tells its connections only when asked. */
async function untilWithoutConnections(plant: Plant, role: Role): Promise<void> {
  const asked = new Changes();
  let connections = -1;
  let isOver = false;
  const ask = async (): Promise<void> => {
    while (!isOver) {
      connections = (await plant.members[role].control({ command: "status" })).connections ?? 0;
      asked.announce();
      await delay(askAgainMs);
    }
  };
  const asking = ask();
  try {
    await asked.until(() => connections === 0, `the ${role} to have no connections`, {
      state: () => `${connections} left`,
    });
  } finally {
    isOver = true;
    await asking;
  }
}
