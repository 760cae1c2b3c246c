import type { WireEvent } from "../wire/events.ts";
import type { Outcome } from "../wire/message-codec.ts";
import type { RequestBody, RequestName, ResponseBody } from "../wire/requests.ts";

/** A process that makes COM calls for the broker. Once it is lost it stays lost. */
export interface Helper {
  readonly isOpen: boolean;
  onEvent: ((event: WireEvent) => void) | null;
  /** Called once, unless the helper was ended by `end`. */
  onLost: ((detail: string) => void) | null;
  /**
   * Asks for something. Never rejects: a helper that is lost gives RPC_S_CALL_FAILED, one that takes longer
   * than `deadlineMs` RPC_E_TIMEOUT, and what cannot be sent E_INVALIDARG.
   */
  call<N extends RequestName>(
    name: N,
    body: RequestBody<N>,
    deadlineMs: number,
  ): Promise<Outcome<ResponseBody<N>>>;
  /** Ends the process at once, whatever it is doing. */
  end(): void;
}

/** Starts helper processes. */
export interface HelperStarter {
  /** Rejects where the process cannot be started or does not speak the protocol. */
  start(signal: AbortSignal): Promise<Helper>;
}
