import type { FastifyInstance } from "fastify";
import { UnderstudyError } from "../../core/error.ts";
import type { ConsoleContext } from "../console-context.ts";
import type { SessionAnswer } from "../contract.ts";
import { nobody, sessionCookie, sessionOf } from "../security/guards.ts";
import { absoluteLimitMs, type Session } from "../security/sessions.ts";

/** Login and logout. A wrong login costs time, more each time, by name and by address. */
export function sessionRoutes(app: FastifyInstance, context: ConsoleContext): void {
  const { sessions, users, limiter } = context;
  const answer = async (session: Session | null): Promise<SessionAnswer> => ({
    user: session?.user ?? null,
    csrfToken: sessions.csrfToken(session?.id ?? nobody),
    hasUsers: (await users.names()).length > 0,
  });

  app.get("/api/v1/session", (request) => answer(sessionOf(context, request)));

  app.post<{ Body: { readonly user: string; readonly password: string } }>(
    "/api/v1/session",
    {
      schema: {
        body: {
          type: "object",
          required: ["user", "password"],
          additionalProperties: false,
          properties: {
            user: { type: "string", maxLength: 64 },
            password: { type: "string", maxLength: 1024 },
          },
        },
      },
    },
    async (request, reply) => {
      const { user, password } = request.body;
      const keys = [`user ${user}`, `address ${request.ip}`];
      const waitMs = limiter.waitMs(...keys);
      if (waitMs > 0) {
        reply.header("retry-after", Math.ceil(waitMs / 1000));
        throw new UnderstudyError(
          "CONSOLE_LOGIN_SLOWED",
          `Too many wrong logins. Try again in ${Math.ceil(waitMs / 1000)} s.`,
        );
      }
      // counted before it is checked, so that many at a time do not slip through
      limiter.failed(...keys);
      if (!(await users.verify(user, password))) {
        context.report({ kind: "consoleLoginFailed", user, address: request.ip }, noContext);
        throw new UnderstudyError("CONSOLE_LOGIN_FAILED", "User name or password is wrong.");
      }
      limiter.succeeded(...keys);
      const session = sessions.create(user);
      reply.setCookie(sessionCookie, session.id, {
        path: "/",
        httpOnly: true,
        sameSite: "strict",
        secure: context.settings.tls !== null,
        maxAge: absoluteLimitMs / 1000,
      });
      return await answer(session);
    },
  );

  app.delete("/api/v1/session", async (request, reply) => {
    const session = sessionOf(context, request);
    if (session) sessions.end(session.id);
    reply.clearCookie(sessionCookie, { path: "/" });
    return await answer(null);
  });
}

const noContext = Object.freeze({ pair: null, server: null, machine: null, client: null });
