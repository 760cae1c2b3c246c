import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadApplicationIdentity } from "../../src/opc/ua/pki/application-identity.ts";
import { SimulatorProcess } from "../simulator/process.ts";
import { whyNot } from "./paths/open-path.ts";
import type { PathName, Servers } from "./paths/path.ts";
import { type FailoverSample, runFailover } from "./runs/failover.ts";
import { runThroughput, type ThroughputSample } from "./runs/throughput.ts";
import type { BenchSettings, Fault, RunSettings } from "./settings.ts";

/** The client's code is compiled by the engine before anything counts. */
const warmUpMs = 1000;

export interface Cell {
  readonly path: PathName;
  readonly items: number;
}

export interface FailoverCell extends Cell {
  readonly fault: Fault;
}

/** All runs of one cell, and what went wrong where it did. */
export interface Measured<C extends Cell, S> {
  readonly cell: C;
  readonly samples: readonly S[];
  /** Why runs are missing. */
  readonly skipped: readonly string[];
}

export type Progress = (text: string) => void;

/** Runs every path once per round, so that a change of the machine's mood meets all of them. */
async function rounds<C extends Cell, S>(
  cells: readonly C[],
  settings: BenchSettings,
  progress: Progress,
  run: (cell: C) => Promise<S>,
): Promise<readonly Measured<C, S>[]> {
  const startMs = performance.now();
  const results = cells.map((cell) => ({ cell, samples: [] as S[], skipped: [] as string[] }));
  for (let round = 1; round <= settings.repeats; round++) {
    for (const { cell, samples, skipped } of results) {
      const reason =
        whyNot(cell.path) ?? (performance.now() - startMs > settings.limitMs ? "the time was up" : null);
      if (reason !== null) {
        skipped.push(reason);
        continue;
      }
      progress(`round ${round} of ${settings.repeats}: ${Object.values(cell).join(" ")}`);
      try {
        samples.push(await run(cell));
      } catch (error) {
        skipped.push(error instanceof Error ? error.message : String(error));
        progress(`  failed: ${skipped.at(-1)}`);
      }
    }
  }
  return results;
}

export async function throughputBench(
  settings: BenchSettings,
  progress: Progress,
): Promise<readonly Measured<Cell, ThroughputSample>[]> {
  return withIdentity(settings, async (runSettings) => {
    const all: Measured<Cell, ThroughputSample>[] = [];
    for (const items of settings.items) {
      const servers = await startServers(items, settings);
      try {
        progress(`warming up: ${items} items`);
        await runThroughput("direct", items, servers, { ...runSettings, durationMs: warmUpMs });
        const cells = settings.paths.map((path) => ({ path, items }));
        const share = { ...settings, limitMs: settings.limitMs / settings.items.length };
        const run = (cell: Cell) => runThroughput(cell.path, items, servers, runSettings);
        all.push(...(await rounds(cells, share, progress, run)));
      } finally {
        await Promise.all([servers.primary.kill(), servers.secondary.kill()]);
      }
    }
    return all;
  });
}

export async function failoverBench(
  settings: BenchSettings,
  progress: Progress,
): Promise<readonly Measured<FailoverCell, FailoverSample>[]> {
  const cells = settings.items.flatMap((items) =>
    settings.faults.flatMap((fault) => settings.paths.map((path) => ({ path, fault, items }))),
  );
  return withIdentity(settings, (runSettings) =>
    rounds(cells, settings, progress, async (cell) => {
      const servers = await startServers(cell.items, settings);
      try {
        return await runFailover(cell.path, cell.fault, cell.items, servers, runSettings);
      } finally {
        await Promise.all([servers.primary.kill(), servers.secondary.kill()]);
      }
    }),
  );
}

/** Making the broker's key takes up to seconds of CPU once per machine: done before anything is measured. */
async function withIdentity<T>(
  settings: BenchSettings,
  run: (settings: RunSettings) => Promise<T>,
): Promise<T> {
  const identityDirectory = mkdtempSync(join(tmpdir(), "understudy-bench-identity-"));
  try {
    const identity = await loadApplicationIdentity({ directory: identityDirectory });
    await identity.trustList.close();
    return await run({ ...settings, identityDirectory });
  } finally {
    rmSync(identityDirectory, { recursive: true, force: true });
  }
}

async function startServers(items: number, settings: BenchSettings): Promise<Servers> {
  const options = { items, periodMs: settings.periodMs, sines: 0 };
  const [primary, secondary] = await Promise.all([
    SimulatorProcess.start({ ...options, name: "primary" }),
    SimulatorProcess.start({ ...options, name: "secondary", phaseMs: settings.secondaryPhaseMs }),
  ]);
  return { primary, secondary };
}
