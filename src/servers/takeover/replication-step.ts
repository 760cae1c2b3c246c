import type { ServerSettings } from "../../project/server.ts";
import { completeBefore, type Step } from "../plan/step.ts";
import type { StepTools } from "./step-tools.ts";

/** Ends replication from the live server, so that the copies can be used. The host begins it again after a failback. */
export function stopReplicationStep(server: ServerSettings, tools: StepTools): Step {
  return {
    name: "replication",
    weight: 5,
    timeoutMs: server.failover.takeoverTimeout,
    mayFail: false,
    interruptible: true,
    reverses: null,
    describe: () => "finish replication from the live server",
    prepare: () => Promise.resolve(null),
    // A process that has just started has no replication under way, but asking costs nothing.
    check: () => Promise.resolve(false),
    do: async () => {
      await tools.replication.stop(server);
      return "no replication is under way";
    },
    undo: () => Promise.resolve("replication begins again when the server is watched again"),
  };
}

/** Copies everything back. Run again after a crash it copies only what is different. */
export function replicateToLiveStep(server: ServerSettings, tools: StepTools): Step {
  return {
    name: "copy to live",
    weight: 50,
    timeoutMs: server.failover.takeoverTimeout,
    mayFail: false,
    interruptible: true,
    reverses: null,
    describe: () => "copy files and databases back to the live server",
    prepare: () => Promise.resolve(null),
    check: completeBefore,
    do: async (io) => {
      const onProgress = (percent: number, detail: string): void => io.progress(percent / 100, detail);
      await tools.replication.toLive(server, onProgress, io.signal);
      return "the live server has what was changed here";
    },
    undo: () => Promise.resolve("what was copied stays at the live server"),
  };
}
