import type { Socket } from "node:net";
import { detailOf } from "../../../diagnostics/detail-of.ts";
import { hresult } from "../mapping/hresult.ts";
import { type Failure, failed } from "../relay/da-session.ts";
import type { ServerServices } from "../relay/server-services.ts";
import type { DataChange, ServerRequest } from "../upstream/da-server.ts";
import { type Frame, FrameSplitter, kindOfFrame } from "../wire/frame.ts";
import {
  type DecodedRequest,
  decodeRequest,
  encodeEvent,
  encodeFailure,
  encodeResponse,
  type Outcome,
  requestName,
} from "../wire/message-codec.ts";
import {
  helloMagic,
  protocolMajor,
  protocolMinor,
  type RequestBody,
  type RequestName,
  requests,
} from "../wire/requests.ts";

/** What the gateway knows of a proxy after its Hello. */
export interface ProxyClient {
  readonly program: string;
  readonly processId: number;
  readonly target: string;
}

/** A client's server object as the gateway sees it. */
export interface ServedClient {
  readonly clsid: string;
  readonly interfaces: number;
  readonly services: ServerServices;
  close(detail: string): Promise<void>;
}

export interface ProxyHost {
  /** Null where the token proves the right to connect; else why not. */
  refuse(token: string | null): string | null;
  /** True where a pair that is enabled here has this name. */
  knows(target: string): boolean;
  /** Opens the client's way to the pair. Rejects with an Error; the client is told E_FAIL and its message. */
  open(client: ProxyClient, deliver: (change: DataChange) => void): Promise<ServedClient>;
  readonly program: string;
  onInternalError(error: unknown, request: string): void;
}

/** A client that takes nothing any more is let go at this, rather than kept for ever; its proxy starts anew. */
const largestBacklogBytes = 64 * 1024 * 1024;
const serverHandle = 1;
/** Longest time for a last event to be sent, in ms. */
const flushMs = 300;

type Phase = "greeting" | "greeted" | "opening" | "open" | "closed";

/** One proxy's connection: one server object of one DA client. */
export class ProxyConnection {
  readonly #socket: Socket;
  readonly #host: ProxyHost;
  readonly #splitter = new FrameSplitter();
  /** Calls that are not answered yet, by their correlation; true where they can be cancelled. */
  readonly #open = new Map<
    number,
    { readonly type: number; readonly isAsync: boolean; readonly timer: NodeJS.Timeout }
  >();
  #phase: Phase = "greeting";
  #client: ProxyClient | null = null;
  #served: ServedClient | null = null;
  #onClosed: () => void;

  constructor(socket: Socket, host: ProxyHost, onClosed: () => void) {
    this.#socket = socket;
    this.#host = host;
    this.#onClosed = onClosed;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
    socket.on("error", (error: Error) => this.close(error.message));
    socket.on("close", () => this.close("the connection was closed"));
  }

  get target(): string | null {
    return this.#client?.target ?? null;
  }

