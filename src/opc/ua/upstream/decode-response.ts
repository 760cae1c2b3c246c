import { ResponseHeader } from "node-opcua";
import { BinaryStream } from "node-opcua-binary-stream";
import { RawResponse } from "../wire/raw-message.ts";
import type { ServiceResponse } from "./upstream-session.ts";

interface Decodable {
  decode(stream: BinaryStream): void;
}

const header = encodedHeader();

/** Decodes a response whose body came as bytes into node-opcua's class for it; others are returned as they are. */
export function decodeResponse<R extends Decodable>(Message: new () => R, response: ServiceResponse): R {
  const message = new Message();
  if (!(response instanceof RawResponse)) return response as unknown as R;
  message.decode(new BinaryStream(Buffer.concat([header, response.body])));
  return message;
}

/** The classes decode a header first; any will do. */
function encodedHeader(): Buffer {
  const stream = new BinaryStream(256);
  new ResponseHeader().encode(stream);
  return Buffer.from(stream.buffer.subarray(0, stream.length));
}
