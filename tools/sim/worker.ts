import { parentPort, workerData } from "node:worker_threads";
import { runSchedules } from "./run.ts";

// A part of the schedules on a core of its own; see run-parallel.ts.
const { seed, count } = workerData as { readonly seed: number; readonly count: number };
parentPort?.postMessage(runSchedules(seed, count));
