import { fileURLToPath } from "node:url";
import type { ProbeSettings, ServerSettings } from "../../project/server.ts";
import { makeProbe } from "../probes/make-probes.ts";
import type { AskOpcState } from "../probes/opc-probe.ts";
import { askInTime } from "../probes/probe.ts";
import { tcpProbe } from "../probes/tcp-probe.ts";
import { createRunProgram } from "./program.ts";
import type { AskService } from "./step-tools.ts";

/** Where a service of this machine is, unless its probe says otherwise. */
const here = "127.0.0.1";
/** Time for a Node.js process to start in a test's network, in ms: on a busy machine it takes seconds. */
const startMs = 15_000;

export type ServiceProbeServer = Pick<ServerSettings, "name" | "pingTimeout">;

/** Asks services of this machine, or those in the network of a test. */
export function askServiceWith(
  server: ServiceProbeServer,
  namespace: string | null,
  askOpcState: AskOpcState | null,
): AskService {
  return namespace === null
    ? (probe, signal) => askHere(probe, server, askOpcState, signal)
    : (probe, signal) => askInNamespace(probe, server, namespace, signal);
}

/** Asks once, from the network of this process. */
export async function askHere(
  probe: ProbeSettings,
  server: ServiceProbeServer,
  askOpcState: AskOpcState | null,
  signal: AbortSignal,
): ReturnType<AskService> {
  if (signal.aborted) return { isReady: false, detail: "broken off" };
  const asked =
    probe.kind === "opc" && askOpcState === null
      ? portOf(probe.url)
      : makeProbe(probe, { ...server, address: here }, here, { askOpcState: askOpcState ?? never });
  const { verdict, detail } = await askInTime(asked, server.pingTimeout);
  return { isReady: verdict === "well", detail };
}

/** Where OPC UA cannot be spoken, that its port is open must do. */
function portOf(url: string | null): ReturnType<typeof tcpProbe> {
  const { hostname, port } = new URL(url ?? "");
  return tcpProbe(hostname, port === "" ? 4840 : Number(port));
}

function never(): Promise<string> {
  return Promise.reject(new Error("OPC UA is not spoken here"));
}

/** Sockets belong to the network of the process that makes them: another process is needed for another network. */
async function askInNamespace(
  probe: ProbeSettings,
  server: ServiceProbeServer,
  namespace: string,
  signal: AbortSignal,
): ReturnType<AskService> {
  // The same extension as this file's: .ts in the sources, .js when built.
  const main = fileURLToPath(new URL(import.meta.url)).replace(/ask-service\.(\w+)$/, "ask-service-main.$1");
  try {
    const { output, complaint } = await createRunProgram(namespace)({
      program: process.execPath,
      args: [main, JSON.stringify({ probe, server: { name: server.name, pingTimeout: server.pingTimeout } })],
      timeoutMs: server.pingTimeout + startMs,
      signal,
    });
    if (output === "") return { isReady: false, detail: complaint };
    return JSON.parse(output) as Awaited<ReturnType<AskService>>;
  } catch (error) {
    return { isReady: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
