import type { ProbeSettings, ServerSettings } from "../../project/server.ts";
import { commandProbe } from "./command-probe.ts";
import { httpProbe } from "./http-probe.ts";
import { icmpProbe } from "./icmp-probe.ts";
import { type AskOpcState, opcProbe } from "./opc-probe.ts";
import type { Probe } from "./probe.ts";
import { tcpProbe } from "./tcp-probe.ts";

/** What probes need from elsewhere. */
export interface ProbeTools {
  /** null = this process knows no OPC. */
  readonly askOpcState: AskOpcState | null;
}

/** One of a server's probes. `address` stands in for the server's own address, also within URLs. */
export function makeProbe(
  settings: ProbeSettings,
  server: Pick<ServerSettings, "name" | "address" | "pingTimeout">,
  address: string,
  tools: ProbeTools,
): Probe {
  const { kind, host, port, url, command } = settings;
  const target = host === null || sameHost(host, server.address) ? address : host;
  switch (kind) {
    case "icmp":
      return icmpProbe(target, server.pingTimeout);
    case "tcp":
      return tcpProbe(target, required(port, "port"));
    case "http": {
      const { expectedStatus, trustCertificate } = settings;
      return httpProbe({
        url: moved(required(url, "url"), server.address, address),
        expectedStatus,
        trustCertificate,
      });
    }
    case "opc":
      return opcProbe(moved(required(url, "url"), server.address, address), tools.askOpcState);
    case "command":
      return commandProbe(required(command, "command"), {
        UNDERSTUDY_SERVER: server.name,
        UNDERSTUDY_ADDRESS: address,
      });
  }
}

/** All probes of a server; one ping where the project names none. */
export function makeProbes(server: ServerSettings, address: string, tools: ProbeTools): readonly Probe[] {
  if (server.probes.length === 0) return [icmpProbe(address, server.pingTimeout)];
  return server.probes.map((probe) => makeProbe(probe, server, address, tools));
}

/** The URL with the server's address replaced by another one of its addresses. */
function moved(url: string, from: string, to: string): string {
  if (from === to) return url;
  const match = /^([a-z.]+:\/\/)(\[[^\]]*\]|[^/:?#]*)(.*)$/.exec(url);
  if (match === null) return url;
  const [, scheme = "", host = "", rest = ""] = match;
  if (!sameHost(host.replace(/^\[|\]$/g, ""), from)) return url;
  return `${scheme}${to.includes(":") ? `[${to}]` : to}${rest}`;
}

function sameHost(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** The rules of the project see to it that it is there. */
function required<T>(value: T | null, name: string): T {
  if (value === null) throw new Error(`a probe has no ${name}`);
  return value;
}
