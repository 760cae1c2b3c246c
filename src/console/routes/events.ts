import type { FastifyInstance } from "fastify";
import { roles } from "../../core/role.ts";
import {
  type ExportFormat,
  exportEvents,
  exportFormats,
  exportMediaTypes,
} from "../../diagnostics/export.ts";
import { type EventFilter, severities } from "../../diagnostics/filter.ts";
import type { ConsoleContext } from "../console-context.ts";
import type { EventsAnswer } from "../contract.ts";

const text = { type: "string", maxLength: 500 } as const;
const filterSchema = {
  pair: text,
  member: { type: "string", enum: roles },
  severity: { type: "string", enum: severities },
  client: text,
  since: { type: "string", format: "date-time" },
  until: { type: "string", format: "date-time" },
  code: text,
  text,
} as const;

type FilterQuery = Omit<EventFilter, "codes" | "afterId"> & { readonly code?: string };

/** Events of the past, as an answer or as a file; forgetting them. */
export function eventRoutes(app: FastifyInstance, { journal }: ConsoleContext): void {
  app.get<{ Querystring: FilterQuery & { readonly limit?: number; readonly beforeId?: number } }>(
    "/api/v1/events",
    {
      schema: {
        querystring: {
          type: "object",
          additionalProperties: false,
          properties: {
            ...filterSchema,
            limit: { type: "integer", minimum: 1, maximum: 30_000, default: 1000 },
            beforeId: { type: "integer", minimum: 0 },
          },
        },
      },
    },
    async (request): Promise<EventsAnswer> => {
      const { limit = 1000, beforeId, ...query } = request.query;
      const found = journal.query(filterOf(query));
      const earlier = beforeId === undefined ? found : found.filter(({ id }) => id < beforeId);
      return { events: earlier.slice(-limit) };
    },
  );

  app.get<{ Querystring: FilterQuery & { readonly format: ExportFormat } }>(
    "/api/v1/events/export",
    {
      schema: {
        querystring: {
          type: "object",
          additionalProperties: false,
          required: ["format"],
          properties: { ...filterSchema, format: { type: "string", enum: exportFormats } },
        },
      },
    },
    async (request, reply) => {
      const { format, ...query } = request.query;
      const ending = format === "text" ? "txt" : format;
      reply.type(exportMediaTypes[format]);
      reply.header("content-disposition", `attachment; filename="understudy-events.${ending}"`);
      return exportEvents(journal.query(filterOf(query)), format);
    },
  );

  app.delete<{ Querystring: { readonly pair?: string } }>(
    "/api/v1/events",
    { schema: { querystring: { type: "object", additionalProperties: false, properties: { pair: text } } } },
    async (request, reply) => {
      journal.clear(request.query.pair ?? null);
      return await reply.code(204).send();
    },
  );
}

function filterOf({ code, since, until, ...rest }: FilterQuery): EventFilter {
  return {
    ...rest,
    since: since && new Date(since).toISOString(),
    until: until && new Date(until).toISOString(),
    codes: code === undefined ? undefined : code.split(","),
  };
}
