import { readdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { CDPSession, Page } from "playwright-core";
import { ConsolePlant, missingForBrowser } from "../../../test/browser/support/console-plant.ts";
import { pairSettings } from "../../../test/e2e/support/project-text.ts";
import { cpuSeconds } from "../process-cpu.ts";
import { median, rounded } from "../statistics.ts";
import { feedEvents } from "./feed.ts";
import { inPage, type PageNotes } from "./in-page.ts";
import type { ConsoleBenchSettings, ConsoleFigures } from "./settings.ts";
import { interact, round } from "./use.ts";

const pages = fileURLToPath(new URL("../../../console/", import.meta.url));
/** Time for all pairs to be served after the start of the broker. */
const startTimeoutMs = 180_000;
/** Somebody in a hurry pauses so long between two clicks. */
const pauseMs = 50;

export interface ConsoleReport {
  readonly figures: ConsoleFigures | null;
  readonly details: Readonly<Record<string, unknown>>;
  readonly skipped: readonly string[];
}

/**
 * A broker as it is delivered with so many pairs, all of them enabled and connected to two simulators; events made by
 * orders to it; and its pages in Chromium, used all the time.
 */
export async function measureConsole(
  settings: ConsoleBenchSettings,
  progress: (text: string) => void,
): Promise<ConsoleReport> {
  const missing = missingForBrowser();
  if (missing !== null) return { figures: null, details: {}, skipped: [missing] };
  const names = Array.from(
    { length: settings.pairs },
    (_, index) => `Pair${String(index + 1).padStart(3, "0")}`,
  );
  const plant = await ConsolePlant.start({
    pairs: (members) =>
      names.map((name) =>
        pairSettings(name, "hot", members, {
          queryServerStatusInterval: 5000,
          queryServerStatusTimeout: 5000,
          failover: { connectTimeout: 60_000, reconnectInterval: 2000 },
        }),
      ),
  });
  try {
    progress(`waiting for ${names.length} pairs`);
    await untilServing(plant, names.length);
    return await measureIn(plant, names, settings, progress);
  } finally {
    await plant.stop();
  }
}

async function measureIn(
  plant: ConsolePlant,
  names: readonly string[],
  settings: ConsoleBenchSettings,
  progress: (text: string) => void,
): Promise<ConsoleReport> {
  const page = await plant.open({ script: inPage });
  await page.getByRole("link", { name: names.at(-1) ?? "" }).waitFor();
  const cdp = await page.context().newCDPSession(page);
  const feeding = new AbortController();
  const fed = feedEvents(plant.broker.stateDirectory, names, settings.rate, feeding.signal);
  fed.catch(() => undefined);
  const [firstId, startedMs, startedCpu] = [
    plant.broker.lastEventId,
    performance.now(),
    cpuSeconds(plant.broker.pid),
  ];
  progress(`using the pages for ${settings.durationMs} ms`);
  while (performance.now() - startedMs < settings.durationMs) {
    for (const interaction of round(names[100 % names.length] ?? "")) {
      await interact(page, interaction);
      await page.waitForTimeout(pauseMs);
    }
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const events = plant.broker.lastEventId - firstId;
  const brokerCpuShare = rounded((cpuSeconds(plant.broker.pid) - startedCpu) / seconds, 2);
  // the list of events is what holds most
  await page.goto(`${plant.url}#/events`);
  await page.locator(".event").first().waitFor();
  // not before: a page has to translate its scripts again after such a collection
  const heap = await heapMb(cdp);
  feeding.abort();
  await fed;
  const notes = await notesOf(page);
  const serving = await servingPairs(plant);
  const { loaded, pageLoadKb } = pageLoad();
  const times = notes.effects.map(({ ms }) => ms);
  return {
    figures: {
      interactionMedianMs: rounded(median(times), 1),
      interactionP95Ms: rounded(percentile(times, 0.95), 1),
      interactionWorstMs: rounded(Math.max(...times), 1),
      interactions: times.length,
      heapMb: heap,
      longTasks: notes.longTasksMs.length,
      longTaskWorstMs: Math.max(0, ...notes.longTasksMs),
      pageLoadKb,
      pairsServing: serving,
      eventsPerSecond: Math.round(events / seconds),
    },
    details: {
      loaded,
      brokerCpuShare,
      loadAfter: rounded(loadavg()[0] ?? 0, 2),
      interactions: byName(notes.effects),
    },
    skipped: [],
  };
}

async function servingPairs(plant: ConsolePlant): Promise<number> {
  const pairs = await plant.broker.control.status();
  return pairs.filter(({ active, members }) => active !== null && members.every(({ link }) => link === "up"))
    .length;
}

async function untilServing(plant: ConsolePlant, count: number): Promise<void> {
  const deadlineMs = performance.now() + startTimeoutMs;
  let serving = 0;
  while (performance.now() < deadlineMs) {
    serving = await servingPairs(plant);
    if (serving === count) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`after ${startTimeoutMs} ms only ${serving} of ${count} pairs are served`);
}

/** The heap after a garbage collection. */
async function heapMb(cdp: CDPSession): Promise<number> {
  await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  return rounded(usedSize / 1e6, 1);
}

async function notesOf(page: Page): Promise<PageNotes> {
  return (await page.evaluate("bench.notes")) as PageNotes;
}

/** All files of the pages, as they would go over the wire with gzip. */
function pageLoad(): { readonly loaded: Readonly<Record<string, number>>; readonly pageLoadKb: number } {
  const files = ["index.html", ...readdirSync(join(pages, "assets")).map((name) => join("assets", name))];
  const loaded = Object.fromEntries(
    files.map((file) => [file, gzipSync(readFileSync(join(pages, file))).length]),
  );
  const bytes = Object.values(loaded).reduce((sum, each) => sum + each, 0);
  return { loaded, pageLoadKb: rounded(bytes / 1000, 1) };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(Math.ceil(sorted.length * share), sorted.length) - 1] ?? Number.NaN;
}

function byName(effects: PageNotes["effects"]): Readonly<Record<string, object>> {
  const names = [...new Set(effects.map(({ name }) => name))];
  return Object.fromEntries(
    names.map((name) => {
      const times = effects.filter((each) => each.name === name).map(({ ms }) => ms);
      return [name, { medianMs: rounded(median(times), 1), worstMs: rounded(Math.max(...times), 1) }];
    }),
  );
}
