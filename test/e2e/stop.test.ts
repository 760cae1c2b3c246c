import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ConnectionMode } from "../../src/core/policy.ts";
import { type Role, roles } from "../../src/core/role.ts";
import type { DiagnosticEvent } from "../../src/diagnostics/event.ts";
import { ScriptedServer } from "../notify/support.ts";
import { Changes } from "./support/changes.ts";
import { Plant } from "./support/plant.ts";
import { modes, pairSettings, type Settings } from "./support/project-text.ts";
import { ramps } from "./support/watcher.ts";

const stopLimitMs = 2000;
const askAgainMs = 25;

describe("a broker that is told to end", function () {
  this.timeout(60_000);
  let plant: Plant;
  const stops: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  async function start(own: readonly ConnectionMode[], more: Settings = {}): Promise<void> {
    plant = await Plant.start({
      simulator: { items: 10 },
      pairs: (places) => own.map((mode) => pairSettings(mode, mode, places, more)),
    });
    stops.push(() => plant.stop());
    await Promise.all(own.map((mode) => plant.broker.untilServing(mode)));
  }

  async function endsInTime(): Promise<void> {
    const { code, tookMs, heldUpMs } = await plant.broker.terminate();
    assert.equal(code, 0);
    assert.ok(tookMs - heldUpMs < stopLimitMs, `${tookMs} ms, of which it was held up for ${heldUpMs} ms`);
  }

  it("does so on SIGTERM within two seconds and leaves no process and no connection behind", async () => {
    await start(modes);
    const { broker } = plant;
    const watchers = await Promise.all(
      modes.map(async (mode) => {
        const { watcher } = await plant.watch(mode, ramps(10));
        await watcher.more();
        return watcher;
      }),
    );

    const second = await broker.cli("run", "--enable-all");
    assert.notEqual(second.code, 0, "its state directory is in use");
    assert.match(second.stderr, /error [A-Z_]+: /);
    for (const watcher of watchers) {
      await watcher.more();
      assert.equal(watcher.account().lost, 0, "a second one that is refused is not noticed");
    }

    await endsInTime();
    assert.equal(await canConnect(plant.port), false, "the port is free");
    assert.throws(() => process.kill(broker.pid, 0), /ESRCH/);
    assert.equal(existsSync(join(broker.stateDirectory, "run", "control.sock")), false);
    await Promise.all(roles.map((role) => untilWithoutConnections(plant, role)));
  });

  it("does so within two seconds also while a member stands still and the other is gone", async () => {
    await start(modes);
    const { watcher } = await plant.watch("hot", ramps(10));
    await watcher.more();
    plant.members.primary.freeze();
    await plant.members.secondary.kill();
    await endsInTime();
  });

  it("does so in time also while both mail servers hang, and tells which mail has not gone", async () => {
    const hanging = await Promise.all([ScriptedServer.start(() => null), ScriptedServer.start(() => null)]);
    stops.push(...hanging.map((server) => () => server.stop()));
    const [primarySmtp, secondarySmtp] = hanging.map(({ port }) => ({
      host: "127.0.0.1",
      port,
      security: "none",
    }));
    await start(["hot"], {
      diagnostics: { preserveOnShutdown: true },
      notifications: {
        enabled: true,
        primarySmtp,
        secondarySmtp,
        from: "broker@plant.example",
        to: ["night@plant.example"],
        events: ["connectionLost", "promoted"],
      },
    });
    const { broker } = plant;
    plant.members.secondary.freeze();
    await plant.members.primary.kill();
    await broker.untilEvent(({ code }) => code === "connectionLost", "the loss of the primary");
    await hanging[0]?.entered;
    await endsInTime();

    const kept = eventsIn(join(broker.stateDirectory, "events.jsonl"));
    const untold = kept.flatMap(({ record }) =>
      record.kind === "notificationFailed" ? [`${record.event}: ${record.detail}`] : [],
    );
    const log = readFileSync(join(broker.stateDirectory, "log", "understudy.log"), "utf8");
    for (const lost of ["promoted", "connectionLost"]) {
      const mailed = kept.filter(({ code }) => code === lost).length;
      assert.ok(mailed > 0, lost);
      assert.ok(
        untold.some((text) => text.startsWith(`${lost}: the broker stopped`)),
        `${lost} in ${untold}`,
      );
      assert.match(log, new RegExp(`A mail about the event ${lost} of .* was dropped`));
    }
  });
});

function eventsIn(path: string): readonly DiagnosticEvent[] {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as DiagnosticEvent);
}

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
