import type { FastifyInstance, RouteOptions } from "fastify";
import { openApiDocument, type Route } from "./document.ts";
import type { JsonSchema } from "./shape.ts";

/**
 * Notes the routes of the web server from now on and serves their description. What is returned gives it once all are
 * there; it throws where a route and its description do not go together.
 */
export function describeRoutes(app: FastifyInstance, version: string): () => JsonSchema {
  const routes: Route[] = [];
  let made: JsonSchema | null = null;
  const document = (): JsonSchema => {
    made ??= openApiDocument(routes, version);
    return made;
  };
  app.addHook("onRoute", (options: RouteOptions) => {
    const { url, method, schema } = options;
    // the pages are no interface
    if (url === "/" || url.startsWith("/*")) return;
    for (const each of [method].flat()) {
      if (each === "HEAD" || each === "OPTIONS") continue;
      routes.push({
        method: each,
        url,
        querystring: (schema?.querystring as JsonSchema | undefined) ?? null,
        body: (schema?.body as JsonSchema | undefined) ?? null,
      });
    }
  });
  app.get("/api/v1/openapi.json", async () => document());
  return document;
}
