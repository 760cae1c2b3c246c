import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { PlanOutcome } from "../../src/servers/seams.ts";
import { freePort } from "../../tools/bench/free-port.ts";
import { type PlanProcessEnd, runPlan } from "./support/plan-process.ts";
import { Plant } from "./support/plant.ts";

/** How many plants at a time. */
const lanes = 2;

describe("a plan whose process is killed", function () {
  this.timeout(600_000);
  let directory: string;
  let count = 0;

  before(async function () {
    if (process.platform !== "linux") this.skip();
    directory = await mkdtemp(join(tmpdir(), "understudy-kill-"));
  });

  after(async () => {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  });

  async function withPlant(use: (plant: Plant) => Promise<void>): Promise<void> {
    count += 1;
    const plant = await Plant.create(directory, `plant-${count}`, await freePort());
    try {
      await use(plant);
    } finally {
      await plant.endService();
    }
  }

  /** Runs `test` for one point after the other until it says that the process was no longer killed. */
  async function everyPoint(
    test: (plant: Plant, point: number) => Promise<boolean>,
    from = 1,
  ): Promise<number> {
    let next = from;
    let last = Number.POSITIVE_INFINITY;
    const lane = async (): Promise<void> => {
      while (next < last) {
        const point = next++;
        await withPlant(async (plant) => {
          if (!(await test(plant, point))) last = Math.min(last, point);
        });
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return last;
  }

  const took = ["pre", "start", "post"];
  /** The commands before these are steps like them; leaving them out spares every point time. */
  const short = { takeover: { stopSource: null, fence: null } };

  /** Before the first record there is no plan to go on with, and after the last one no more. */
  function assertEnded({ result }: PlanProcessEnd, outcome: PlanOutcome, at: string): void {
    if (result !== null) assert.equal(result.outcome, outcome, `${at}: ${result.detail}`);
  }

  it("takes over after a kill at any point, and does nothing twice", async () => {
    const points = await everyPoint(async (plant, killAt) => {
      const server = plant.local(short);
      const first = await runPlan(null, { server, directory: plant.directory, what: "takeover", killAt });
      const second = await runPlan(null, { server, directory: plant.directory, what: "resume" });
      const at = `killed at point ${killAt}`;
      const notBegun = killAt === 1;
      assertEnded(second, "done", at);
      assert.deepEqual(await plant.calls(), notBegun ? [] : took, at);
      const { standing } = await runPlan(null, { server, directory: plant.directory, what: "standing" });
      assert.deepEqual(standing, { kind: notBegun ? "none" : "standingIn" }, at);
      return first.signal === "SIGKILL";
    });
    assert.ok(points > 12, `${points} points`);
  });

  /** Records, each with two sides, up to the failure of the last of four steps; until there it is a takeover. */
  const beforeTurningBack = 2 * (1 + 2 * 3 + 1);

  it("rolls back after a kill at any point", async () => {
    const points = await everyPoint(async (plant, killAt) => {
      await plant.script("post", "exit 3");
      const server = plant.local({ ...short, failover: { onStepFailure: "rollBack" } });
      const first = await runPlan(null, { server, directory: plant.directory, what: "takeover", killAt });
      const second = await runPlan(null, { server, directory: plant.directory, what: "resume" });
      const at = `killed at point ${killAt}`;
      assertEnded(second, "rolledBack", at);
      assert.deepEqual(await plant.calls(), [...took, "stop"], at);
      const { standing } = await runPlan(null, { server, directory: plant.directory, what: "standing" });
      assert.deepEqual(standing, { kind: "none" }, at);
      return first.signal === "SIGKILL";
    }, beforeTurningBack);
    assert.ok(points > beforeTurningBack + 8, `${points} points`);
  });

  it("fails back after a kill at any point", async () => {
    const points = await everyPoint(async (plant, killAt) => {
      const server = plant.local(short);
      const over = await runPlan(null, { server, directory: plant.directory, what: "takeover" });
      assert.equal(over.result?.outcome, "done", over.result?.detail);
      const first = await runPlan(null, { server, directory: plant.directory, what: "failback", killAt });
      const second = await runPlan(null, { server, directory: plant.directory, what: "resume" });
      const at = `killed at point ${killAt}`;
      assertEnded(second, "done", at);
      const back = killAt === 1 ? [] : ["back-pre", "stop", "back-post"];
      assert.deepEqual(await plant.calls(), [...took, ...back], at);
      const { standing } = await runPlan(null, { server, directory: plant.directory, what: "standing" });
      assert.deepEqual(standing, { kind: killAt === 1 ? "standingIn" : "none" }, at);
      return first.signal === "SIGKILL";
    });
    assert.ok(points > 12, `${points} points`);
  });

  it("waits for a script that outlived it, and takes its end", async () => {
    await withPlant(async (plant) => {
      const go = plant.path("go");
      await plant.script(
        "pre",
        `kill -9 "$(cat ${plant.path("executor.pid")})"\nwhile [ ! -e ${go} ]; do sleep 0.02; done\necho ended >${plant.path("ended")}`,
      );
      const server = plant.local(short);
      const first = await runPlan(null, { server, directory: plant.directory, what: "takeover" });
      assert.equal(first.signal, "SIGKILL");
      const resumed = runPlan(null, { server, directory: plant.directory, what: "resume" });
      await delay(300);
      await plant.script("go", ":");
      const { result } = await resumed;
      assert.equal(result?.outcome, "done", result?.detail);
      assert.equal(await readFile(plant.path("ended"), "utf8"), "ended\n");
      assert.deepEqual(await plant.calls(), took);
    });
  });
});
