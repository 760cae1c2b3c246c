import { BenchSession } from "../client/bench-session.ts";
import { openStream } from "../client/bench-subscription.ts";
import { Meter } from "../client/meter.ts";
import { measureReads } from "../client/read-latency.ts";
import { pathOpener } from "../paths/open-path.ts";
import type { PathName, Servers } from "../paths/path.ts";
import { cpuSeconds, residentMb } from "../process-cpu.ts";
import type { RunSettings } from "../settings.ts";
import { awaitRest, planWindow } from "./window.ts";

const setUpTimeoutMs = 30_000;

/** One run of one cell. */
export interface ThroughputSample {
  /** Values in the window. */
  readonly values: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly windowMs: number;
  /** Null where there is no process in between. */
  readonly cpuSecondsPerMillion: number | null;
  readonly residentMb: number | null;
  /** CPU of the bench process itself as a share of a core: the client must not be the limit. */
  readonly clientCpuShare: number;
  readonly simulatorCpuShare: number;
  /** Connecting up to the last item created. */
  readonly setUpMs: number;
  readonly readP50Us: number;
  readonly readP99Us: number;
}

export async function runThroughput(
  name: PathName,
  items: number,
  servers: Servers,
  settings: RunSettings,
): Promise<ThroughputSample> {
  const path = await pathOpener(name)(servers, settings);
  try {
    await path.ready();
    const meter = new Meter(settings.periodMs);
    const startMs = performance.now();
    const session = await BenchSession.open(path.endpointUrl, setUpTimeoutMs);
    let ended: string | null = null;
    const stream = { ...settings, items, samplingIntervalMs: settings.periodMs };
    await openStream(
      session,
      stream,
      {
        onValue: meter.onValue,
        onMessage: meter.onMessage,
        onEnded: (detail) => {
          ended = detail;
        },
      },
      setUpTimeoutMs,
    );
    const setUpMs = performance.now() - startMs;

    const window = planWindow(meter, items, settings.periodMs, settings.durationMs);
    await window.reach(0);
    const before = usage(path.pid, servers.primary.pid);
    await window.reach(window.durationMs);
    const after = usage(path.pid, servers.primary.pid);
    await awaitRest(meter);
    if (ended !== null) throw new Error(`${name}: the stream ended: ${ended}`);
    const memory = path.pid === null ? null : residentMb(path.pid);
    await session.close();

    const { offered, delivered, lost, duplicated } = meter.result();
    const reads = await measureReads(path.endpointUrl, settings.reads);
    const windowSeconds = window.durationMs / 1000;
    return {
      values: delivered,
      lost,
      duplicated,
      windowMs: window.durationMs,
      cpuSecondsPerMillion: path.pid === null ? null : ((after.path - before.path) / offered) * 1e6,
      residentMb: memory,
      clientCpuShare: (after.client - before.client) / windowSeconds,
      simulatorCpuShare: (after.simulator - before.simulator) / windowSeconds,
      setUpMs,
      readP50Us: reads.p50Us,
      readP99Us: reads.p99Us,
    };
  } finally {
    await path.stop();
  }
}

function usage(path: number | null, simulator: number) {
  return {
    path: path === null ? 0 : cpuSeconds(path),
    simulator: cpuSeconds(simulator),
    client: cpuSeconds(process.pid),
  };
}
