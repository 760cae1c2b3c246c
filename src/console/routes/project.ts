import { readFile } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import { UnderstudyError } from "../../core/error.ts";
import { withoutNotifications } from "../../project/deployment.ts";
import { changesText, projectChanges } from "../../project/difference-text.ts";
import type { NewPair } from "../../project/pairs.ts";
import type { Project } from "../../project/project.ts";
import { type ProjectDocument, parseProject } from "../../project/project-document.ts";
import { readProject, saveProject } from "../../project/project-file.ts";
import { projectSchema } from "../../project/schema.ts";
import type { NewServer } from "../../project/servers.ts";
import type { ConsoleContext } from "../console-context.ts";
import type { ConflictAnswer, ImportAnswer, ProjectAnswer, SaveAnswer } from "../contract.ts";
import { versionOfText } from "./project-version.ts";

/** Largest project that can be imported, in bytes; as large as a file may be. */
const importLimitBytes = 4 * 1024 * 1024;

/** A save on a version that is not there any more. */
export class ProjectChangedError extends UnderstudyError {
  readonly current: ProjectAnswer;

  constructor(current: ProjectAnswer) {
    super("PROJECT_CHANGED", "Somebody else has saved the project meanwhile. Compare, then save again.");
    this.current = current;
  }

  get answer(): ConflictAnswer {
    return { code: this.code, message: this.message, current: this.current };
  }
}

/** Reading and changing the project. A change is validated as a whole, saved, applied; or nothing happens. */
export function projectRoutes(app: FastifyInstance, context: ConsoleContext): void {
  const { projectFile, api } = context;
  /** Changes take turns: the version is compared and the file written without another one in between. */
  let turn: Promise<unknown> = Promise.resolve();

  async function current(): Promise<{ readonly document: ProjectDocument; readonly answer: ProjectAnswer }> {
    const document = await readProject(projectFile);
    const version = versionOfText(await readFile(projectFile));
    return { document, answer: { version, file: projectFile, project: document.project } };
  }

  function change(
    ifMatch: string | undefined,
    edit: (document: ProjectDocument) => ProjectDocument,
  ): Promise<SaveAnswer> {
    const work = async (): Promise<SaveAnswer> => {
      const { document, answer } = await current();
      if (ifMatch?.replaceAll('"', "") !== answer.version) throw new ProjectChangedError(answer);
      const before = await readFile(projectFile);
      await saveProject(edit(document), projectFile);
      try {
        const reload = await api.reload();
        return { version: versionOfText(await readFile(projectFile)), reload };
      } catch (error) {
        // what the broker refuses must not be what it starts with next time
        await saveProject(parseProject(before.toString("utf8"), projectFile), projectFile);
        throw error;
      }
    };
    const result = turn.then(work, work);
    turn = result.catch(() => undefined);
    return result;
  }

  app.get("/api/v1/project", async () => (await current()).answer);
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
      const { document } = await current();
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
    (request) =>
      change(request.headers["if-match"], (document) => document.withProject(request.body.project)),
  );

  app.post<{ Body: NewPair }>(
    "/api/v1/project/pairs",
    { schema: { body: { type: "object" } } },
    async (request, reply) => {
      reply.code(201);
      return await change(request.headers["if-match"], (document) => document.addPair(request.body));
    },
  );

  app.delete<{ Params: { readonly name: string } }>("/api/v1/project/pairs/:name", async (request) => {
    const { name } = request.params;
    const answer = await change(request.headers["if-match"], (document) => document.removePair(name));
    return answer;
  });

  app.post<{ Body: NewServer }>(
    "/api/v1/project/servers",
    { schema: { body: { type: "object" } } },
    async (request, reply) => {
      reply.code(201);
      return await change(request.headers["if-match"], (document) => document.addServer(request.body));
    },
  );

  app.delete<{ Params: { readonly name: string } }>("/api/v1/project/servers/:name", async (request) => {
    const { name } = request.params;
    return await change(request.headers["if-match"], (document) => document.removeServer(name));
  });

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
    async (request) => {
      const { name } = request.params;
      const pair = (await api.status()).find((each) => each.name.toLowerCase() === name.toLowerCase());
      const { alias } = request.body;
      // the state of being enabled belongs to the name
      if (pair?.enabled) await api.disable(pair.name, `now called '${alias ?? pair.server}'`);
      try {
        const answer = await change(request.headers["if-match"], (document) =>
          document.setAlias(name, alias),
        );
        if (pair?.enabled) await api.enable(alias ?? pair.server, `was called '${pair.name}'`);
        return answer;
      } catch (error) {
        if (pair?.enabled) await api.enable(pair.name, "the change failed").catch(() => undefined);
        throw error;
      }
    },
  );

  app.addContentTypeParser(
    ["application/xml", "text/xml"],
    { parseAs: "string", bodyLimit: importLimitBytes },
    (_request, body, done) => done(null, body),
  );
  app.post<{ Querystring: { readonly dryRun?: boolean }; Body: string }>(
    "/api/v1/project/import",
    {
      bodyLimit: importLimitBytes,
      schema: {
        querystring: {
          type: "object",
          additionalProperties: false,
          properties: { dryRun: { type: "boolean", default: false } },
        },
      },
    },
    async (request): Promise<ImportAnswer> => {
      const { document } = await current();
      const next = parseProject(String(request.body), "the uploaded file");
      const changes = projectChanges(document.project, next.project);
      const text = changesText(changes);
      if (request.query.dryRun === true) return { changes, text, applied: false };
      await change(request.headers["if-match"], () => parseProject(String(request.body), projectFile));
      return { changes, text, applied: true };
    },
  );
}
