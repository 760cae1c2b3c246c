#!/usr/bin/env node
import { runCli } from "./cli.ts";
import { processTerminal } from "./terminal.ts";

process.exitCode = await runCli(process.argv.slice(2), processTerminal(), async (onLibraryLine) => {
  // before anything loads node-opcua, which warns while it is being loaded
  const { redirectLibraryLog } = await import("../opc/ua/library-log.ts");
  redirectLibraryLog((_severity, message) => onLibraryLine(message));
  const { createBroker } = await import("../opc/broker.ts");
  return createBroker;
});
