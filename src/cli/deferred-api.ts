import type { BrokerApi, ReloadAnswer } from "../control/broker-api.ts";
import { whenReady } from "./ready.ts";

/**
 * A broker that can be asked before it is there: the control socket is claimed first, so that a second broker
 * on the same state directory is refused before it touches anything. Throws BROKER_NOT_READY until then.
 */
export function deferredApi<Api extends Omit<BrokerApi, "testNotification">>(
  current: () => Api | null,
  process: {
    readonly reload: (api: Api) => Promise<ReloadAnswer>;
    readonly testNotification: BrokerApi["testNotification"];
  },
): BrokerApi {
  const ready = whenReady(current);
  return {
    status: async () => (await ready()).status(),
    enable: async (pair, reason) => (await ready()).enable(pair, reason),
    disable: async (pair, reason) => (await ready()).disable(pair, reason),
    suspend: async (pair, reason) => (await ready()).suspend(pair, reason),
    resume: async (pair, reason) => (await ready()).resume(pair, reason),
    approve: async (pair, reason) => (await ready()).approve(pair, reason),
    switchover: async (pair, options) => (await ready()).switchover(pair, options),
    reload: async () => await process.reload(await ready()),
    browse: async (pair, member, node, following) => (await ready()).browse(pair, member, node, following),
    findEndpoints: async (url, following) => (await ready()).findEndpoints(url, following),
    findServers: async (machine, following) => (await ready()).findServers(machine, following),
    testNotification: (pair, following) => process.testNotification(pair, following),
  };
}
