import type { FastifyInstance } from "fastify";
import type { Following, ReloadAnswer } from "../../control/broker-api.ts";
import { UnderstudyError } from "../../core/error.ts";
import {
  carryOutDeployment,
  type PreparedDeployment,
  prepareDeployment,
  prepareUndo,
} from "../../manage/deploy.ts";
import { changesText } from "../../project/difference-text.ts";
import type { Deployed } from "../../project/install-project.ts";
import { forgetProject } from "../../project/kept-projects.ts";
import { parseProjectBytes } from "../../project/project-file.ts";
import type { ConsoleContext } from "../console-context.ts";
import type { ImportAnswer } from "../contract.ts";
import { answerLongWork } from "../long-work.ts";
import type { ProjectChanges } from "../project-changes.ts";
import { projectVersionOf } from "./project-version.ts";

/** Largest project that can be imported, in bytes; as large as a file may be. */
const importLimitBytes = 4 * 1024 * 1024;
const dryRun = { type: "boolean", default: false } as const;

/** Another project in the place of the present one, and the way back: as `understudy deploy` and its `--undo`. */
export function deployRoutes(app: FastifyInstance, context: ConsoleContext, changes: ProjectChanges): void {
  const { projectFile, api, onInternalError } = context;

  const answerOf = async (
    { plan, warnings, notInstalled }: PreparedDeployment,
    deployed: Deployed<ReloadAnswer> | null,
  ): Promise<ImportAnswer> => ({
    changes: plan.changes,
    text: changesText(plan.changes),
    applied: deployed !== null,
    version: await projectVersionOf(projectFile),
    enabledBefore: plan.enabledBefore,
    enabledAfter: plan.enabledAfter,
    warnings,
    serversNotInstalled: notInstalled.map(({ server }) => server),
    kept: deployed?.kept?.file ?? null,
    reload: deployed?.reload ?? null,
  });

  const carryOut = (prepared: PreparedDeployment, keepOld: boolean, { progress }: Following) =>
    carryOutDeployment(context, prepared, keepOld, () => api.reload(), progress);

  app.addContentTypeParser(
    ["application/xml", "text/xml"],
    { parseAs: "buffer", bodyLimit: importLimitBytes },
    (_request, body, done) => done(null, body),
  );

  app.post<{
    Querystring: { readonly dryRun?: boolean; readonly keepEnabled?: boolean };
    Body: unknown;
  }>(
    "/api/v1/project/import",
    {
      bodyLimit: importLimitBytes,
      schema: {
        querystring: {
          type: "object",
          additionalProperties: false,
          properties: { dryRun, keepEnabled: { type: "boolean", default: false } },
        },
      },
    },
    (request, reply) =>
      answerLongWork(
        request,
        reply,
        async (following) => {
          following.progress("validating");
          const next = parseProjectBytes(uploadOf(request.body), "the uploaded file");
          const choice = { keepEnabled: request.query.keepEnabled === true, broker: api };
          const prepare = () => prepareDeployment(context, next, choice);
          if (request.query.dryRun === true) {
            return changes.alone(following, async () => answerOf(await prepare(), null));
          }
          return changes.inTurn(request.headers["if-match"], following, async () => {
            const prepared = await prepare();
            return answerOf(prepared, await carryOut(prepared, true, following));
          });
        },
        onInternalError,
      ),
  );

  app.post<{ Querystring: { readonly dryRun?: boolean } }>(
    "/api/v1/project/undo",
    { schema: { querystring: { type: "object", additionalProperties: false, properties: { dryRun } } } },
    (request, reply) =>
      answerLongWork(
        request,
        reply,
        async (following) => {
          following.progress("validating");
          if (request.query.dryRun === true) {
            return changes.alone(following, async () =>
              answerOf((await prepareUndo(context, api)).prepared, null),
            );
          }
          return changes.inTurn(request.headers["if-match"], following, async () => {
            const { kept, prepared } = await prepareUndo(context, api);
            const deployed = await carryOut(prepared, false, following);
            await forgetProject(context.stateDirectory, kept.number);
            return answerOf(prepared, deployed);
          });
        },
        onInternalError,
      ),
  );
}

function uploadOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  throw new UnderstudyError(
    "CONSOLE_BAD_REQUEST",
    "Send the project file itself, with the content type application/xml.",
  );
}
