import { setTimeout as delay } from "node:timers/promises";
import { connectControl } from "../../../src/control/client.ts";

const stepMs = 20;
/** Several connections, for no order waits long for those before it. */
const connectionCount = 8;
/** Orders that may be under way at a time in one connection; the broker refuses more than 32. */
const windowSize = 24;

/**
 * Makes events: suspends and resumes the pairs in turn, one event an order, so many a second until it is aborted.
 * A broker that cannot follow gets no more orders than it answers.
 */
export async function feedEvents(
  stateDirectory: string,
  pairs: readonly string[],
  perSecond: number,
  signal: AbortSignal,
): Promise<void> {
  const connections = await Promise.all(
    Array.from({ length: connectionCount }, () => connectControl(stateDirectory)),
  );
  const startedMs = performance.now();
  let given = 0;
  const underWay = connections.map(() => 0);
  let failure: unknown = null;
  try {
    while (!signal.aborted && failure === null) {
      const due = Math.floor(((performance.now() - startedMs) * perSecond) / 1000);
      // what could not be done in time is not caught up with at once
      if (due - given > perSecond) given = due - perSecond;
      while (given < due) {
        // the orders of one pair go through one connection, so that they stay in order
        const index = given % pairs.length;
        const way = index % connectionCount;
        const [control, pair, waiting = 0] = [connections[way], pairs[index], underWay[way]];
        if (!control || pair === undefined) throw new Error("there is no pair to give orders to");
        if (waiting >= windowSize) break;
        const isSuspending = Math.floor(given / pairs.length) % 2 === 0;
        given += 1;
        underWay[way] = waiting + 1;
        const order = isSuspending ? control.suspend(pair, "bench") : control.resume(pair, "bench");
        order
          .catch((error: unknown) => {
            failure = error;
          })
          .finally(() => {
            underWay[way] = (underWay[way] ?? 0) - 1;
          });
      }
      await delay(stepMs);
    }
  } finally {
    for (const connection of connections) connection.close();
  }
  if (failure !== null) throw failure;
}
