import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { addresses, Lab, whyNoLab } from "../../../test/servers/support/lab.ts";
import { Plant, servicePort } from "../../../test/servers/support/plant.ts";
import { StandIn } from "../../../test/servers/support/stand-in.ts";
import { median, rounded } from "../statistics.ts";
import type { Measure, MeasureSettings } from "./measure.ts";

/** How long the duplicate check waits for an answer, in ms. */
const duplicateCheckMs = 1000;
/** What all else may take, in ms. */
const allowanceMs = 300;

const clientProgram = fileURLToPath(new URL("connect-main.js", import.meta.url));

interface TakeoverRun {
  /** Link down until served by the stand-in. */
  readonly takeoverMs: number;
  /** Until the plan was done, as the stand-in itself reports. */
  readonly planMs: number;
}

/**
 * The failover server as it is sold (`understudy run`) on one host of a lab, a live server on another, and a third
 * host that connects to the live server's address all the time. The live server's cable is pulled.
 */
export const measureTakeover: Measure = async (settings, progress) => {
  const reason = await whyNoLab();
  if (reason !== null) return { figures: {}, details: {}, skipped: [`takeover: ${reason}`] };
  const runs: TakeoverRun[] = [];
  for (let run = 1; run <= settings.repeats; run += 1) {
    const measured = await measureOnce(settings);
    progress(`takeover ${run} of ${settings.repeats}: ${rounded(measured.takeoverMs, 0)} ms`);
    runs.push(measured);
  }
  const { failAfter, pingInterval, pingTimeout } = settings;
  return {
    figures: {
      takeoverMs: rounded(median(runs.map(({ takeoverMs }) => takeoverMs)), 1),
      takeoverBudgetMs: failAfter * pingInterval + pingTimeout + duplicateCheckMs + allowanceMs,
    },
    details: { takeoverRuns: runs, duplicateCheckMs },
    skipped: [],
  };
};

async function measureOnce(settings: MeasureSettings): Promise<TakeoverRun> {
  const lab = await Lab.create();
  const directory = await mkdtemp(join(tmpdir(), "understudy-bench-"));
  try {
    return await measureIn(lab, directory, settings);
  } finally {
    await lab.remove();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function measureIn(lab: Lab, directory: string, settings: MeasureSettings): Promise<TakeoverRun> {
  const { pingInterval, pingTimeout, failAfter } = settings;
  const plant = await Plant.create(directory, "plant");
  await plant.startLive(lab);
  const server = plant.server(null, {
    pingInterval,
    pingTimeout,
    probes: [{ kind: "tcp", port: servicePort }],
    witnesses: [addresses.client.ipv4],
    failover: { warnAfter: 1, failAfter, recoverAfter: 1 },
    takeover: { stopSource: null, fence: null, preScript: null, postScript: null },
  });
  // A service that must be started first adds its own time, which is not ours to measure.
  const service = fileURLToPath(new URL("../../../test/servers/support/service-main.js", import.meta.url));
  await lab.started("standin", process.execPath, [service, "stand-in", String(servicePort)], /ready/);
  const standIn = new StandIn(lab, plant.directory);
  await standIn.prepare([server]);
  await standIn.start();
  try {
    await standIn.event("serverWell", server.name);
    const args = [clientProgram, addresses.live.ipv4, String(servicePort), "stand-in"];
    const client = await lab.started("client", process.execPath, args, /first answer: live/);
    const served = new Promise<number>((resolve, reject) => {
      client.stdout?.on("data", (data: Buffer) => {
        const at = /served at ([\d.]+)/.exec(data.toString())?.[1];
        if (at !== undefined) resolve(Number(at));
      });
      client.once("exit", () => reject(new Error("the third host was never served by the stand-in")));
    });
    const downAt = performance.timeOrigin + performance.now();
    await lab.cable("live", "down");
    const servedAt = await served;
    const { record } = await standIn.event("takeoverDone", server.name);
    const planMs = record.kind === "takeoverDone" ? record.tookMs : Number.NaN;
    return { takeoverMs: servedAt - downAt, planMs };
  } finally {
    await standIn.kill();
  }
}
