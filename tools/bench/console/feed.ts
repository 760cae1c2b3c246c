import { setTimeout as delay } from "node:timers/promises";
import type { ControlClient } from "../../../src/control/client.ts";

const stepMs = 20;
/** Orders that may be under way at a time; the broker refuses more than 32. */
const windowSize = 24;

/**
 * Makes events: suspends and resumes the pairs in turn, one event an order, so many a second until it is aborted.
 * A broker that cannot follow gets no more orders than it answers.
 */
export async function feedEvents(
  control: ControlClient,
  pairs: readonly string[],
  perSecond: number,
  signal: AbortSignal,
): Promise<void> {
  const startedMs = performance.now();
  let given = 0;
  let underWay = 0;
  let failure: unknown = null;
  while (!signal.aborted && failure === null) {
    const due = Math.floor(((performance.now() - startedMs) * perSecond) / 1000);
    // what could not be done in time is not caught up with at once
    if (due - given > perSecond) given = due - perSecond;
    while (given < due && underWay < windowSize) {
      const pair = pairs[given % pairs.length] ?? "";
      const isSuspending = Math.floor(given / pairs.length) % 2 === 0;
      given += 1;
      underWay += 1;
      const order = isSuspending ? control.suspend(pair, "bench") : control.resume(pair, "bench");
      order
        .catch((error: unknown) => {
          failure = error;
        })
        .finally(() => {
          underWay -= 1;
        });
    }
    await delay(stepMs);
  }
  if (failure !== null) throw failure;
}
