import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { finishDeployment } from "../../src/project/deployment-mark.ts";
import { readMachineState } from "../../src/project/machine-state.ts";
import { newProject } from "../../src/project/project-document.ts";

const script = fileURLToPath(new URL("./deploy-live.js", import.meta.url));
const preload = fileURLToPath(new URL("../cli/kill-at-step.js", import.meta.url));

function projectOf(name: string): string {
  const [primary, secondary] = [{ machine: "a" }, { machine: "b" }];
  return newProject().addPair({ server: name, protocol: "opcua", primary, secondary }).toString();
}

describe("a project put in place under a running broker", function () {
  this.timeout(240_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "understudy-deploy-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const [before, next] = [projectOf("Boiler"), projectOf("Pump")];

  /** What is there after a kill before that step and the next start of a broker. */
  async function killedAt(step: number, takes: boolean) {
    writeFileSync(join(folder, "new.xml"), next);
    writeFileSync(join(folder, "redundancymaster.xml"), before);
    writeFileSync(join(folder, "machine-state.json"), '{"version":1,"enabledPairs":["Boiler"]}\n');
    rmSync(join(folder, "deployment.json"), { force: true });
    const child = spawn(
      process.execPath,
      ["--import", preload, script, folder, takes ? "takes" : "refuses"],
      { env: { TEST_KILL_AT: String(step) }, stdio: ["ignore", "ignore", "inherit"] },
    );
    const [code] = (await once(child, "close")) as [number | null];
    await finishDeployment(folder, true);
    const text = readFileSync(join(folder, "redundancymaster.xml"), "utf8");
    const { enabledPairs } = await readMachineState(folder);
    return { done: code === 0, isNew: text === next, isOld: text === before, enabledPairs };
  }

  for (const takes of [true, false]) {
    it(`is ${takes ? "the new one or the old one" : "the old one, as it is refused,"} at whatever moment it is killed`, async () => {
      let step = 0;
      const seen = new Set<boolean>();
      for (let done = false; !done; ) {
        step += 1;
        assert.ok(step < 100);
        const left = await killedAt(step, takes);
        done = left.done;
        seen.add(left.isNew);
        assert.ok(takes ? left.isNew || left.isOld : left.isOld, `step ${step}`);
        assert.deepEqual(left.enabledPairs, [left.isNew ? "Pump" : "Boiler"], `step ${step}`);
        if (done) assert.equal(left.isNew, takes);
      }
      assert.ok(step > 10, `${step} steps`);
      assert.equal(seen.has(true), takes);
    });
  }
});
