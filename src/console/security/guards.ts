import type { FastifyInstance, FastifyRequest } from "fastify";
import { UnderstudyError } from "../../core/error.ts";
import type { ConsoleContext } from "../console-context.ts";
import { loginNeeded } from "../console-error.ts";
import { isLoopback, isOwnHost, isOwnOrigin } from "./addresses.ts";
import type { Session } from "./sessions.ts";

export const sessionCookie = "understudy_session";
export const csrfHeader = "x-csrf-token";
/** What the CSRF token of somebody who is not logged in belongs to. */
export const nobody = "nobody";

const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Who may do what: everybody on this machine may look; changes need a login and the token that only our own
 * pages can read; from other machines everything but the login itself needs a login.
 */
export function addGuards(app: FastifyInstance, context: ConsoleContext): void {
  app.addHook("onRequest", async (request) => {
    if (!isOwnHost(request.headers.host, context.settings.host)) {
      throw new UnderstudyError(
        "CONSOLE_HOST_UNKNOWN",
        "The console is not known by that name. Use its address, localhost, or the host it listens on.",
      );
    }
    const isChange = !safeMethods.has(request.method);
    if (isChange && !isOwnOrigin(request.headers.origin, request.headers.host)) {
      throw forbidden("The request comes from a page of another site.");
    }
    const session = sessionOf(context, request);
    const isLogin = request.url.split("?")[0] === "/api/v1/session";
    if (isChange) {
      const token = request.headers[csrfHeader];
      if (!context.sessions.isCsrfToken(token, session?.id ?? nobody)) {
        throw forbidden("The request lacks the token of a page of ours; load the page again.");
      }
      if (session === null && !isLogin) throw loginNeeded();
    } else if (session === null && !isLogin && !isLoopback(request.ip) && !isPublic(request)) {
      throw loginNeeded();
    }
  });
}

/** The pages themselves hold nothing; without them nobody could log in. */
function isPublic(request: FastifyRequest): boolean {
  const path = request.url.split("?")[0] ?? "";
  return path === "/" || path === "/index.html" || path.startsWith("/assets/");
}

/** For questions that make the broker connect to other machines. Throws CONSOLE_LOGIN_NEEDED. */
export async function requireLogin(context: ConsoleContext, request: FastifyRequest): Promise<void> {
  if (sessionOf(context, request) === null) throw loginNeeded();
}

export function sessionOf(context: ConsoleContext, request: FastifyRequest): Session | null {
  return context.sessions.find(request.cookies[sessionCookie]);
}

/** The name that ends up in events: who did it. */
export function reasonOf(
  context: ConsoleContext,
  request: FastifyRequest,
  given: string | undefined,
): string {
  const user = sessionOf(context, request)?.user ?? "somebody";
  return given === undefined || given.trim() === ""
    ? `by ${user} in the console`
    : `${given.trim()} (${user})`;
}

function forbidden(message: string): UnderstudyError {
  return new UnderstudyError("CONSOLE_FORBIDDEN", message);
}
