import type { ServersApi } from "../control/servers-api.ts";
import { whenReady } from "./ready.ts";

/** Protected servers that can be asked before they are there; throws BROKER_NOT_READY until then. */
export function deferredServers(current: () => ServersApi | null): ServersApi {
  const ready = whenReady(current);
  return {
    serverStatus: async () => (await ready()).serverStatus(),
    serverCheck: async (server) => (await ready()).serverCheck(server),
    serverEnable: async (server, reason) => (await ready()).serverEnable(server, reason),
    serverDisable: async (server, reason) => (await ready()).serverDisable(server, reason),
    serverSuspend: async (server, reason) => (await ready()).serverSuspend(server, reason),
    serverStop: async (server, reason) => (await ready()).serverStop(server, reason),
    serverResume: async (server, reason) => (await ready()).serverResume(server, reason),
    serverCancel: async (server, reason) => (await ready()).serverCancel(server, reason),
    failover: async (server, options) => (await ready()).failover(server, options),
    failoverTest: async (server, options) => (await ready()).failoverTest(server, options),
    failoverApprove: async (server, options) => (await ready()).failoverApprove(server, options),
    failback: async (server, options) => (await ready()).failback(server, options),
    replicate: async (server, options) => (await ready()).replicate(server, options),
  };
}
