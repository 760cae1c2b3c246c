import type { FastifyInstance } from "fastify";
import type { OrderOptions } from "../../control/servers-api.ts";
import type { ConsoleContext } from "../console-context.ts";
import { reasonOf } from "../security/guards.ts";

interface Operation {
  readonly Params: { readonly name: string };
  readonly Body: { readonly reason?: string } | null;
}

interface Order {
  readonly Params: { readonly name: string };
  readonly Body: { readonly reason?: string; readonly dryRun?: boolean } | null;
}

interface Replicate {
  readonly Params: { readonly name: string };
  readonly Body: { readonly direction: "fromLive" | "toLive"; readonly reason?: string };
}

const reason = { type: "string", maxLength: 500 } as const;

/** The last part of an operation's address, and what it asks for. */
const operations = Object.freeze({
  enable: "serverEnable",
  disable: "serverDisable",
  suspend: "serverSuspend",
  stop: "serverStop",
  resume: "serverResume",
  cancel: "serverCancel",
} as const);

/** Orders are answered when the work has begun; how it goes on is in the status. */
const orders = Object.freeze({
  failover: "failover",
  "failover-test": "failoverTest",
  approve: "failoverApprove",
  failback: "failback",
} as const);

/** What an operator does with a protected server; each is an event with the user's name. */
export function serverRoutes(app: FastifyInstance, context: ConsoleContext): void {
  const { servers } = context;
  for (const [path, method] of Object.entries(operations)) {
    app.post<Operation>(
      `/api/v1/servers/:name/${path}`,
      {
        schema: { body: { type: ["object", "null"], additionalProperties: false, properties: { reason } } },
      },
      (request) => servers[method](request.params.name, reasonOf(context, request, request.body?.reason)),
    );
  }

  // a question, but one that connects to other machines
  app.post<Operation>(
    "/api/v1/servers/:name/check",
    { schema: { body: { type: ["object", "null"], additionalProperties: false } } },
    (request) => servers.serverCheck(request.params.name),
  );

  for (const [path, method] of Object.entries(orders)) {
    app.post<Order>(
      `/api/v1/servers/:name/${path}`,
      {
        schema: {
          body: {
            type: ["object", "null"],
            additionalProperties: false,
            properties: { reason, dryRun: { type: "boolean" } },
          },
        },
      },
      (request) => {
        const options: OrderOptions = {
          reason: reasonOf(context, request, request.body?.reason),
          dryRun: request.body?.dryRun ?? false,
        };
        return servers[method](request.params.name, options);
      },
    );
  }

  app.post<Replicate>(
    "/api/v1/servers/:name/replicate",
    {
      schema: {
        body: {
          type: "object",
          additionalProperties: false,
          required: ["direction"],
          properties: { direction: { type: "string", enum: ["fromLive", "toLive"] }, reason },
        },
      },
    },
    (request) => {
      const { direction, reason: given } = request.body;
      return servers.replicate(request.params.name, {
        direction,
        reason: reasonOf(context, request, given),
      });
    },
  );
}
