import type { FastifyInstance } from "fastify";
import { type Role, roles } from "../../core/role.ts";
import type { ConsoleContext } from "../console-context.ts";
import type { BrowseAnswer, EndpointsAnswer, ProgIdsAnswer } from "../contract.ts";
import { requireLogin } from "../security/guards.ts";

/** The address space of a member, and the endpoints of a server: to pick instead of to type. */
export function browseRoutes(app: FastifyInstance, context: ConsoleContext): void {
  const { api } = context;
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
    async (request): Promise<BrowseAnswer> => {
      const { member, node = null } = request.query;
      return { nodes: await api.browse(request.params.name, member, node) };
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
    async (request): Promise<EndpointsAnswer> => {
      const { url } = request.query;
      return { endpoints: await api.findEndpoints(url.includes("://") ? url : `opc.tcp://${url}:4840`) };
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
    async (request): Promise<ProgIdsAnswer> => ({
      servers: await api.findServers(request.query.machine?.trim() || null),
    }),
  );
}
