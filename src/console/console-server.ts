import { existsSync } from "node:fs";
import type { AddressInfo } from "node:net";
import cookie from "@fastify/cookie";
import helmet from "@fastify/helmet";
import fastifyStatic from "@fastify/static";
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from "fastify";
import { UnderstudyError } from "../core/error.ts";
import type { ConsoleContext, ConsoleParts, ConsoleSettings, EventListener } from "./console-context.ts";
import { errorAnswer, internalError, notFound, statusOfError } from "./console-error.ts";
import { History } from "./history.ts";
import { Metrics } from "./metrics.ts";
import { describeRoutes } from "./openapi/routes.ts";
import type { JsonSchema } from "./openapi/shape.ts";
import { ProjectChanges } from "./project-changes.ts";
import { browseRoutes } from "./routes/browse.ts";
import { deployRoutes } from "./routes/deploy.ts";
import { eventRoutes } from "./routes/events.ts";
import { machineRoutes } from "./routes/machine.ts";
import { pairRoutes } from "./routes/pairs.ts";
import { projectRoutes } from "./routes/project.ts";
import { serverRoutes } from "./routes/servers.ts";
import { sessionRoutes } from "./routes/session.ts";
import { statusAnswer, statusRoutes } from "./routes/status.ts";
import { Streams, streamRoutes } from "./routes/stream.ts";
import { addGuards } from "./security/guards.ts";
import { LoginLimiter } from "./security/login-limiter.ts";
import { Sessions } from "./security/sessions.ts";
import { ConsoleUsers } from "./security/users.ts";
import { StatusWatch } from "./status-watch.ts";

