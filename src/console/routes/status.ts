import type { FastifyInstance } from "fastify";
import type { ConsoleContext } from "../console-context.ts";
import type { HistoryAnswer, StatusAnswer } from "../contract.ts";
import { pairNamed } from "./pair-named.ts";
import { projectVersionOf } from "./project-version.ts";

export async function statusAnswer(context: ConsoleContext): Promise<StatusAnswer> {
  const { watch, servers: api, version, startedAt, projectFile } = context;
  const [pairs, servers, projectVersion] = await Promise.all([
    watch.look(),
    api.serverStatus(),
    projectVersionOf(projectFile),
  ]);
  return { broker: { version, startedAt, projectFile, projectVersion }, pairs, servers };
}

export function statusRoutes(app: FastifyInstance, context: ConsoleContext): void {
  app.get("/api/v1/status", () => statusAnswer(context));

  app.get<{ Params: { readonly name: string } }>(
    "/api/v1/pairs/:name/history",
    async (request): Promise<HistoryAnswer> => {
      const pair = await pairNamed(context, request.params.name);
      return context.history.answer(pair.name);
    },
  );
}
