import { createInterface } from "node:readline";
import { control } from "./control.ts";
import type { SimulatorOptions } from "./options.ts";
import { SimulatorServer } from "./server/server.ts";

const parentCheckIntervalMs = 1000;

/** Ends the process when the one that started it is gone, however it went. */
function watchParent(options: SimulatorOptions, end: () => void): void {
  if (!options.watchParent) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) end();
  }, parentCheckIntervalMs).unref();
}

/** Runs a simulator until it is told to end. @throws Error with a message for the user. */
export async function runSimulator(options: SimulatorOptions): Promise<void> {
  const server = new SimulatorServer(options);
  const end = () => {
    server.stop();
    process.exit(0);
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  if (options.lifetimeMs > 0) setTimeout(end, options.lifetimeMs);
  watchParent(options, end);
  server.faults.onChange((change) => {
    const { shutdown } = server.faults;
    if (change === "shutdown" && shutdown) setTimeout(end, Math.max(0, shutdown.atMs - Date.now()));
  });
  const port = await server.start();
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    if (line.trim() !== "") console.log(JSON.stringify(control(server, line, Date.now())));
  });
  lines.on("close", () => {
    if (options.watchParent) end();
  });
  const { name } = options;
  const endpointUrl = `opc.tcp://${options.host}:${port}`;
  console.log(
    JSON.stringify({
      event: "ready",
      name,
      port,
      pid: process.pid,
      endpointUrl,
      applicationUri: server.applicationUri,
    }),
  );
}
