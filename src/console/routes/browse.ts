import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Following } from "../../control/broker-api.ts";
import { type Role, roles } from "../../core/role.ts";
import type { ConsoleContext } from "../console-context.ts";
import type { BrowseAnswer, EndpointsAnswer, ProgIdsAnswer } from "../contract.ts";
import { answerLongWork } from "../long-work.ts";
import { requireLogin } from "../security/guards.ts";

/** The address space of a member, and the endpoints of a server: to pick instead of to type. */
export function browseRoutes(app: FastifyInstance, context: ConsoleContext): void {
  const { api } = context;
  const work = <T>(request: FastifyRequest, reply: FastifyReply, ask: (following: Following) => Promise<T>) =>
    answerLongWork(request, reply, ask, context.onInternalError);
  app.get<{
    Params: { readonly name: string };
    Querystring: { readonly member: Role; readonly node?: string };
  }>(
    "/api/v1/pairs/:name/browse",
    {
      preHandler: (request) => requireLogin(context, request),
      schema: {
        querystring: {
          type: "object",
          additionalProperties: false,
          required: ["member"],
          properties: { member: { type: "string", enum: roles }, node: { type: "string", maxLength: 4000 } },
        },
      },
    },
    (request, reply) => {
      const { member, node = null } = request.query;
      return work(
        request,
        reply,
        async (following): Promise<BrowseAnswer> => ({
          nodes: await api.browse(request.params.name, member, node, following),
        }),
      );
    },
  );

  app.get<{ Querystring: { readonly url: string } }>(
    "/api/v1/browse/endpoints",
    {
      preHandler: (request) => requireLogin(context, request),
      schema: {
        querystring: {
          type: "object",
          additionalProperties: false,
          required: ["url"],
          properties: { url: { type: "string", minLength: 1, maxLength: 1000 } },
        },
      },
    },
    (request, reply) => {
      const { url } = request.query;
      const whole = url.includes("://") ? url : `opc.tcp://${url}:4840`;
      return work(
        request,
        reply,
        async (following): Promise<EndpointsAnswer> => ({
          endpoints: await api.findEndpoints(whole, following),
        }),
      );
    },
  );

  app.get<{ Querystring: { readonly machine?: string } }>(
    "/api/v1/browse/progids",
    {
      preHandler: (request) => requireLogin(context, request),
      schema: {
        querystring: {
          type: "object",
          additionalProperties: false,
          properties: { machine: { type: "string", maxLength: 255 } },
        },
      },
    },
    (request, reply) =>
      work(
        request,
        reply,
        async (following): Promise<ProgIdsAnswer> => ({
          servers: await api.findServers(request.query.machine?.trim() || null, following),
        }),
      ),
  );
}
