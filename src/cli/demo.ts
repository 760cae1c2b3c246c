import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { UnderstudyError } from "../core/error.ts";
import type { CliContext } from "./command.ts";
import { exitCodes } from "./exit-code.ts";

/** The demo is a program of its own, beside the product; a packaged installation may lack it. */
const demoProgram = fileURLToPath(new URL("../../tools/demo/main.js", import.meta.url));

export function demoCommand({ setExitCode }: CliContext): Command {
  return new Command("demo")
    .summary("show what the broker does, with simulated servers")
    .description(
      "Starts two simulated OPC UA servers, a broker between them and a client, and takes them through a tour of " +
        "failures, with what the client sees. Then goes on serving until Ctrl-C, so that any OPC UA client can " +
        "join. Nothing of it is left behind. With --project another project than the sample is used; its first " +
        "pair is shown.",
    )
    .option("--once", "end after the tour, with exit code 0 if every step went as it should")
    .action(async (own: { once?: boolean }, command: Command) => {
      if (!existsSync(demoProgram)) {
        throw new UnderstudyError(
          "DEMO_MISSING",
          `The demo is not part of this installation (${demoProgram} is not there). It comes with the source: run npm start there.`,
        );
      }
      const { project } = command.optsWithGlobals<{ project?: string }>();
      const args = [
        ...(own.once === true ? ["--once"] : []),
        ...(project === undefined ? [] : ["--project", project]),
      ];
      setExitCode(await runProgram(demoProgram, args));
    });
}

/** Runs a program in this one's place and answers its exit code. */
async function runProgram(file: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, ["--enable-source-maps", file, "--watch-parent", ...args], {
    stdio: "inherit",
  });
  // It gets a Ctrl-C itself and ends in good order; this process waits for that.
  const forward = (signal: NodeJS.Signals) => void (signal === "SIGINT" || child.kill(signal));
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, forward);
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    return code ?? exitCodes.failed;
  } finally {
    for (const signal of signals) process.off(signal, forward);
  }
}
