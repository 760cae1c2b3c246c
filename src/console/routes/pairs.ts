import type { FastifyInstance } from "fastify";
import { type Role, roles } from "../../core/role.ts";
import { disablePair, enablePair } from "../../manage/enable-pair.ts";
import type { ConsoleContext } from "../console-context.ts";
import { answerLongWork } from "../long-work.ts";
import { reasonOf } from "../security/guards.ts";

interface Operation {
  readonly Params: { readonly name: string };
  readonly Body: { readonly reason?: string } | null;
}

interface Enable {
  readonly Params: { readonly name: string };
  readonly Body: {
    readonly reason?: string;
    readonly registerServer?: boolean | string;
    readonly forbidOriginal?: boolean;
  } | null;
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
  app.post<Enable>(
    "/api/v1/pairs/:name/enable",
    {
      schema: {
        body: {
          type: ["object", "null"],
          additionalProperties: false,
          properties: {
            reason,
            registerServer: { anyOf: [{ type: "boolean" }, { type: "string", maxLength: 38 }] },
            forbidOriginal: { type: "boolean" },
          },
        },
      },
    },
    (request) => {
      const { name } = request.params;
      const { registerServer = false, forbidOriginal = false, reason: given } = request.body ?? {};
      const choices = {
        forbidOriginal,
        allowMinimalRegistration: registerServer !== false,
        knownClsid: typeof registerServer === "string" ? registerServer : null,
      };
      return enablePair(context, name, choices, () => api.enable(name, reasonOf(context, request, given)));
    },
  );

  app.post<Operation>("/api/v1/pairs/:name/disable", { schema: operationSchema }, (request) => {
    const { name } = request.params;
    return disablePair(context, name, () =>
      api.disable(name, reasonOf(context, request, request.body?.reason)),
    );
  });

  for (const operation of ["suspend", "resume", "approve"] as const) {
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
    (request, reply) =>
      answerLongWork(
        request,
        reply,
        async (following) => ({ tests: await api.testNotification(request.body.pair, following) }),
        context.onInternalError,
      ),
  );
}
