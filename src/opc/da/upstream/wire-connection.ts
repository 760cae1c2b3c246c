import type { Readable, Writable } from "node:stream";
import { UnderstudyError } from "../../../core/error.ts";
import { detailOf } from "../../../diagnostics/detail-of.ts";
import { hresult, hresultText } from "../mapping/hresult.ts";
import type { WireEvent } from "../wire/events.ts";
import { type Frame, FrameSplitter, kindOfFrame, responseBit } from "../wire/frame.ts";
import {
  decodeEvent,
  decodeResponse,
  encodeEvent,
  encodeRequest,
  type Outcome,
} from "../wire/message-codec.ts";
import {
  helloMagic,
  protocolMajor,
  protocolMinor,
  type RequestBody,
  type RequestName,
  type ResponseBody,
} from "../wire/requests.ts";
import type { Helper } from "./helper.ts";

/** The two directions of a connection and how to end what is at its other end. */
export interface WireStreams {
  readonly input: Readable;
  readonly output: Writable;
  /** Ends the other side at once; called at most once. */
  end(): void;
}

/** How much longer than its deadline a call may take before the other side counts as hung, in ms. */
const overrunMs = 5000;

interface Waiting {
  readonly name: RequestName;
  /** Null once the caller was told that it takes too long. */
  resolve: ((outcome: Outcome<never>) => void) | null;
  timer: NodeJS.Timeout;
}

/** The asking side of the wire protocol over a pair of streams. */
export class WireConnection implements Helper {
  onEvent: ((event: WireEvent) => void) | null = null;
  onLost: ((detail: string) => void) | null = null;
  readonly #streams: WireStreams;
  readonly #splitter = new FrameSplitter();
  readonly #waiting = new Map<number, Waiting>();
  #lastCorrelation = 0;
  #isOpen = true;

  private constructor(streams: WireStreams) {
    this.#streams = streams;
    const { input, output } = streams;
    input.on("data", (chunk: Buffer) => this.#received(chunk));
    input.on("close", () => this.#lost("the helper process ended"));
    input.on("error", (error: Error) => this.#lost(error.message));
    output.on("error", (error: Error) => this.#lost(error.message));
  }

  /** Says Hello and waits for the answer. Rejects with HELPER_FAILED; the streams are ended then. */
  static async open(
    streams: WireStreams,
    options: {
      readonly leg: "helper" | "proxy";
      readonly program: string;
      readonly token?: string | undefined;
      readonly target?: string | undefined;
      readonly timeoutMs: number;
    },
  ): Promise<WireConnection> {
    const connection = new WireConnection(streams);
    const outcome = await connection.call(
      "hello",
      {
        magic: helloMagic,
        major: protocolMajor,
        minor: protocolMinor,
        leg: options.leg === "helper" ? 1 : 2,
        processId: process.pid,
        program: options.program,
        token: options.token ?? null,
        target: options.target ?? null,
      },
      options.timeoutMs,
    );
    if (outcome.ok) return connection;
    connection.end();
    const detail = outcome.detail ?? hresultText(outcome.result);
    throw new UnderstudyError("HELPER_FAILED", `the OPC DA helper did not answer: ${detail}`);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  call<N extends RequestName>(
    name: N,
    body: RequestBody<N>,
    deadlineMs: number,
  ): Promise<Outcome<ResponseBody<N>>> {
    if (!this.#isOpen) return Promise.resolve(failure(hresult.RPC_S_CALL_FAILED, "the helper is gone"));
    const correlation = this.#nextCorrelation();
    let frame: Buffer;
    try {
      frame = encodeRequest(name, correlation, deadlineMs, body);
    } catch (error) {
      return Promise.resolve(failure(hresult.E_INVALIDARG, detailOf(error)));
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#tooLong(correlation, deadlineMs), deadlineMs);
      this.#waiting.set(correlation, { name, resolve, timer });
      this.#streams.output.write(frame);
    });
  }

  end(): void {
    this.onLost = null;
    this.#lost("ended by the broker");
  }

  #nextCorrelation(): number {
    do {
      this.#lastCorrelation = this.#lastCorrelation === 0xffff_ffff ? 1 : this.#lastCorrelation + 1;
    } while (this.#waiting.has(this.#lastCorrelation));
    return this.#lastCorrelation;
  }

  /** The caller is told; a COM call cannot be cancelled, so one that never returns costs the process its life. */
  #tooLong(correlation: number, deadlineMs: number): void {
    const waiting = this.#waiting.get(correlation);
    if (!waiting) return;
    const { name, resolve } = waiting;
    waiting.resolve = null;
    const detail = `${name} took longer than ${deadlineMs} ms`;
    waiting.timer = setTimeout(() => this.#lost(`${detail} and did not come back`), overrunMs);
    resolve?.(failure(hresult.RPC_E_TIMEOUT, detail));
  }

  #received(chunk: Buffer): void {
    if (!this.#isOpen) return;
    try {
      for (const frame of this.#splitter.push(chunk)) this.#take(frame);
    } catch (error) {
      this.#lost(detailOf(error));
    }
  }

  #take(frame: Frame): void {
    switch (kindOfFrame(frame.type)) {
      case "response":
        this.#answered(frame);
        break;
      case "event":
        this.#happened(frame);
        break;
      case "request":
        throw new UnderstudyError("WIRE_MALFORMED", `request ${frame.type} from the answering side`);
    }
  }

  #answered(frame: Frame): void {
    const waiting = this.#waiting.get(frame.correlation);
    if (!waiting) return;
    this.#waiting.delete(frame.correlation);
    clearTimeout(waiting.timer);
    waiting.resolve?.(decodeResponse(waiting.name, frame) as Outcome<never>);
  }

  #happened(frame: Frame): void {
    let event: WireEvent | null = null;
    try {
      event = decodeEvent(frame);
    } catch {
      // answered below like an unknown one
    }
    if (event) this.onEvent?.(event);
    else {
      const { type, correlation } = frame;
      this.#streams.output.write(encodeEvent("unknown", { type: type & ~responseBit, correlation }));
    }
  }

  #lost(detail: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#streams.end();
    for (const { timer, resolve } of waiting) {
      clearTimeout(timer);
      resolve?.(failure(hresult.RPC_S_CALL_FAILED, detail));
    }
    this.onLost?.(detail);
  }
}

function failure(result: number, detail: string): Outcome<never> {
  return { ok: false, result, detail };
}
