import { Worker } from "node:worker_threads";
import { runSchedules, type Tally } from "./run.ts";

/** As `runSchedules`, with half of the seeds in a worker thread: a second core is nearly always free. */
export async function runSchedulesInParallel(firstSeed: number, count: number): Promise<Tally> {
  const here = Math.floor(count / 2);
  const there = new Promise<Tally>((resolve, reject) => {
    // beside this file, with the ending that this one was built to
    const url = new URL(import.meta.url.replace("run-parallel", "worker"));
    const worker = new Worker(url, { workerData: { seed: firstSeed + here, count: count - here } });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the worker ended with ${code} and said nothing`)));
  });
  // an error of the worker is met below, also where this half takes longer
  there.catch(() => undefined);
  const first = runSchedules(firstSeed, here);
  const second = await there;
  return {
    schedules: first.schedules + second.schedules,
    steps: first.steps + second.steps,
    switchovers: first.switchovers + second.switchovers,
    slowestRecoveryMs: Math.max(first.slowestRecoveryMs, second.slowestRecoveryMs),
    failures: [...first.failures, ...second.failures],
  };
}
