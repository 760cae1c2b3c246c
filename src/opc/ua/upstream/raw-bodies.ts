import { decodeExpandedNodeId } from "node-opcua";
import { BinaryStream } from "node-opcua-binary-stream";
import type { MessageBuilder, SecurityHeader } from "node-opcua-secure-channel";
import { detailOf } from "../../../diagnostics/detail-of.ts";
import { rawResponseFor } from "../wire/raw-factory.ts";
import type { RawResponse } from "../wire/raw-message.ts";
import { responseLimits } from "./transport.ts";

/** The parts of node-opcua's message builder that are protected or read-only there. */
interface MessageBuilderInternals {
  maxMessageSize: number;
  maxChunkCount: number;
  readonly messageHeader?: { readonly msgType: string };
  readonly securityHeader?: SecurityHeader;
  readonly sequenceHeader: { readonly requestId: number } | null;
  readonly channelId: number;
  _decodeMessageBody(body: Buffer): boolean;
  emit: MessageBuilder["emit"];
}

/** Lets responses of the raw services through undecoded; everything else goes node-opcua's way. */
export function keepRawBodies(messageBuilder: MessageBuilder, fail: (detail: string) => void): void {
  const builder = messageBuilder as unknown as MessageBuilderInternals;
  const decodeAsUsual = builder._decodeMessageBody.bind(builder);
  builder.maxMessageSize = responseLimits.maxMessageSize;
  builder.maxChunkCount = responseLimits.maxChunkCount;
  builder._decodeMessageBody = (body) => {
    const { messageHeader, securityHeader, sequenceHeader, channelId } = builder;
    if (messageHeader?.msgType !== "MSG" || !securityHeader || !sequenceHeader) return decodeAsUsual(body);
    const response = decodeRaw(body, fail);
    if (response === "decoded elsewhere") return decodeAsUsual(body);
    if (response === null) return false;
    try {
      builder.emit("message", response as never, "MSG", securityHeader, sequenceHeader.requestId, channelId);
    } catch {
      // node-opcua throws where a server answers a request twice; it has logged it, and the answer is ignored.
    }
    return true;
  };
}

function decodeRaw(body: Buffer, fail: (detail: string) => void): RawResponse | "decoded elsewhere" | null {
  try {
    const stream = new BinaryStream(body);
    const response = rawResponseFor(decodeExpandedNodeId(stream));
    response?.decode(stream);
    return response ?? "decoded elsewhere";
  } catch (error) {
    fail(`a response could not be decoded: ${detailOf(error)}`);
    return null;
  }
}
