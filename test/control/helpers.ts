import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrokerApi, PairStatus, SwitchoverAnswer } from "../../src/control/broker-api.ts";
import { type BrokerInfo, protocolVersion } from "../../src/control/protocol.ts";
import type { OrderOptions, ServerAnswer, ServerStatus, ServersApi } from "../../src/control/servers-api.ts";
import { UnderstudyError } from "../../src/core/error.ts";

/** A state directory that is removed again. */
export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "understudy-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export const thisBroker: BrokerInfo = Object.freeze({
  protocol: protocolVersion,
  version: "0.0.0",
  pid: process.pid,
  projectFile: "/etc/redundancymaster.xml",
  startedAt: "2026-01-01T00:00:00.000Z",
});

export function pairStatus(name: string, fields: Partial<PairStatus> = {}): PairStatus {
  return {
    name,
    server: name,
    alias: null,
    protocol: "opcua",
    endpointUrls: [`opc.tcp://127.0.0.1:48400/${name}`],
    enabled: true,
    suspended: false,
    locked: false,
    mode: "hot",
    active: "primary",
    awaitingApproval: null,
    members: (["primary", "secondary"] as const).map((role) => ({
      role,
      machine: role === "primary" ? "plc-a" : "plc-b",
      endpointUrl: `opc.tcp://${role}:4840`,
      link: "up",
      health: "ok",
      pingMs: 1.25,
      monitorItemsInError: [],
    })),
    clients: 1,
    subscriptions: 2,
    monitoredItems: 3,
    valuesForwarded: 4,
    switchovers: 0,
    description: "hot primary*",
    ...fields,
  };
}

/** A broker with one pair, "Boiler", that only remembers what it was asked. */
export function rememberingBroker(): { readonly api: BrokerApi; readonly calls: unknown[][] } {
  const calls: unknown[][] = [];
  const statusOf = (call: string, pair: string, reason: string): Promise<PairStatus> => {
    calls.push([call, pair, reason]);
    return pair === "Boiler"
      ? Promise.resolve(pairStatus("Boiler"))
      : Promise.reject(new UnderstudyError("PAIR_UNKNOWN", `There is no pair '${pair}'.`));
  };
  const answer = (pair: string, dryRun: boolean): SwitchoverAnswer => ({
    pair,
    from: "primary",
    to: "secondary",
    accepted: true,
    dryRun,
    explanation: ["The secondary is connected and well.", "It becomes active."],
  });
  const api: BrokerApi = {
    status: () => Promise.resolve([pairStatus("Boiler")]),
    enable: (pair, reason) => statusOf("enable", pair, reason),
    disable: (pair, reason) => statusOf("disable", pair, reason),
    suspend: (pair, reason) => statusOf("suspend", pair, reason),
    resume: (pair, reason) => statusOf("resume", pair, reason),
    approve(pair, reason) {
      calls.push(["approve", pair, reason]);
      return Promise.resolve(answer(pair, false));
    },
    async switchover(pair, options) {
      calls.push(["switchover", pair, options]);
      if (options.to === "primary") {
        throw new UnderstudyError("SWITCH_REFUSED", "The primary is active already.");
      }
      return answer(pair, options.dryRun);
    },
    testNotification: async () => [],
    async browse(pair, member, node) {
      calls.push(["browse", pair, member, node]);
      return [
        { id: "ns=1;s=Ramp0", itemId: "ns=1;s=Ramp0", name: "Ramp0", isItem: true, hasChildren: false },
      ];
    },
    async findEndpoints(url) {
      return [{ name: "Simulator", endpointUrl: url, security: "None None" }];
    },
    async findServers(machine) {
      calls.push(["findServers", machine]);
      const clsid = "{7B1C2A40-5E0F-4D31-8F26-9C1D5B7E0001}";
      return [{ progId: "Vendor.Server.1", description: "A server", clsid }];
    },
    reload() {
      calls.push(["reload"]);
      return Promise.resolve({ added: ["Pump"], removed: [], changed: [], restarted: [] });
    },
  };
  return { api, calls };
}

export function serverStatus(name: string, fields: Partial<ServerStatus> = {}): ServerStatus {
  return {
    name,
    address: "192.0.2.1",
    enabled: true,
    condition: "ok",
    role: "live",
    cutOff: false,
    missed: 0,
    limit: 15,
    timeToFailMs: 30_000,
    awaitingApproval: false,
    locked: false,
    blockedBy: null,
    lastRound: null,
    copies: [],
    work: null,
    lastWork: null,
    description: "live ok",
    ...fields,
  };
}

/** One protected server, "Historian", that only remembers in `calls` what it was asked. */
export function rememberingServers(calls: unknown[][]): ServersApi {
  const known = (server: string): void => {
    if (server === "Historian") return;
    throw new UnderstudyError("SERVER_UNKNOWN", `There is no protected server '${server}'.`);
  };
  const statusOf = (call: string) => async (server: string, reason: string) => {
    calls.push([call, server, reason]);
    known(server);
    return serverStatus("Historian");
  };
  const order =
    (call: string) =>
    async (server: string, options: OrderOptions): Promise<ServerAnswer> => {
      calls.push([call, server, options]);
      known(server);
      const { dryRun } = options;
      return { server, accepted: true, dryRun, explanation: [], workId: dryRun ? null : 1 };
    };
  return {
    serverStatus: async () => [serverStatus("Historian")],
    async serverCheck(server) {
      calls.push(["serverCheck", server]);
      known(server);
      return { server, findings: [{ part: "witness", name: "router", verdict: "ok", detail: "answered" }] };
    },
    serverEnable: statusOf("serverEnable"),
    serverDisable: statusOf("serverDisable"),
    serverSuspend: statusOf("serverSuspend"),
    serverStop: statusOf("serverStop"),
    serverResume: statusOf("serverResume"),
    serverCancel: statusOf("serverCancel"),
    failover: order("failover"),
    failoverTest: order("failoverTest"),
    failoverApprove: order("failoverApprove"),
    failback: order("failback"),
    async replicate(server, options) {
      calls.push(["replicate", server, options]);
      known(server);
      return { server, accepted: true, dryRun: false, explanation: [], workId: 1 };
    },
  };
}
