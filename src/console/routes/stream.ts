import type { FastifyInstance, FastifyReply } from "fastify";
import { UnderstudyError } from "../../core/error.ts";
import type { DiagnosticEvent } from "../../diagnostics/event.ts";
import type { ConsoleContext } from "../console-context.ts";
import type { EventBatch } from "../contract.ts";
import { statusAnswer } from "./status.ts";

/** Time between two batches of events, in ms: what a person can follow, and no more. */
const batchIntervalMs = 200;
/** Events of one batch; what comes on top is counted. */
const batchLimit = 500;
/** Pages that follow at a time. */
const streamLimit = 100;
/** A browser that takes nothing for so many bytes is skipped until it does. */
const backlogBytes = 1024 * 1024;

interface Stream {
  readonly reply: FastifyReply;
  batch: DiagnosticEvent[];
  missed: number;
}

/** Live status and events as Server-Sent Events (HTML, 9.2). */
export class Streams {
  readonly #streams = new Set<Stream>();
  #timer: NodeJS.Timeout | null = null;

  add(reply: FastifyReply): void {
    const stream: Stream = { reply, batch: [], missed: 0 };
    this.#streams.add(stream);
    reply.raw.on("close", () => this.#streams.delete(stream));
  }

  get isFull(): boolean {
    return this.#streams.size >= streamLimit;
  }

  event(event: DiagnosticEvent): void {
    if (this.#streams.size === 0) return;
    for (const stream of this.#streams) {
      if (stream.batch.length < batchLimit) stream.batch.push(event);
      else stream.missed += 1;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#flush();
    }, batchIntervalMs);
  }

  send(name: string, data: unknown): void {
    const text = frame(name, data);
    for (const { reply } of this.#streams) write(reply, text);
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const { reply } of this.#streams) reply.raw.end();
    this.#streams.clear();
  }

  #flush(): void {
    for (const stream of this.#streams) {
      if (stream.reply.raw.writableLength > backlogBytes) {
        stream.missed += stream.batch.length;
      } else {
        const batch: EventBatch = { events: stream.batch, missed: stream.missed };
        write(stream.reply, frame("events", batch));
        stream.missed = 0;
      }
      stream.batch = [];
    }
  }
}

export function streamRoutes(app: FastifyInstance, context: ConsoleContext, streams: Streams): void {
  app.get("/api/v1/stream", async (_request, reply) => {
    if (streams.isFull) {
      throw new UnderstudyError("CONSOLE_BUSY", `${streamLimit} pages follow already; close some.`);
    }
    const headers = {
      ...reply.getHeaders(),
      "content-type": "text/event-stream",
      "cache-control": "no-store",
    };
    reply.hijack();
    reply.raw.writeHead(200, headers as Record<string, string>);
    reply.raw.write("retry: 2000\n\n");
    streams.add(reply);
    write(reply, frame("status", await statusAnswer(context)));
  });
}

function frame(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

function write(reply: FastifyReply, text: string): void {
  const { raw } = reply;
  if (!raw.destroyed && !raw.writableEnded && raw.writableLength <= backlogBytes) raw.write(text);
}
