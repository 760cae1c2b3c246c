import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Following } from "../../control/broker-api.ts";
import { planRenaming, removePair, renamePair } from "../../manage/rename-pair.ts";
import { withoutNotifications } from "../../project/deployment.ts";
import type { NewPair } from "../../project/pairs.ts";
import type { Project } from "../../project/project.ts";
import { projectSchema } from "../../project/schema.ts";
import type { NewServer } from "../../project/servers.ts";
import type { ConsoleContext } from "../console-context.ts";
import { answerLongWork } from "../long-work.ts";
import type { ProjectChanges } from "../project-changes.ts";

/** Reading and changing the project. */
export function projectRoutes(app: FastifyInstance, context: ConsoleContext, changes: ProjectChanges): void {
  /** The work of a change; answers with it, and with its steps where they are wanted. */
  const change = <T>(
    request: FastifyRequest,
    reply: FastifyReply,
    work: (ifMatch: string | undefined, following: Following) => Promise<T>,
  ) =>
    answerLongWork(
      request,
      reply,
      (following) => work(request.headers["if-match"], following),
      context.onInternalError,
    );

  app.get("/api/v1/project", async () => (await changes.current()).answer);
  app.get("/api/v1/project/schema", async () => projectSchema);

  app.get<{ Querystring: { readonly notifications?: boolean } }>(
    "/api/v1/project/export",
    {
      schema: {
        querystring: {
          type: "object",
          additionalProperties: false,
          properties: { notifications: { type: "boolean", default: true } },
        },
      },
    },
    async (request, reply) => {
      const { document } = await changes.current();
      const exported = request.query.notifications === false ? withoutNotifications(document) : document;
      reply.type("application/xml; charset=utf-8");
      reply.header("content-disposition", 'attachment; filename="redundancymaster.xml"');
      return exported.toString();
    },
  );

  app.put<{ Body: { readonly project: Project } }>(
    "/api/v1/project",
    {
      schema: {
        body: { type: "object", required: ["project"], properties: { project: { type: "object" } } },
      },
    },
    (request, reply) =>
      change(request, reply, (ifMatch, following) =>
        changes.edit(ifMatch, following, (document) => document.withProject(request.body.project)),
      ),
  );

  app.post<{ Body: NewPair }>(
    "/api/v1/project/pairs",
    { schema: { body: { type: "object" } } },
    (request, reply) =>
      change(request, reply, async (ifMatch, following) => {
        const saved = await changes.edit(ifMatch, following, (document) => document.addPair(request.body));
        reply.code(201);
        return saved;
      }),
  );

  app.delete<{ Params: { readonly name: string } }>("/api/v1/project/pairs/:name", (request, reply) =>
    change(request, reply, (ifMatch, following) =>
      changes.inTurn(ifMatch, following, async () => {
        const { document } = await changes.current();
        return removePair(context, document, request.params.name, (edit, moved) =>
          changes.save(edit(document), moved, following),
        );
      }),
    ),
  );

  app.post<{ Body: NewServer }>(
    "/api/v1/project/servers",
    { schema: { body: { type: "object" } } },
    (request, reply) =>
      change(request, reply, async (ifMatch, following) => {
        const saved = await changes.edit(ifMatch, following, (document) => document.addServer(request.body));
        reply.code(201);
        return saved;
      }),
  );

  app.delete<{ Params: { readonly name: string } }>("/api/v1/project/servers/:name", (request, reply) =>
    change(request, reply, (ifMatch, following) =>
      changes.edit(ifMatch, following, (document) => document.removeServer(request.params.name)),
    ),
  );

  app.post<{ Params: { readonly name: string }; Body: { readonly alias: string | null } }>(
    "/api/v1/pairs/:name/alias",
    {
      schema: {
        body: {
          type: "object",
          required: ["alias"],
          additionalProperties: false,
          properties: { alias: { type: ["string", "null"], maxLength: 255 } },
        },
      },
    },
    (request, reply) =>
      change(request, reply, (ifMatch, following) =>
        changes.inTurn(ifMatch, following, async () => {
          const { alias } = request.body;
          const { document } = await changes.current();
          const renaming = await planRenaming(context, document, request.params.name, alias);
          return renamePair(context, renaming, alias, (edit, moved) =>
            changes.save(edit(document), moved, following),
          );
        }),
      ),
  );
}
