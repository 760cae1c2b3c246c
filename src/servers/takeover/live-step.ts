import { setTimeout as delay } from "node:timers/promises";
import { UnderstudyError } from "../../core/error.ts";
import type { ServerSettings } from "../../project/server.ts";
import { limitOf } from "../plan/limit.ts";
import { completeBefore, type Step } from "../plan/step.ts";
import type { StepTools } from "./step-tools.ts";

/** The last step of a failback: the live server must serve, within the time that a server just started is given. */
export function liveStep(server: ServerSettings, tools: StepTools): Step {
  const { pingInterval, pingTimeout } = server;
  const waitMs = server.failover.failAfterStartup * pingInterval + pingTimeout;
  return {
    name: "live server",
    weight: 5,
    timeoutMs: waitMs + pingTimeout + 5000,
    mayFail: false,
    interruptible: true,
    reverses: null,
    describe: () => `wait until the live server ${server.address} answers its probes, at most ${waitMs} ms`,
    prepare: () => Promise.resolve(null),
    check: completeBefore,
    do: async (io) => {
      const limit = limitOf(io.signal, waitMs);
      try {
        return await awaitLive(server, limit.signal, tools);
      } catch (error) {
        throw limit.signal.aborted ? silent(server, waitMs) : error;
      } finally {
        limit.end();
      }
    },
    undo: () => Promise.resolve("nothing to undo"),
  };
}

async function awaitLive(server: ServerSettings, signal: AbortSignal, tools: StepTools): Promise<string> {
  for (;;) {
    if (await tools.askLive(server, signal)) return "the live server answers";
    await delay(Math.min(server.pingInterval, 1000), undefined, { signal });
  }
}

function silent(server: ServerSettings, waitMs: number): UnderstudyError {
  return new UnderstudyError(
    "LIVE_SERVER_SILENT",
    `The live server ${server.address} did not answer its probes within ${waitMs} ms after it was given its role back.`,
  );
}
