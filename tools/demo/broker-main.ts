import { rmSync } from "node:fs";
import { runCli } from "../../src/cli/cli.ts";
import { processTerminal } from "../../src/cli/terminal.ts";

/**
 * `understudy run` for the demo: `broker-main PROJECT STATE_DIRECTORY`. It ends when its standard input does,
 * so also when the demo is killed, and removes the state directory, which is a temporary one.
 */
const [projectFile = "", stateDirectory = ""] = process.argv.slice(2);
process.stdin.on("end", () => process.kill(process.pid, "SIGTERM")).resume();
process.on("exit", () => rmSync(stateDirectory, { recursive: true, force: true }));

process.exitCode = await runCli(
  ["run", "--project", projectFile, "--state-dir", stateDirectory, "--enable-all", "--json", "--quiet"],
  processTerminal(),
  async (onLibraryLine) => {
    // before anything loads node-opcua, which warns while it is being loaded
    const { redirectLibraryLog } = await import("../../src/opc/ua/library-log.ts");
    redirectLibraryLog((_severity, message) => onLibraryLine(message));
    const { createBroker } = await import("../../src/opc/broker.ts");
    return createBroker;
  },
);
process.stdin.destroy();
