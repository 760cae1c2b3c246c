import type { FastifyInstance } from "fastify";
import { type Role, roles } from "../../core/role.ts";
import type { ConsoleContext } from "../console-context.ts";
import { reasonOf } from "../security/guards.ts";

interface Operation {
  readonly Params: { readonly name: string };
  readonly Body: { readonly reason?: string } | null;
}

interface Switchover {
  readonly Params: { readonly name: string };
  readonly Body: {
    readonly to?: Role | null;
    readonly reason?: string;
    readonly force?: boolean;
    readonly dryRun?: boolean;
  };
}

const reason = { type: "string", maxLength: 500 } as const;
const operationSchema = {
  body: { type: ["object", "null"], additionalProperties: false, properties: { reason } },
} as const;

/** What an operator does with a pair; each is an event with the user's name. */
export function pairRoutes(app: FastifyInstance, context: ConsoleContext): void {
  const { api } = context;
  for (const operation of ["enable", "disable", "suspend", "resume", "approve"] as const) {
    app.post<Operation>(`/api/v1/pairs/:name/${operation}`, { schema: operationSchema }, (request) =>
      api[operation](request.params.name, reasonOf(context, request, request.body?.reason)),
    );
  }

  app.post<Switchover>(
    "/api/v1/pairs/:name/switchover",
    {
      schema: {
        body: {
          type: "object",
          additionalProperties: false,
          properties: {
            to: { type: ["string", "null"], enum: [...roles, null] },
            reason,
            force: { type: "boolean" },
            dryRun: { type: "boolean" },
          },
        },
      },
    },
    (request) => {
      const { to = null, force = false, dryRun = false, reason: given } = request.body;
      return api.switchover(request.params.name, {
        to,
        force,
        dryRun,
        reason: reasonOf(context, request, given),
      });
    },
  );

  app.post<{ Body: { readonly pair: string | null } }>(
    "/api/v1/notifications/test",
    {
      schema: {
        body: {
          type: "object",
          additionalProperties: false,
          required: ["pair"],
          properties: { pair: { type: ["string", "null"], maxLength: 500 } },
        },
      },
    },
    async (request) => ({ tests: await api.testNotification(request.body.pair) }),
  );
}
