import type { EventBody } from "../wire/events.ts";
import type { Outcome } from "../wire/message-codec.ts";
import type { RequestBody, RequestName, ResponseBody } from "../wire/requests.ts";

export type DataChange = EventBody<"dataChange">;

/** Requests that concern a server object. */
export type ServerRequest = Exclude<
  RequestName,
  "hello" | "ping" | "cancel" | "listServers" | "openServer" | "closeServer"
>;

/** Bits of `DaServer.interfaces` (native/wire/PROTOCOL.md, OpenServer). */
export const serverInterfaces = Object.freeze({
  common: 1,
  browseServerAddressSpace: 2,
  itemProperties: 4,
  browse: 8,
  itemIo: 16,
  shutdown: 32,
} as const);

/**
 * A client's server object on a member: an OPC DA server behind a helper process, or what looks like one.
 * Once lost it stays lost. The `server` handle in bodies and events is its owner's affair: it fills in
 * that of requests, and that of events means nothing.
 */
export interface DaServer {
  readonly isOpen: boolean;
  readonly clsid: string;
  readonly interfaces: number;
  onDataChange: ((change: DataChange) => void) | null;
  onShutdown: ((reason: string | null) => void) | null;
  /** Called once, unless it was ended by `close` or `abort`. */
  onLost: ((detail: string) => void) | null;
  /** Never rejects; see `Helper.call`. */
  call<N extends ServerRequest>(
    name: N,
    body: RequestBody<N>,
    deadlineMs: number,
  ): Promise<Outcome<ResponseBody<N>>>;
  /** Releases the server object, best effort and bounded. */
  close(): Promise<void>;
  /** Lets it go without waiting for anybody. */
  abort(): void;
}
