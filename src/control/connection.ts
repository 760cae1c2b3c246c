import { once } from "node:events";
import type { Socket } from "node:net";
import { UnderstudyError } from "../core/error.ts";
import type { Follower } from "../diagnostics/follower.ts";
import type { Journal } from "../diagnostics/journal.ts";
import type { BrokerApi } from "./broker-api.ts";
import { createLineReader } from "./line-reader.ts";
import { callBroker, readEventsRequest } from "./methods.ts";
import {
  type Answer,
  type BrokerInfo,
  badRequest,
  parseRequest,
  pendingLimit,
  protocolVersion,
  type Request,
  requestLimitBytes,
} from "./protocol.ts";
import { callServers } from "./server-methods.ts";
import type { ServersApi } from "./servers-api.ts";

export interface ConnectionServices {
  readonly api: BrokerApi;
  /** Left out where whole servers are not protected. */
  readonly servers?: ServersApi | undefined;
  readonly journal: Journal;
  readonly info: BrokerInfo;
  /** Told of errors that are the broker's own, not the client's. */
  readonly onInternalError: (error: unknown) => void;
}

/** Serves one client until either side ends the connection. Nothing it sends can harm the broker. */
export function serveConnection(socket: Socket, services: ConnectionServices): void {
  const reader = createLineReader(requestLimitBytes);
  const streams = new Map<number, Follower | null>();
  /** Requests under way, to be broken off by `cancel` or with the connection. */
  const underWay = new Map<number, AbortController>();
  const closed = new AbortController();
  let greeted = false;
  let pending = 0;

  function send(answer: Answer): boolean {
    if (socket.destroyed || socket.writableEnded) return true;
    return socket.write(`${JSON.stringify(answer)}\n`);
  }

  function reply(answer: Answer): void {
    // A client that does not read its answers is not read from either.
    if (!send(answer)) {
      socket.pause();
      socket.once("drain", () => socket.resume());
    }
  }

  function refuse(id: number | null, error: unknown): void {
    if (!(error instanceof UnderstudyError)) services.onInternalError(error);
    reply({ id, error: asAnswerError(error) });
  }

  /** A line that is no request: one answer, then the end, for what follows cannot be trusted either. */
  function giveUp(error: unknown): void {
    refuse(null, error instanceof UnderstudyError ? error : badRequest(messageOf(error)));
    socket.off("data", receive);
    socket.resume();
    socket.end(() => socket.destroy());
  }

  async function events(request: Request): Promise<void> {
    const { filter, past, follow } = readEventsRequest(request.params);
    // Both in one turn of the event loop: no event falls between past and new ones.
    const earlier = services.journal.query(filter, past ?? undefined);
    const follower = follow ? services.journal.follow(filter) : null;
    streams.set(request.id, follower);
    try {
      for (const event of earlier) {
        if (!streams.has(request.id)) return;
        await sendInTime({ id: request.id, event });
      }
      if (follower === null) return;
      for await (const item of follower) {
        await sendInTime(
          item.kind === "event"
            ? { id: request.id, event: item.event }
            : { id: request.id, missed: item.count },
        );
      }
    } finally {
      follower?.close();
      streams.delete(request.id);
    }
  }

  async function sendInTime(answer: Answer): Promise<void> {
    if (!send(answer)) await once(socket, "drain", { signal: closed.signal }).catch(() => undefined);
  }

  async function perform(request: Request): Promise<unknown> {
    const { method, params } = request;
    if (method === "hello") {
      greeted = greet(params);
      return services.info;
    }
    if (!greeted) throw badRequest("the first request must be hello");
    switch (method) {
      case "events":
        if (streams.has(request.id)) throw badRequest("the id is in use");
        await events(request);
        return null;
      case "cancel": {
        const { id: target } = params;
        const follower = typeof target === "number" ? streams.get(target) : undefined;
        if (typeof target === "number") streams.delete(target);
        follower?.close();
        if (typeof target === "number") underWay.get(target)?.abort(cancelled());
        return null;
      }
      case "clearEvents":
        services.journal.clear(pairOrNull(params));
        return null;
      default:
        return await ((services.servers && callServers(services.servers, method, params)) ??
          follow(request.id, (signal) => callBroker(services.api, method, params, { signal })));
    }
  }

  async function follow<T>(id: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    underWay.set(id, abort);
    try {
      return await work(abort.signal);
    } finally {
      if (underWay.get(id) === abort) underWay.delete(id);
    }
  }

  async function serve(request: Request): Promise<void> {
    if (pending >= pendingLimit) {
      refuse(
        request.id,
        new UnderstudyError("CONTROL_BUSY", "Too many requests at a time; wait for answers."),
      );
      return;
    }
    pending++;
    try {
      const result = await perform(request);
      reply({ id: request.id, result });
    } catch (error) {
      refuse(request.id, error);
    } finally {
      pending--;
    }
  }

  function receive(bytes: Buffer): void {
    try {
      for (const line of reader.push(bytes)) {
        if (line.trim() !== "") void serve(parseRequest(line));
      }
    } catch (error) {
      giveUp(error);
    }
  }

  socket.on("data", receive);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    closed.abort();
    for (const follower of streams.values()) follower?.close();
    streams.clear();
    for (const abort of underWay.values()) abort.abort(cancelled());
  });
}

function greet(params: Readonly<Record<string, unknown>>): true {
  const { protocol } = params;
  if (protocol !== protocolVersion) {
    throw new UnderstudyError(
      "CONTROL_PROTOCOL_MISMATCH",
      `The running broker speaks version ${protocolVersion} of the control protocol. Use the command of the same version, or restart the broker.`,
    );
  }
  return true;
}

function cancelled(): UnderstudyError {
  return new UnderstudyError("CANCELLED", "It was broken off, as nobody wants the answer any more.");
}

function pairOrNull({ pair = null }: Readonly<Record<string, unknown>>): string | null {
  if (pair === null || typeof pair === "string") return pair;
  throw badRequest("pair must be a text or null");
}

function asAnswerError(error: unknown): { code: string; message: string } {
  return error instanceof UnderstudyError
    ? { code: error.code, message: error.message }
    : {
        code: "INTERNAL",
        message: `Internal error of the broker: ${messageOf(error)}. Its log has the details.`,
      };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
