import { StatusCodes } from "node-opcua";
import type { Message } from "node-opcua-secure-channel";
import type { RelaySession } from "../relay/relay-session.ts";
import { rawRequest, rawResponse } from "../wire/raw-factory.ts";
import type { RawRequest, RawResponse } from "../wire/raw-message.ts";
import type { ClientSession } from "./client-session.ts";
import { overlayRead, patchReadResults, type ReadOverlay, unservedReadResults } from "./overlay.ts";

/** Time for a read whose client names none, in ms. */
const defaultTimeoutMs = 60_000;

/**
 * Read (OPC 10000-4, 5.11.2): forwarded as bytes. Nodes of the Server object that describe redundancy are the
 * broker's own; when nothing serves, they are all that can still be read. Throws RangeError when malformed.
 */
export function read(
  session: ClientSession,
  relay: RelaySession,
  message: Message,
  request: RawRequest,
): void {
  const { channel, front } = session;
  const { body, requestHeader } = request;
  const overlay = overlayRead(body, front.facts(!relay.isDark));
  if (overlay.count > 0 && overlay.reads.length === overlay.count) {
    channel.respond(message, rawResponse("Read", unservedReadResults(overlay)));
    return;
  }
  const forwarded = rawRequest("Read", body);
  forwarded.requestHeader.returnDiagnostics = requestHeader.returnDiagnostics;
  const timeoutMs = requestHeader.timeoutHint || defaultTimeoutMs;
  relay.forward(forwarded, true, timeoutMs, (error, response) => {
    if (response) {
      const answered = overlaid(response as unknown as RawResponse, overlay);
      if (answered) channel.respond(message, answered);
      else channel.fault(message, StatusCodes.BadUnknownResponse);
    } else if (error?.code === "NOTHING_ACTIVE") {
      const unserved = overlayRead(body, front.facts(false));
      channel.respond(message, rawResponse("Read", unservedReadResults(unserved)));
    } else channel.fault(message, error?.statusCode ?? StatusCodes.BadInternalError);
  });
}

/** The member's response with the broker's own values in it; null where the member's cannot be read. */
function overlaid(response: RawResponse, { reads }: ReadOverlay): RawResponse | null {
  if (reads.length === 0 || !response.responseHeader.serviceResult.equals(StatusCodes.Good)) return response;
  try {
    response.parts = [patchReadResults(response.body, reads)];
    return response;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