  /** Tells the client that its server ends (IOPCShutdown), then ends the connection once that is sent. */
  shutDown(reason: string): void {
    if (this.#phase === "open") this.#write(encodeEvent("shutdown", { server: serverHandle, reason }));
    this.close(reason, true);
  }

  /** Ends the connection; the proxy connects again if it can. Idempotent. `isFlushed`: what was written is sent. */
  close(detail: string, isFlushed = false): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    for (const { timer } of this.#open.values()) clearTimeout(timer);
    this.#open.clear();
    if (isFlushed && this.#socket.writable) {
      this.#socket.end(() => this.#socket.destroy());
      // A client that takes nothing any more must not keep the broker from ending.
      setTimeout(() => this.#socket.destroy(), flushMs).unref();
    } else this.#socket.destroy();
    const served = this.#served;
    this.#served = null;
    served?.close(detail).catch((error: unknown) => this.#host.onInternalError(error, "close"));
    this.#onClosed();
  }

  #received(chunk: Buffer): void {
    try {
      for (const frame of this.#splitter.push(chunk)) {
        if (this.#phase === "closed") return;
        this.#take(frame);
      }
    } catch (error) {
      this.close(detailOf(error));
    }
  }

  #take(frame: Frame): void {
    switch (kindOfFrame(frame.type)) {
      case "response":
        return;
      case "event": {
        if (frame.type === unknownEventType) return;
        this.#write(encodeEvent("unknown", { type: frame.type, correlation: frame.correlation }));
        return;
      }
      case "request":
        this.#request(frame);
    }
  }

  #request(frame: Frame): void {
    const { type, correlation } = frame;
    const name = requestName(type);
    if (this.#phase === "greeting" && name !== "hello") {
      this.close("the connection did not begin with Hello");
      return;
    }
    if (name === undefined) {
      this.#write(encodeFailure(type, correlation, hresult.E_NOTIMPL, `request ${type} is unknown`));
      return;
    }
    if (correlation === 0 || this.#open.has(correlation)) {
      this.#write(encodeFailure(type, correlation, hresult.E_INVALIDARG, "the correlation is 0 or in use"));
      return;
    }
    let request: DecodedRequest;
    try {
      request = decodeRequest(frame);
    } catch (error) {
      this.#write(encodeFailure(type, correlation, hresult.E_INVALIDARG, detailOf(error)));
      return;
    }
    const isAsync = "via" in request.body && request.body.via === 1;
    const timer = setTimeout(
      () =>
        this.#answer(
          request.name,
          correlation,
          failed(hresult.RPC_E_TIMEOUT, "no answer within the deadline"),
        ),
      request.deadlineMs,
    );
    this.#open.set(correlation, { type, isAsync, timer });
    this.#carryOut(request).then(
      (outcome) => this.#answer(request.name, correlation, outcome),
      (error: unknown) => {
        this.#host.onInternalError(error, request.name);
        this.#answer(request.name, correlation, failed(hresult.E_UNEXPECTED, detailOf(error)));
      },
    );
  }

  async #carryOut({ name, body, deadlineMs }: DecodedRequest): Promise<Outcome<unknown>> {
    switch (name) {
      case "hello":
        return this.#hello(body as RequestBody<"hello">);
      case "ping":
        return done({});
      case "cancel":
        return this.#cancel((body as RequestBody<"cancel">).request);
      case "listServers":
        return failed(hresult.E_NOTIMPL, "the broker lists no servers");
      case "openServer":
        return this.#openServer(body as RequestBody<"openServer">);
      case "closeServer": {
        const served = this.#served;
        this.#served = null;
        if (!served) return noServer();
        this.#phase = "greeted";
        await served.close("released by the client");
        return done({});
      }
      default:
        return this.#serve(name, body as RequestBody<ServerRequest>, deadlineMs);
    }
  }

  #hello(body: RequestBody<"hello">): Outcome<unknown> {
    if (this.#phase !== "greeting") return failed(hresult.E_UNEXPECTED, "Hello was said already");
    if (body.magic !== helloMagic) return this.#refuse(hresult.E_INVALIDARG, "this is not the protocol");
    if (body.major !== protocolMajor) {
      const versions = `the broker speaks version ${protocolMajor}, the proxy ${body.major}`;
      return this.#refuse(hresult.E_NOTIMPL, versions);
    }
    const refusal = this.#host.refuse(body.token);
    if (refusal !== null) return this.#refuse(hresult.E_ACCESSDENIED, refusal);
    const target = body.target ?? "";
    if (!this.#host.knows(target)) {
      return this.#refuse(hresult.REGDB_E_CLASSNOTREG, `no pair ${target} is enabled here`);
    }
    this.#client = { program: body.program, processId: body.processId, target };
    this.#phase = "greeted";
    return done({
      major: protocolMajor,
      minor: protocolMinor,
      processId: process.pid,
      program: this.#host.program,
    });
  }

  #refuse(result: number, detail: string): Failure {
    // after the answer is written
    setImmediate(() => this.#socket.end());
    return failed(result, detail);
  }

  async #openServer({ server }: RequestBody<"openServer">): Promise<Outcome<unknown>> {
    const client = this.#client;
    if (this.#phase !== "greeted" || !client)
      return failed(hresult.E_UNEXPECTED, "the server is open already");
    if (server !== serverHandle) return failed(hresult.E_INVALIDARG, "the server handle of a proxy is 1");
    this.#phase = "opening";
    try {
      const served = await this.#host.open(client, (change) => this.#dataChange(change));
      if (this.#isClosed()) {
        await served.close("the client went away");
        return failed(hresult.E_ABORT, "the client went away");
      }
      this.#served = served;
      this.#phase = "open";
      return done({ clsid: served.clsid, interfaces: served.interfaces });
    } catch (error) {
      if (!this.#isClosed()) this.#phase = "greeted";
      return failed(hresult.E_FAIL, detailOf(error));
    }
  }

  #isClosed(): boolean {
    return this.#phase === "closed";
  }

  #serve(
    name: ServerRequest,
    body: RequestBody<ServerRequest>,
    deadlineMs: number,
  ): Promise<Outcome<unknown>> {
    if (!this.#served || body.server !== serverHandle) return Promise.resolve(noServer());
    return this.#served.services.answer(name, body, deadlineMs);
  }

  /** An asynchronous call ends for the client; whatever the member still says of it is dropped. */
  #cancel(correlation: number): Outcome<unknown> {
    const open = this.#open.get(correlation);
    if (!open?.isAsync) return { ok: true, result: hresult.S_FALSE, body: {} };
    const name = requestName(open.type);
    if (name) this.#answer(name, correlation, failed(hresult.E_ABORT, "cancelled by the client"));
    return done({});
  }

  #answer(name: RequestName, correlation: number, outcome: Outcome<unknown>): void {
    const open = this.#open.get(correlation);
    if (!open) return;
    this.#open.delete(correlation);
    clearTimeout(open.timer);
    if (!outcome.ok) {
      this.#write(encodeFailure(requests[name].type, correlation, outcome.result, outcome.detail));
      return;
    }
    this.#write(encodeResponse(name, correlation, outcome.result, outcome.body as never));
  }

  #dataChange(change: DataChange): void {
    if (this.#socket.writableLength > largestBacklogBytes) {
      this.close("the client takes no data changes");
      return;
    }
    this.#write(encodeEvent("dataChange", { ...change, server: serverHandle }));
  }

  #write(bytes: Buffer): void {
    if (this.#phase !== "closed" && this.#socket.writable) this.#socket.write(bytes);
  }
}

const unknownEventType = 0x7fff;

function done(body: unknown): Outcome<unknown> {
  return { ok: true, result: hresult.S_OK, body };
}

function noServer(): Failure {
  return failed(hresult.OPC_E_INVALIDHANDLE, "there is no such server; OpenServer comes first");
}
