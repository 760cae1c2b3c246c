import type { Probe, ProbeAnswer } from "./probe.ts";
import { runCommand } from "./run-command.ts";

/** One ping, sent by the program `ping`, which every user may run. A machine that cannot be named has failed. */
export function icmpProbe(host: string, timeoutMs: number): Probe {
  return {
    name: `ping ${host}`,
    async ask(signal): Promise<ProbeAnswer> {
      const seconds = Math.max(timeoutMs / 1000, 0.01).toFixed(2);
      try {
        const args = ["-n", "-q", "-c", "1", "-W", seconds, "--", host];
        const { code, output } = await runCommand("ping", args, { signal });
        if (code === 0) return { verdict: "well", detail: "answered" };
        // 1 = no answer; 2 = the rest: no route, no such name, and the network of this machine being down.
        return { verdict: "failed", detail: code === 1 ? "no answer" : output || `ping ended with ${code}` };
      } catch (error) {
        const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
        if (!missing) throw error;
        return { verdict: "unknown", detail: "the program ping is missing (Debian: iputils-ping)" };
      }
    },
  };
}
