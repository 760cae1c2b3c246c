import { loadavg } from "node:os";
import type { Progress } from "../bench.ts";
import type { Report } from "../report.ts";
import { median, rounded } from "../statistics.ts";
import { Plant } from "./plant.ts";
import { type DaSample, type HangSample, runHang, runRead, runSubscribe, runSwitch } from "./runs.ts";
import { type DaPath, type DaSettings, daPaths } from "./settings.ts";
import { Workshop, whyNoDaBench } from "./workshop.ts";

type Operation = "cacheRead" | "deviceRead" | "subscribe" | "switch";

interface Cell {
  readonly path: DaPath;
  readonly operation: Operation;
  readonly items: number;
}

/** Where runs are kept; each cell has its place from the beginning, so rows come in a fixed order. */
class Notes {
  readonly #settings: DaSettings;
  readonly #progress: Progress;
  readonly #endMs: number;
  readonly #samples = new Map<string, { readonly cell: Cell; readonly runs: DaSample[] }>();
  readonly hangs: HangSample[] = [];
  readonly skipped: string[] = [];

  constructor(settings: DaSettings, progress: Progress) {
    this.#settings = settings;
    this.#progress = progress;
    this.#endMs = performance.now() + settings.limitMs;
  }

  async run(cell: Cell, measure: () => Promise<DaSample>): Promise<void> {
    const name = Object.values(cell).join(" ");
    await this.attempt(name, async () => {
      const sample = await measure();
      const entry = this.#samples.get(name);
      if (entry) entry.runs.push(sample);
      else this.#samples.set(name, { cell, runs: [sample] });
    });
  }

  /** Whatever goes wrong is written down, and the bench goes on. */
  async attempt(name: string, action: () => Promise<void>): Promise<void> {
    if (performance.now() > this.#endMs) {
      this.skipped.push(`${name}: the time was up`);
      return;
    }
    this.#progress(name);
    try {
      await action();
    } catch (error) {
      this.skipped.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      this.#progress(`  failed: ${this.skipped.at(-1)}`);
    }
  }

  report(): Report {
    const entries = [...this.#samples.values()];
    return {
      rows: entries.map(({ cell, runs }) => ({ ...cell, ...summary(runs) })),
      details: [
        ...entries.map(({ cell, runs }) => ({ ...cell, ...extras(runs, cell, this.#settings), runs })),
        ...(this.hangs.length > 0 ? [hangDetail(this.hangs)] : []),
        { operation: "load", loadAfter: rounded(loadavg()[0] ?? 0, 2) },
      ],
      skipped: this.skipped,
    };
  }
}

/** Medians of times and rates, the most of what was lost or repeated. */
function summary(runs: readonly DaSample[]) {
  const numbers = (of: (run: DaSample) => number | null) => runs.flatMap((run) => of(run) ?? []);
  const middle = (of: (run: DaSample) => number | null, digits: number) => {
    const all = numbers(of);
    return all.length === 0 ? null : rounded(median(all), digits);
  };
  const most = (of: (run: DaSample) => number | null) => {
    const all = numbers(of);
    return all.length === 0 ? null : Math.max(...all);
  };
  return {
    medianUs: middle((run) => run.medianUs, 2),
    valuesPerSecond: middle((run) => run.valuesPerSecond, 0),
    lost: most((run) => run.lost),
    duplicated: most((run) => run.duplicated),
    longestSilenceMs: middle((run) => run.longestSilenceMs, 0),
  };
}

function extras(runs: readonly DaSample[], { operation, items }: Cell, settings: DaSettings) {
  const kb = runs.flatMap(({ extra }) => extra["proxyKb"] ?? []);
  const silences = runs.flatMap(({ longestSilenceMs }) => longestSilenceMs ?? []);
  return {
    ...(operation === "subscribe" && kb.length > 0
      ? { proxyKbPer10kItems: Math.round((median(kb) * 10_000) / items) }
      : {}),
    ...(operation === "subscribe" || operation === "switch"
      ? { rateMs: settings.rateMs, worstSilenceMs: Math.max(...silences) }
      : {}),
  };
}

function hangDetail(hangs: readonly HangSample[]) {
  const replaced = hangs.flatMap(({ helperReplacedMs }) => helperReplacedMs ?? []);
  return {
    operation: "hang",
    detectedMs: rounded(median(hangs.map(({ detectedMs }) => detectedMs)), 0),
    helperReplacedMs: replaced.length === 0 ? null : rounded(median(replaced), 0),
    runs: hangs,
  };
}

/** Nothing is measured where Wine or the native programs are missing: then `skipped` says what to do. */
export async function daBench(settings: DaSettings, progress: Progress): Promise<Report> {
  const reason = whyNoDaBench();
  if (reason !== null) return { rows: [], details: [], skipped: [reason] };
  const notes = new Notes(settings, progress);
  progress("making a Windows machine");
  const workshop = await Workshop.open();
  try {
    await withPlant(workshop, settings, notes, (plant) => steady(plant, settings, notes));
    await faults(workshop, settings, notes);
  } finally {
    await workshop.close();
  }
  return notes.report();
}

/** Every path once per round, so that a change of the machine's mood meets all of them. */
async function steady(plant: Plant, settings: DaSettings, notes: Notes): Promise<void> {
  for (let round = 1; round <= settings.repeats; round++) {
    for (const source of ["cache", "device"] as const) {
      for (const items of settings.readItems) {
        for (const path of daPaths) {
          const cell = { path, operation: `${source}Read`, items } as const;
          await notes.run(cell, () => runRead(plant, path, items, source, settings.reads));
        }
      }
    }
    for (const path of daPaths) {
      const cell = { path, operation: "subscribe", items: settings.items } as const;
      await notes.run(cell, () => runSubscribe(plant, path, settings.items, settings.durationMs));
    }
  }
}

/** A fault needs a plant of its own. A client without a proxy does not outlive one: it has no row. */
async function faults(workshop: Workshop, settings: DaSettings, notes: Notes): Promise<void> {
  for (let round = 1; round <= settings.repeats; round++) {
    for (const items of settings.switchItems) {
      for (const path of ["dll", "exe"] as const) {
        const cell = { path, operation: "switch", items } as const;
        await withPlant(workshop, settings, notes, (plant) =>
          notes.run(cell, () => runSwitch(plant, path, items, settings.rateMs)),
        );
      }
    }
    await withPlant(workshop, settings, notes, (plant) =>
      notes.attempt("hang", async () => {
        notes.hangs.push(await runHang(plant));
      }),
    );
  }
}

async function withPlant(
  workshop: Workshop,
  settings: DaSettings,
  notes: Notes,
  use: (plant: Plant) => Promise<void>,
): Promise<void> {
  await notes.attempt("starting a pair", async () => {
    const most = Math.max(settings.items, ...settings.readItems, ...settings.switchItems);
    const plant = await Plant.start(workshop, settings, most);
    try {
      await use(plant);
    } finally {
      await plant.stop();
    }
  });
}
