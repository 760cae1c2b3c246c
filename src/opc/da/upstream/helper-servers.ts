import { UnderstudyError } from "../../../core/error.ts";
import { hresult, hresultText } from "../mapping/hresult.ts";
import type { WireEvent } from "../wire/events.ts";
import type { Outcome } from "../wire/message-codec.ts";
import type { RequestBody, ResponseBody } from "../wire/requests.ts";
import type { DaServer, DataChange, ServerRequest } from "./da-server.ts";
import type { Helper, HelperStarter } from "./helper.ts";

/** Which server on which machine. */
export interface DaServerPlace {
  /** ProgID, or CLSID in braces. */
  readonly id: string;
  /** Empty or `localhost`: this machine. */
  readonly machine: string;
}

const closeTimeoutMs = 1000;

/** The server objects in one helper process; the process lives as long as one of them is wanted. */
export class HelperServers {
  readonly #starter: HelperStarter;
  #current: SharedHelper | null = null;

  constructor(starter: HelperStarter) {
    this.#starter = starter;
  }

  /**
   * Opens a server object, in the process of the others where there is one.
   * @throws (rejects) UnderstudyError DA_CONNECT_FAILED with what COM said, or HELPER_FAILED.
   */
  async open(place: DaServerPlace, timeoutMs: number, signal: AbortSignal): Promise<DaServer> {
    if (!this.#current || this.#current.isEnded) this.#current = new SharedHelper(this.#starter);
    return this.#current.open(place, timeoutMs, signal);
  }

  /** Ends the process at once, and with it all that it serves; the server objects tell of their loss. */
  end(detail: string): void {
    this.#current?.end(detail);
    this.#current = null;
  }
}

/** One helper process and the server objects in it. */
class SharedHelper {
  readonly #starting: Promise<Helper>;
  readonly #abort = new AbortController();
  readonly #servers = new Map<number, HelperServer>();
  #lastHandle = 0;
  #opening = 0;
  #helper: Helper | null = null;
  isEnded = false;

  constructor(starter: HelperStarter) {
    this.#starting = starter.start(this.#abort.signal).then(
      (helper) => this.#started(helper),
      (error: unknown) => {
        this.isEnded = true;
        throw error;
      },
    );
  }

  async open(place: DaServerPlace, timeoutMs: number, signal: AbortSignal): Promise<DaServer> {
    this.#opening += 1;
    try {
      const helper = await this.#starting;
      if (signal.aborted) throw new UnderstudyError("DA_CONNECT_FAILED", "given up");
      this.#lastHandle += 1;
      const handle = this.#lastHandle;
      const outcome = await helper.call(
        "openServer",
        { server: handle, ...place, classContext: 0, authentication: 0 },
        timeoutMs,
      );
      if (!outcome.ok) {
        const said = outcome.detail
          ? `${hresultText(outcome.result)}: ${outcome.detail}`
          : hresultText(outcome.result);
        throw new UnderstudyError(
          "DA_CONNECT_FAILED",
          `${place.id} on ${place.machine || "this machine"}: ${said}`,
        );
      }
      const server = new HelperServer(helper, handle, outcome.body, () => this.#forget(handle));
      this.#servers.set(handle, server);
      return server;
    } finally {
      this.#opening -= 1;
      this.#endUnused();
    }
  }

  end(detail: string): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.#abort.abort();
    this.#helper?.end();
    for (const server of [...this.#servers.values()]) server.lost(detail);
  }

  #started(helper: Helper): Helper {
    if (this.isEnded) {
      helper.end();
      throw new UnderstudyError("HELPER_FAILED", "the helper process is not wanted any more");
    }
    this.#helper = helper;
    helper.onEvent = (event) => this.#happened(event);
    helper.onLost = (detail) => this.end(detail);
    return helper;
  }

  #happened(event: WireEvent): void {
    switch (event.name) {
      case "dataChange":
        this.#servers.get(event.body.server)?.onDataChange?.(event.body);
        break;
      case "shutdown":
        this.#servers.get(event.body.server)?.onShutdown?.(event.body.reason);
        break;
      case "serverLost":
        this.#servers.get(event.body.server)?.lost(`${event.body.detail} (${hresultText(event.body.error)})`);
        break;
      case "overflow":
      case "log":
      case "unknown":
        break;
    }
  }

  #forget(handle: number): void {
    this.#servers.delete(handle);
    this.#endUnused();
  }

  #endUnused(): void {
    if (this.#servers.size === 0 && this.#opening === 0) this.end("no longer needed");
  }
}

class HelperServer implements DaServer {
  readonly clsid: string;
  readonly interfaces: number;
  onDataChange: ((change: DataChange) => void) | null = null;
  onShutdown: ((reason: string | null) => void) | null = null;
  onLost: ((detail: string) => void) | null = null;
  readonly #helper: Helper;
  readonly #handle: number;
  readonly #gone: () => void;
  #isOpen = true;

  constructor(helper: Helper, handle: number, opened: ResponseBody<"openServer">, gone: () => void) {
    this.#helper = helper;
    this.#handle = handle;
    this.clsid = opened.clsid;
    this.interfaces = opened.interfaces;
    this.#gone = gone;
  }

  get isOpen(): boolean {
    return this.#isOpen && this.#helper.isOpen;
  }

  call<N extends ServerRequest>(
    name: N,
    body: RequestBody<N>,
    deadlineMs: number,
  ): Promise<Outcome<ResponseBody<N>>> {
    if (!this.#isOpen) {
      return Promise.resolve({ ok: false, result: hresult.RPC_S_CALL_FAILED, detail: "the server is gone" });
    }
    const request: RequestBody<N> = Object.assign({}, body, { server: this.#handle });
    return this.#helper.call(name, request, deadlineMs);
  }

  async close(): Promise<void> {
    if (!this.#end()) return;
    await this.#helper.call("closeServer", { server: this.#handle }, closeTimeoutMs);
    this.#gone();
  }

  abort(): void {
    if (!this.#end()) return;
    this.#gone();
    if (!this.#helper.isOpen) return;
    this.#helper.call("closeServer", { server: this.#handle }, closeTimeoutMs).catch(() => undefined);
  }

  lost(detail: string): void {
    const { onLost } = this;
    if (!this.#end()) return;
    this.#gone();
    onLost?.(detail);
  }

  #end(): boolean {
    if (!this.#isOpen) return false;
    this.#isOpen = false;
    this.onDataChange = null;
    this.onShutdown = null;
    this.onLost = null;
    return true;
  }
}
