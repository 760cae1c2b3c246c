import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { JsonProcess } from "../../native/json-process.ts";
import { type Plant, told } from "./plant.ts";
import type { DaPath } from "./settings.ts";

/** What one run of one cell gave; null = not measured by it. */
export interface DaSample {
  readonly medianUs: number | null;
  readonly valuesPerSecond: number | null;
  readonly lost: number | null;
  readonly duplicated: number | null;
  readonly longestSilenceMs: number | null;
  /** Besides: what only the details tell. */
  readonly extra: Readonly<Record<string, number | null>>;
}

export interface HangSample {
  /** From SIGSTOP of the active server until its standby was active. */
  readonly detectedMs: number;
  /** From SIGSTOP until another helper process answered for it; null where none did in time. */
  readonly helperReplacedMs: number | null;
}

const warmUpCalls = 50;
/** Calls within the client's process are so short that it takes many for another clock to see them at all. */
const inProcessFactor = 50;
const silenceBeforeMs = 1000;
const afterFaultMs = 3000;
/** Values are looked at in the middle between two update instants. */
const simulatorPhaseMs = 3;

/** Single calls of IOPCSyncIO::Read, one at a time, without other load. */
export async function runRead(
  plant: Plant,
  path: DaPath,
  items: number,
  source: "cache" | "device",
  calls: number,
): Promise<DaSample> {
  const client = await plant.connect(path);
  try {
    await plant.subscribe(client, items, "none");
    const read = (repeat: number) => told(client, { command: "read", source, items, repeat });
    await plant.until("a good value", async () => (await read(1))["quality"] === 192);
    await read(warmUpCalls);
    const repeat = path !== "direct" && source === "cache" ? calls * inProcessFactor : calls;
    const beginMs = performance.now();
    const answer = await read(repeat);
    const wallUsPerCall = ((performance.now() - beginMs) * 1000) / repeat;
    return {
      ...nothing,
      medianUs: Number(answer["medianUs"]),
      extra: { calls: repeat, p99Us: Number(answer["p99Us"]), wallUsPerCall },
    };
  } finally {
    await plant.leave(client);
  }
}

/** A group at its update rate for a while, without a fault. */
export async function runSubscribe(
  plant: Plant,
  path: DaPath,
  items: number,
  durationMs: number,
): Promise<DaSample> {
  const client = await plant.connect(path);
  try {
    const before = residentKbOf(plant.proxyPid(path, client));
    await plant.subscribe(client, items, "da2");
    await plant.flowing(client, items);
    const sample = await over(client, () => delay(durationMs));
    const after = residentKbOf(plant.proxyPid(path, client));
    const proxyKb = before === null || after === null ? null : after - before;
    return { ...sample, extra: { ...sample.extra, proxyKb } };
  } finally {
    await plant.leave(client);
  }
}

/** The active server is killed between two updates. */
export async function runSwitch(
  plant: Plant,
  path: DaPath,
  items: number,
  rateMs: number,
): Promise<DaSample> {
  const client = await plant.connect(path);
  await plant.subscribe(client, items, "da2");
  await plant.flowing(client, items);
  return over(client, async () => {
    await delay(silenceBeforeMs);
    await delay(rateMs - ((Date.now() - simulatorPhaseMs) % rateMs) + rateMs / 2);
    process.kill(plant.pidOf("primary"), "SIGKILL");
    await delay(afterFaultMs);
    if (plant.pair.host.status().active !== "secondary") throw new Error("the standby was not made active");
  });
}

/** The active server is stopped. */
export async function runHang(plant: Plant): Promise<HangSample> {
  const client = await plant.connect("dll");
  await plant.subscribe(client, 100, "da2");
  await plant.flowing(client, 100);
  const known = plant.helpers.length;
  const beginMs = performance.now();
  process.kill(plant.pidOf("primary"), "SIGSTOP");
  await plant.until("the standby", () => plant.pair.host.status().active === "secondary", 2);
  const detectedMs = performance.now() - beginMs;
  const replacement = () => plant.helpers.slice(known).find(({ role }) => role === "primary");
  await plant.until("another helper", () => replacement() !== undefined, 5).catch(() => undefined);
  const replaced = replacement();
  return { detectedMs, helperReplacedMs: replaced ? replaced.atMs - beginMs : null };
}

const nothing: DaSample = {
  medianUs: null,
  valuesPerSecond: null,
  lost: null,
  duplicated: null,
  longestSilenceMs: null,
  extra: {},
};

/** What the client received while something went on. */
async function over(client: JsonProcess, action: () => Promise<void>): Promise<DaSample> {
  await told(client, { command: "stats", reset: true });
  const beginMs = performance.now();
  await action();
  const stats = await told(client, { command: "stats" });
  const seconds = (performance.now() - beginMs) / 1000;
  const number = (name: string) => Number(stats[name]);
  return {
    ...nothing,
    valuesPerSecond: number("values") / seconds,
    lost: number("lost"),
    duplicated: number("duplicated"),
    longestSilenceMs: number("longestSilenceMs"),
    extra: { notGood: number("notGood"), errors: number("errors") },
  };
}

/** Memory of its own that a process occupies (Linux), without program files it shares with others. */
function residentKbOf(pid: number | null): number | null {
  if (pid === null) return null;
  const match = /RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return match ? Number(match[1]) : null;
}
