import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { asTranscript } from "../../tools/sim/as-transcript.ts";
import { runSchedulesInParallel } from "../../tools/sim/run-parallel.ts";

const schedules = 20_000;

describe("the failover core under random faults", function () {
  this.timeout(300_000);

  it(`keeps every rule in ${schedules} schedules and is well in time once the faults stop`, async () => {
    const startedMs = performance.now();
    const tally = await runSchedulesInParallel(1, schedules);
    const seconds = (performance.now() - startedMs) / 1000;
    const rate = Math.round(tally.schedules / seconds);
    console.log(`      ${tally.schedules} schedules, ${tally.steps} steps, ${rate} schedules/s`);

    const failures = tally.failures.map(({ seed, detail, schedule, outcome }) => {
      mkdirSync("dist/sim-failures", { recursive: true });
      const transcript = join("dist/sim-failures", `seed-${seed}.txt`);
      writeFileSync(transcript, asTranscript(schedule, outcome));
      return `seed ${seed}: ${detail} (see ${transcript})`;
    });
    assert.deepEqual(failures, []);
    assert.equal(tally.schedules, schedules);
  });
});