export interface ConsoleServer {
  readonly url: string;
  /** To be given every event. */
  readonly event: EventListener;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** Largest body of a request, in bytes, but for imports. */
const bodyLimitBytes = 1024 * 1024;
/** Objects within objects; a project has 7. */
const deepestBody = 32;

/**
 * Serves the console and the HTTP interface for programs. Throws CONSOLE_LISTEN_FAILED.
 */
export async function serveConsole(parts: ConsoleParts, settings: ConsoleSettings): Promise<ConsoleServer> {
  const history = new History();
  const metrics = new Metrics();
  const streams = new Streams();
  const now = (): number => performance.now();
  const watch = new StatusWatch(parts.api, (pairs, nowMs) => {
    history.keepOnly(new Set(pairs.map(({ name }) => name)));
    for (const pair of pairs) history.sample(pair, pair.valuesPerSecond, nowMs);
    metrics.look(pairs);
  });
  const context: ConsoleContext = {
    ...parts,
    settings,
    users: new ConsoleUsers(parts.stateDirectory),
    sessions: new Sessions(now),
    limiter: new LoginLimiter(now),
    watch,
    history,
    metrics,
  };
  for (const event of parts.journal.query()) history.event(event);
  const app = await createApp(context, streams);
  try {
    await app.listen({ host: settings.host, port: settings.port });
  } catch (error) {
    await app.close();
    throw new UnderstudyError(
      "CONSOLE_LISTEN_FAILED",
      `The console cannot listen at ${settings.host}:${settings.port}: ${(error as Error).message}.`,
      { cause: error },
    );
  }
  watch.start();
  const tick = setInterval(() => {
    statusAnswer(context).then(
      (answer) => streams.send("status", answer),
      () => undefined,
    );
  }, 1000);
  tick.unref();
  return {
    url: urlOf(app, settings),
    event: (event) => {
      history.event(event);
      metrics.event(event);
      streams.event(event);
    },
    async close() {
      clearInterval(tick);
      watch.stop();
      streams.end();
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

/** The OpenAPI document of the interface, from its routes; nothing listens. */
export async function describeConsole(version: string): Promise<JsonSchema> {
  const settings = { host: "127.0.0.1", port: 0, tls: null };
  // routes use the rest only when they are asked
  const app = await createApp({ version, settings, pagesFolder: "" } as ConsoleContext, new Streams());
  try {
    return app.getDecorator<() => JsonSchema>("description")();
  } finally {
    await app.close();
  }
}

async function createApp(context: ConsoleContext, streams: Streams): Promise<FastifyInstance> {
  const { settings } = context;
  const app = fastify({
    logger: false,
    bodyLimit: bodyLimitBytes,
    trustProxy: false,
    routerOptions: { maxParamLength: 500 },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true } },
    forceCloseConnections: true,
    // what is refused before it gets to a route looks like every other error
    frameworkErrors: (error, _request, reply) => {
      const known = asKnown(error);
      void (reply as unknown as FastifyReply).code(statusOfError(known)).send(errorAnswer(known));
    },
    ...(settings.tls === null ? {} : { https: { cert: settings.tls.certificate, key: settings.tls.key } }),
  }) as unknown as FastifyInstance;
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", "data:"],
        connectSrc: ["'self'"],
        fontSrc: ["'self'"],
        formAction: ["'none'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: settings.tls !== null,
  });
  await app.register(cookie);
  app.setErrorHandler(async (error, _request, reply) => {
    const known = asKnown(error as FastifyError);
    if (known.code === "INTERNAL") context.onInternalError(error);
    return await reply.code(statusOfError(known)).send(errorAnswer(known));
  });
  app.setNotFoundHandler(async (request, reply) => {
    return await reply.code(404).send(errorAnswer(notFound(`page ${request.url.split("?")[0]}`)));
  });
  addGuards(app, context);
  app.addHook("preValidation", async ({ body }) => refuseDeep(body));
  const describe = describeRoutes(app, context.version);
  app.addHook("onSend", async (request, reply) => {
    if (request.url.startsWith("/api/")) reply.header("cache-control", "no-store");
  });
  sessionRoutes(app, context);
  statusRoutes(app, context);
  streamRoutes(app, context, streams);
  eventRoutes(app, context);
  pairRoutes(app, context);
  serverRoutes(app, context);
  const changes = new ProjectChanges(context);
  projectRoutes(app, context, changes);
  deployRoutes(app, context, changes);
  browseRoutes(app, context);
  machineRoutes(app, context);
  await servePages(app, context.pagesFolder);
  // fails where a route and its description do not go together
  describe();
  app.decorate("description", describe);
  return app;
}

async function servePages(app: FastifyInstance, folder: string): Promise<void> {
  if (existsSync(folder)) {
    await app.register(fastifyStatic, { root: folder, immutable: true, maxAge: "365d", index: false });
    app.get("/", (_request, reply) => reply.sendFile("index.html", { maxAge: 0, immutable: false }));
    return;
  }
  app.get("/", async (_request, reply) => {
    reply.type("text/plain; charset=utf-8");
    return "The pages of the console are not part of this installation (npm run build makes them).\n";
  });
}

/** What follows goes into objects within objects as deep as they are. Throws CONSOLE_BAD_REQUEST. */
function refuseDeep(body: unknown): void {
  if (body instanceof Uint8Array) return;
  let level = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepestBody) {
      throw new UnderstudyError(
        "CONSOLE_BAD_REQUEST",
        `The request is nested more than ${deepestBody} deep.`,
      );
    }
    level = level.flatMap((value) =>
      typeof value === "object" && value !== null ? Object.values(value) : [],
    );
  }
}

/** Errors of the framework get codes of ours. */
function asKnown(error: FastifyError): UnderstudyError {
  if (error instanceof UnderstudyError) return error;
  if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return new UnderstudyError("CONSOLE_BODY_TOO_LARGE", "The request is too large.");
  }
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return new UnderstudyError("CONSOLE_BAD_REQUEST", `The request cannot be understood: ${error.message}.`);
  }
  return internalError(error);
}

function urlOf(app: FastifyInstance, { host, tls }: ConsoleSettings): string {
  const { port } = app.server.address() as AddressInfo;
  const name = host.includes(":") ? `[${host}]` : host;
  return `${tls === null ? "http" : "https"}://${name}:${port}/`;
}
