import type { FastifyInstance } from "fastify";
import { roles } from "../../core/role.ts";
import type { ConsoleContext } from "../console-context.ts";
import { pairNamed } from "./pair-named.ts";

/** For programs: is it alive, is it ready, which member is active (as Patroni's REST interface), how is it doing. */
export function machineRoutes(app: FastifyInstance, context: ConsoleContext): void {
  const { api, metrics, watch, version, startedAt } = context;

  app.get("/health", async () => ({ status: "alive", version, startedAt }));

  app.get("/ready", async (_request, reply) => {
    const pairs = (await api.status()).filter(({ enabled }) => enabled);
    const waiting = pairs.filter(({ active }) => active === null).map(({ name }) => name);
    reply.code(waiting.length === 0 ? 200 : 503);
    return {
      status: waiting.length === 0 ? "ready" : "not ready",
      pairs: pairs.length,
      withoutActive: waiting,
    };
  });

  for (const role of roles) {
    app.get<{ Params: { readonly name: string } }>(`/pairs/:name/${role}`, async (request, reply) => {
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
    });
  }

  app.get("/metrics", async (_request, reply) => {
    const pairs = await watch.look();
    reply.type("text/plain; version=0.0.4; charset=utf-8");
    return metrics.text(version, Date.parse(startedAt), pairs);
  });
}
