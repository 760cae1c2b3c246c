import type { FastifyReply, FastifyRequest } from "fastify";
import type { Following } from "../control/broker-api.ts";
import { UnderstudyError } from "../core/error.ts";
import { errorAnswer, statusOfError } from "./console-error.ts";
import type { WorkLine } from "./contract.ts";

/** What a client accepts that wants to be told how the work goes on. */
export const workMediaType = "application/x-ndjson";

/** As `Following`; both are there. */
export interface WorkFollowing extends Following {
  readonly signal: AbortSignal;
  readonly progress: (step: string) => void;
}

/**
 * Answers with what the work comes to. It ends when whoever asked for it goes away: that is how a client cancels.
 * A client that accepts `application/x-ndjson` gets a line for each step as it begins (`WorkLine`), the last of which
 * has the result or the error; an error before the first step has its own HTTP status as without.
 */
export async function answerLongWork<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  work: (following: WorkFollowing) => Promise<T>,
  onInternalError: (error: unknown) => void,
): Promise<T | FastifyReply> {
  const abort = new AbortController();
  const gone = (): void => {
    if (!reply.raw.writableFinished) {
      abort.abort(
        new UnderstudyError("CANCELLED", "It was broken off, as nobody wants the answer any more."),
      );
    }
  };
  reply.raw.once("close", gone);
  const lines = request.headers.accept?.includes(workMediaType) === true ? new WorkLines(reply) : null;
  try {
    const result = await work({
      signal: abort.signal,
      progress: (step) => lines?.write({ progress: step }),
    });
    if (!lines?.isBegun) return result;
    lines.end({ result });
    return reply;
  } catch (error) {
    if (!lines?.isBegun) throw error;
    if (statusOfError(error) >= 500 && !(error instanceof UnderstudyError)) onInternalError(error);
    lines.end({ error: errorAnswer(error) });
    return reply;
  } finally {
    reply.raw.off("close", gone);
  }
}

/** The lines of an answer; its head goes out with the first one. */
class WorkLines {
  readonly #reply: FastifyReply;
  isBegun = false;

  constructor(reply: FastifyReply) {
    this.#reply = reply;
  }

  write(line: WorkLine): void {
    const { raw } = this.#reply;
    if (!this.isBegun) {
      this.isBegun = true;
      const headers = {
        ...this.#reply.getHeaders(),
        "content-type": workMediaType,
        "cache-control": "no-store",
      };
      this.#reply.hijack();
      raw.writeHead(200, headers as Record<string, string>);
    }
    if (!raw.destroyed) raw.write(`${JSON.stringify(line)}\n`);
  }

  end(line: WorkLine): void {
    this.write(line);
    this.#reply.raw.end();
  }
}
