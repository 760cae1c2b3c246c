import type { Probe, ProbeAnswer } from "./probe.ts";

/** Asks an OPC UA server for its state; resolves with its name, e.g. `Running`. The protocol is not known here. */
export type AskOpcState = (endpointUrl: string, signal: AbortSignal) => Promise<string>;

/** Whether an OPC UA server says that it runs. `askState`: null = this process cannot ask. */
export function opcProbe(url: string, askState: AskOpcState | null): Probe {
  return {
    name: `OPC UA ${url}`,
    async ask(signal): Promise<ProbeAnswer> {
      if (askState === null) return { verdict: "unknown", detail: "asked by a running broker only" };
      const state = await askState(url, signal);
      return { verdict: state === "Running" ? "well" : "failed", detail: `server state ${state}` };
    },
  };
}
