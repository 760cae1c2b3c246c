import type { CommandSettings } from "../../project/server.ts";
import { limitOf } from "../plan/limit.ts";
import { failed, type Probe, type ProbeAnswer } from "./probe.ts";
import { type CommandEnd, runCommand } from "./run-command.ts";

/**
 * A program judges. Its exit status: 0 = well, 1 = failed, 2 = it cannot tell; any other, and an end by a signal,
 * is a failure. It gets the server's name and address as UNDERSTUDY_SERVER and UNDERSTUDY_ADDRESS.
 */
export function commandProbe(
  command: CommandSettings,
  environment: Readonly<Record<"UNDERSTUDY_SERVER" | "UNDERSTUDY_ADDRESS", string>>,
): Probe {
  return {
    name: `command ${command.program}`,
    async ask(signal): Promise<ProbeAnswer> {
      const limit = limitOf(signal, command.timeout);
      let end: CommandEnd;
      try {
        end = await runCommand(command.program, command.arguments, { signal: limit.signal, environment });
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== "ENOENT" && code !== "EACCES") return failed(error);
        return { verdict: "unknown", detail: `${command.program} cannot be run (${code})` };
      } finally {
        limit.end();
      }
      const how = end.code === null ? `ended by ${end.signal}` : `exit status ${end.code}`;
      const detail = end.output === "" ? how : `${how}: ${end.output.slice(-200)}`;
      return { verdict: end.code === 0 ? "well" : end.code === 2 ? "unknown" : "failed", detail };
    },
  };
}
