import { badRequest } from "./protocol.ts";
import type { OrderOptions, ServersApi } from "./servers-api.ts";

type Params = Readonly<Record<string, unknown>>;

const textLimit = 1000;

/** Calls the method of the protected servers that a request names; undefined where there is none of that name. */
export function callServers(api: ServersApi, method: string, params: Params): Promise<unknown> | undefined {
  const server = (): string => text(params, "server");
  const reason = (): string => text(params, "reason");
  const order = (): OrderOptions => ({ reason: reason(), dryRun: flag(params, "dryRun") });
  switch (method) {
    case "serverStatus":
      return api.serverStatus();
    case "serverCheck":
      return api.serverCheck(server());
    case "serverEnable":
      return api.serverEnable(server(), reason());
    case "serverDisable":
      return api.serverDisable(server(), reason());
    case "serverSuspend":
      return api.serverSuspend(server(), reason());
    case "serverStop":
      return api.serverStop(server(), reason());
    case "serverResume":
      return api.serverResume(server(), reason());
    case "serverCancel":
      return api.serverCancel(server(), reason());
    case "failover":
      return api.failover(server(), order());
    case "failoverTest":
      return api.failoverTest(server(), order());
    case "failoverApprove":
      return api.failoverApprove(server(), order());
    case "failback":
      return api.failback(server(), order());
    case "replicate":
      return api.replicate(server(), { direction: direction(params), reason: reason() });
    default:
      return undefined;
  }
}

function text(params: Params, name: string): string {
  const value = params[name];
  if (typeof value === "string" && value.length <= textLimit) return value;
  throw badRequest(`${name} must be a text of at most ${textLimit} characters`);
}

function flag(params: Params, name: string): boolean {
  const value = params[name] ?? false;
  if (typeof value === "boolean") return value;
  throw badRequest(`${name} must be true or false`);
}

function direction(params: Params): "fromLive" | "toLive" {
  const { direction: value } = params;
  if (value === "fromLive" || value === "toLive") return value;
  throw badRequest("direction must be fromLive or toLive");
}
