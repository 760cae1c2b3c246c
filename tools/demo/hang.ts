import { spawn } from "node:child_process";
import type { SimulatorProcess } from "../simulator/process.ts";

/** Waits for the end of its standard input, then lets the process go on. */
const guard = `process.stdin.resume().on("end", () => {
  try { process.kill(Number(process.argv[1]), "SIGCONT"); } catch {}
})`;

/** A server that stands still with its connections open, until `release`. */
export interface Hang {
  release(): Promise<void>;
}

/**
 * Stops a simulator's process (SIGSTOP). A process that stands still cannot notice that the demo has gone: a
 * guard lets it go on then. Windows has no such signal; there the simulator is told not to answer any more.
 */
export async function hang(simulator: SimulatorProcess): Promise<Hang> {
  if (process.platform === "win32") {
    await simulator.control({ command: "hang" });
    return {
      async release() {
        await simulator.control({ command: "release" });
      },
    };
  }
  const child = spawn(process.execPath, ["-e", guard, String(simulator.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.stdin.on("error", () => undefined);
  // A guard that cannot be started is only missed if the demo is killed within this step.
  child.on("error", () => undefined);
  simulator.freeze();
  return {
    async release() {
      simulator.thaw();
      child.stdin.end();
    },
  };
}
