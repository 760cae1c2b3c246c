import { Meter } from "../client/meter.ts";
import { PersistentStream } from "../client/persistent-stream.ts";
import { pathOpener } from "../paths/open-path.ts";
import type { PathName, Servers } from "../paths/path.ts";
import type { Fault, RunSettings } from "../settings.ts";
import { awaitRest, planWindow } from "./window.ts";

const setUpTimeoutMs = 30_000;
/** When within the window the fault comes, and how long the window goes on after it, in ms. */
const faultAfterMs = 700;
const watchAfterMs = 1500;

/** One run of one cell. */
export interface FailoverSample {
  readonly longestSilenceMs: number;
  readonly values: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Connecting up to the last item created, at the start. */
  readonly setUpMs: number;
  /** The same after the failure, where the client itself had to connect again; else null. */
  readonly reconnectSetUpMs: number | null;
  /** How often the client had to connect again. */
  readonly reconnects: number;
}

/** Lets the primary fail in the middle of a window; the caller replaces it afterwards. */
export async function runFailover(
  name: PathName,
  fault: Fault,
  items: number,
  servers: Servers,
  settings: RunSettings,
): Promise<FailoverSample> {
  const path = await pathOpener(name)(servers, settings);
  const meter = new Meter(settings.periodMs);
  const stream = new PersistentStream(
    path.endpointUrl,
    { ...settings, items, samplingIntervalMs: settings.periodMs },
    meter,
  );
  try {
    await path.ready();
    await stream.open(setUpTimeoutMs);
    const window = planWindow(meter, items, settings.periodMs, faultAfterMs + watchAfterMs);
    await window.reach(0);
    meter.startTiming();
    // In the middle between two publishing instants, so that no cell is favoured by luck.
    await window.reach(faultAfterMs + settings.publishingIntervalMs / 2);
    if (fault === "kill") await servers.primary.kill();
    else servers.primary.freeze();
    await window.reach(window.durationMs);
    meter.stopTiming();
    await awaitRest(meter);
    const { delivered, lost, duplicated, longestSilenceMs } = meter.result();
    const [first = Number.NaN, ...later] = stream.setUpsMs;
    return {
      longestSilenceMs,
      values: delivered,
      lost,
      duplicated,
      setUpMs: first,
      reconnectSetUpMs: later.at(-1) ?? null,
      reconnects: later.length,
    };
  } finally {
    stream.abort();
    await path.stop();
    await servers.primary.kill();
  }
}
