import type { ServersApi } from "../control/servers-api.ts";
import { UnderstudyError } from "../core/error.ts";

/** Protected servers that can be asked before they are there; throws BROKER_NOT_READY until then. */
export function deferredServers(current: () => ServersApi | null): ServersApi {
  const ready = async (): Promise<ServersApi> => {
    const api = current();
    if (api !== null) return api;
    throw new UnderstudyError(
      "BROKER_NOT_READY",
      "The broker is starting or stopping. Try again in a moment.",
    );
  };
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
