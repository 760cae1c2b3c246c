import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

let ticksPerSecond: number | null = null;

function clockTicks(): number {
  ticksPerSecond ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" })) || 100;
  return ticksPerSecond;
}

/** CPU time a process has used so far, user and system, in seconds (Linux). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name in parentheses may contain blanks.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / clockTicks();
}

/** Memory a process occupies, in MB (Linux). */
export function residentMb(pid: number): number {
  const match = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Math.round(Number(match?.[1] ?? 0) / 1024);
}

const calmStepMs = 200;
const calmShare = 0.1;
const calmTimeoutMs = 10_000;

/**
 * Waits until a process that has just started is calm: less than a tenth of a core. Loading node-opcua makes
 * a key pair on a thread of its own (to try out the engine's RSA), which takes up to a second of CPU.
 */
export async function awaitCalm(pid: number): Promise<void> {
  const deadlineMs = performance.now() + calmTimeoutMs;
  let before = cpuSeconds(pid);
  while (performance.now() < deadlineMs) {
    await delay(calmStepMs);
    const now = cpuSeconds(pid);
    if (((now - before) * 1000) / calmStepMs < calmShare) return;
    before = now;
  }
}
