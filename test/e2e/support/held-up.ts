import { readdirSync, readFileSync } from "node:fs";

const lookAgainMs = 20;

/**
 * How long the machine has let the threads of a process wait for a processor while some work went on, in ms: what a
 * busy machine adds to every time that is measured, and a promise of the process cannot hold for. All threads count,
 * as the end of a process waits for each of them. 0 where Linux does not tell it.
 */
export async function heldUpDuring<T>(
  pid: number,
  work: Promise<T>,
): Promise<{ readonly result: T; readonly heldUpMs: number }> {
  const before = waitedMs(pid);
  const after = new Map<string, number>();
  // it has to be asked while the process is there
  const timer = setInterval(() => {
    for (const [thread, ms] of waitedMs(pid)) after.set(thread, ms);
  }, lookAgainMs);
  try {
    const result = await work;
    const each = [...after].map(([thread, ms]) => ms - (before.get(thread) ?? 0));
    return { result, heldUpMs: each.reduce((sum, ms) => sum + ms, 0) };
  } finally {
    clearInterval(timer);
  }
}

/** Time that each thread was ready to run and did not, since its start; of those that are left. */
function waitedMs(pid: number): ReadonlyMap<string, number> {
  const threads = orNothing(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return new Map(
    threads.flatMap((thread) => {
      const told = orNothing(() => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8"));
      return told === null ? [] : [[thread, Number(told.split(" ")[1]) / 1e6] as const];
    }),
  );
}

/** A process or a thread may end while it is looked at. */
function orNothing<T>(look: () => T): T | null {
  try {
    return look();
  } catch {
    return null;
  }
}
