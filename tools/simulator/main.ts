import { redirectLibraryLog } from "../../src/opc/ua/library-log.ts";
import { parseOptions, type SimulatorOptions, usage } from "./options.ts";

function fail(error: unknown): never {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}

function options(): SimulatorOptions | "help" {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    return fail(error);
  }
}

const parsed = options();
if (parsed === "help") {
  console.log(usage);
} else {
  // Before node-opcua is loaded: standard output is for the control channel.
  redirectLibraryLog((severity, message) => {
    if (parsed.verbose) console.error(`${severity}: ${message}`);
  });
  import("./command.ts").then(({ runSimulator }) => runSimulator(parsed)).catch(fail);
}
