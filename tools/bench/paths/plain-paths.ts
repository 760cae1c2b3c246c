import { fileURLToPath } from "node:url";
import { Child } from "../child.ts";
import type { OpenPath } from "./path.ts";

const startTimeoutMs = 10_000;

/** Straight to the primary. */
export const openDirect: OpenPath = async ({ primary }) => ({
  endpointUrl: primary.endpointUrl,
  pid: null,
  ready: async () => {},
  stop: async () => {},
});

/** Through a process that only copies bytes. */
export const openRelay: OpenPath = async ({ primary }) => {
  const program = fileURLToPath(new URL("../relay.js", import.meta.url));
  const { child, ready } = await Child.start(
    process.execPath,
    [program, "127.0.0.1", String(primary.port)],
    (line) => (line.startsWith("{") ? (JSON.parse(line) as { readonly port: number }) : null),
    startTimeoutMs,
  );
  return {
    endpointUrl: `opc.tcp://127.0.0.1:${ready.port}`,
    pid: child.pid,
    ready: async () => {},
    stop: () => child.stop(),
  };
};
