import type * as ua from "node-opcua";
import { RequestHeader, ResponseHeader } from "node-opcua";
import type { BinaryStream } from "node-opcua-binary-stream";

/** The part of a node-opcua structure schema that its channel layers use. */
interface MessageSchema {
  readonly name: string;
  readonly encodingDefaultBinary?: ua.ExpandedNodeId;
}

/** Appends bytes to a stream in one copy (`writeArrayBuffer` copies twice). */
export function appendBytes(stream: BinaryStream, bytes: Buffer): void {
  if (bytes.length < 4) {
    for (const byte of bytes) stream.writeUInt8(byte);
    return;
  }
  // writeByteStream is the only public call that grows the stream and copies at once; its length
  // prefix takes the place of the first four bytes and is then overwritten with them.
  const start = stream.length;
  stream.writeByteStream(bytes.subarray(4));
  stream.patchUInt32(start, bytes.readUInt32LE(0));
}

/** A service request of which only the header is decoded; `body` is the rest as it came over the wire. */
export class RawRequest {
  readonly schema: MessageSchema;
  requestHeader = new RequestHeader();
  body: Buffer;

  constructor(schema: MessageSchema, body: Buffer = Buffer.alloc(0)) {
    this.schema = schema;
    this.body = body;
  }

  decode(stream: BinaryStream): void {
    this.requestHeader.decode(stream);
    this.body = stream.buffer.subarray(stream.length);
    stream.length = stream.buffer.length;
  }

  encode(stream: BinaryStream): void {
    this.requestHeader.encode(stream);
    appendBytes(stream, this.body);
  }

  toString(): string {
    return `${this.schema.name} (${this.body.length} bytes)`;
  }
}

/** A service response of which only the header is decoded; see {@link RawRequest}. */
export class RawResponse {
  readonly schema: MessageSchema;
  responseHeader = new ResponseHeader();
  /** The body in parts, so that large ones are put together only once, into the chunks. */
  parts: readonly Buffer[];

  constructor(schema: MessageSchema, parts: readonly Buffer[] = []) {
    this.schema = schema;
    this.parts = parts;
  }

  /** Size of the body in bytes. */
  get length(): number {
    return this.parts.reduce((sum, part) => sum + part.length, 0);
  }

  /** The body of a received response. */
  get body(): Buffer {
    const [only] = this.parts;
    return only !== undefined && this.parts.length === 1 ? only : Buffer.concat(this.parts);
  }

  decode(stream: BinaryStream): void {
    this.responseHeader.decode(stream);
    this.parts = [stream.buffer.subarray(stream.length)];
    stream.length = stream.buffer.length;
  }

  encode(stream: BinaryStream): void {
    this.responseHeader.encode(stream);
    for (const part of this.parts) appendBytes(stream, part);
  }

  toString(): string {
    return `${this.schema.name} (${this.length} bytes)`;
  }
}

/** Services whose bodies are forwarded as bytes. */
export const rawServices = [
  "Read",
  "Write",
  "Call",
  "TranslateBrowsePathsToNodeIds",
  "CreateMonitoredItems",
  "ModifyMonitoredItems",
  "DeleteMonitoredItems",
  "SetMonitoringMode",
  "Publish",
  "Republish",
] as const;

export type RawService = (typeof rawServices)[number];
