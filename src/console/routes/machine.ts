import type { FastifyInstance } from "fastify";
import type { ServerStatus } from "../../control/servers-api.ts";
import { UnderstudyError } from "../../core/error.ts";
import { roles } from "../../core/role.ts";
import type { ConsoleContext } from "../console-context.ts";
import type { HealthAnswer, MemberAnswer, ReadyAnswer, ServerRoleAnswer } from "../contract.ts";
import { pairNamed } from "./pair-named.ts";

/** Who plays the role of a server, as far as this machine can tell; null = nobody, or it cannot tell. */
export function playerOf(server: ServerStatus): "live" | "stand-in" | null {
  if (server.role === "standIn") return "stand-in";
  const silent = ["disabled", "unknown", "failure"].includes(server.condition);
  return server.role === "live" && !silent && !server.cutOff ? "live" : null;
}

/** For programs: is it alive, is it ready, who serves (as Patroni's REST interface), how is it doing. */
export function machineRoutes(app: FastifyInstance, context: ConsoleContext): void {
  const { api, servers, metrics, watch, version, startedAt } = context;

  app.get("/health", async (): Promise<HealthAnswer> => ({ status: "alive", version, startedAt }));

  app.get("/ready", async (_request, reply): Promise<ReadyAnswer> => {
    const [allPairs, allServers] = await Promise.all([api.status(), servers.serverStatus()]);
    const pairs = allPairs.filter(({ enabled }) => enabled);
    const watched = allServers.filter(({ enabled }) => enabled);
    const withoutActive = pairs.filter(({ active }) => active === null).map(({ name }) => name);
    const serversWithoutPlayer = watched.filter((each) => playerOf(each) === null).map(({ name }) => name);
    const isReady = withoutActive.length + serversWithoutPlayer.length === 0;
    reply.code(isReady ? 200 : 503);
    return {
      status: isReady ? "ready" : "not ready",
      pairs: pairs.length,
      withoutActive,
      servers: watched.length,
      serversWithoutPlayer,
    };
  });

  for (const role of roles) {
    app.get<{ Params: { readonly name: string } }>(
      `/pairs/:name/${role}`,
      async (request, reply): Promise<MemberAnswer> => {
        const pair = await pairNamed(context, request.params.name);
        const isActive = pair.active === role;
        reply.code(isActive ? 200 : 503);
        const member = pair.members.find((each) => each.role === role);
        return {
          pair: pair.name,
          member: role,
          active: isActive,
          link: member?.link ?? "down",
          health: member?.health ?? "unknown",
        };
      },
    );
  }

  const serverNamed = async (name: string): Promise<ServerStatus> => {
    const all = await servers.serverStatus();
    const found = all.find((each) => each.name.toLowerCase() === name.toLowerCase());
    if (found) return found;
    throw new UnderstudyError("SERVER_UNKNOWN", `There is no protected server '${name}'.`);
  };
  for (const [path, wanted] of [
    ["", null],
    ["/live", "live"],
    ["/stand-in", "stand-in"],
  ] as const) {
    app.get<{ Params: { readonly name: string } }>(
      `/servers/:name${path}`,
      async (request, reply): Promise<ServerRoleAnswer> => {
        const server = await serverNamed(request.params.name);
        const playedBy = playerOf(server);
        reply.code(playedBy !== null && (wanted === null || playedBy === wanted) ? 200 : 503);
        const { name, role, condition } = server;
        return { server: name, playedBy, role, condition };
      },
    );
  }

  app.get("/metrics", async (_request, reply) => {
    const [pairs, protectedServers] = await Promise.all([watch.look(), servers.serverStatus()]);
    reply.type("text/plain; version=0.0.4; charset=utf-8");
    return metrics.text(version, Date.parse(startedAt), pairs, protectedServers);
  });
}
