import { readFileSync } from "node:fs";

const lookAgainMs = 10;

/**
 * How long the machine has let a process wait for a processor while some work went on, in ms: what a busy machine adds
 * to every time that is measured, and a promise of the process cannot hold for. 0 where Linux does not tell it.
 */
export async function heldUpDuring<T>(
  pid: number,
  work: Promise<T>,
): Promise<{ readonly result: T; readonly heldUpMs: number }> {
  const before = waitedMs(pid) ?? 0;
  let after = before;
  // it has to be asked while the process is there
  const timer = setInterval(() => {
    after = waitedMs(pid) ?? after;
  }, lookAgainMs);
  try {
    const result = await work;
    return { result, heldUpMs: after - before };
  } finally {
    clearInterval(timer);
  }
}

/** Time that the main thread was ready to run and did not, since its start; null = not told. */
function waitedMs(pid: number): number | null {
  try {
    const [, waitedNs] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ");
    return Number(waitedNs) / 1e6;
  } catch {
    return null;
  }
}
