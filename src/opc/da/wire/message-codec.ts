import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { type EventBody, type EventKind, type EventName, events, type WireEvent } from "./events.ts";
import { type Frame, headerSize, largestLength, responseBit } from "./frame.ts";
import {
  type RequestBody,
  type RequestKind,
  type RequestName,
  type ResponseBody,
  requests,
} from "./requests.ts";
import { WireError } from "./wire-error.ts";

/** Longest deadline of a request, in ms. */
export const longestDeadlineMs = 3_600_000;

/** A response as its requester sees it. */
export type Outcome<T> =
  | { readonly ok: true; readonly result: number; readonly body: T }
  | { readonly ok: false; readonly result: number; readonly detail: string | null };

export interface DecodedRequest<N extends RequestName = RequestName> {
  readonly name: N;
  readonly deadlineMs: number;
  readonly body: RequestBody<N>;
}

const requestNames = new Map<number, RequestName>(
  Object.entries(requests).map(([name, { type }]) => [type, name as RequestName]),
);
const eventNames = new Map<number, EventName>(
  Object.entries(events).map(([name, { type }]) => [type, name as EventName]),
);

function encode(type: number, correlation: number, fill: (writer: ByteWriter) => void): Buffer {
  const writer = new ByteWriter();
  writer.u32(0);
  writer.u16(type);
  writer.u16(0);
  writer.u32(correlation);
  fill(writer);
  const length = writer.size - 4;
  if (length > largestLength) throw new WireError(`a frame of ${length} bytes is too large`);
  writer.u32At(0, length);
  return writer.finish();
}

/** A whole frame. @throws WireError */
export function encodeRequest<N extends RequestName>(
  name: N,
  correlation: number,
  deadlineMs: number,
  body: RequestBody<N>,
): Buffer {
  const kind = requestKind(name);
  return encode(kind.type, correlation, (writer) => {
    writer.u32(Math.min(Math.max(Math.round(deadlineMs), 1), longestDeadlineMs));
    kind.request.write(writer, body);
  });
}

/** The name of a request's type; undefined where it is unknown. */
export function requestName(type: number): RequestName | undefined {
  return requestNames.get(type);
}

/** @throws WireError where the payload is not that of its type, or the type is unknown. */
export function decodeRequest({ type, payload }: Frame): DecodedRequest {
  const name = requestNames.get(type);
  if (name === undefined) throw new WireError(`request type ${type} is unknown`);
  const reader = new ByteReader(payload);
  const deadlineMs = reader.u32();
  if (deadlineMs < 1 || deadlineMs > longestDeadlineMs)
    throw new WireError(`${deadlineMs} ms is no deadline`);
  const body = requestKind(name).request.read(reader);
  reader.end();
  return { name, deadlineMs, body };
}

export function encodeResponse<N extends RequestName>(
  name: N,
  correlation: number,
  result: number,
  body: ResponseBody<N>,
): Buffer {
  const kind = requestKind(name);
  return encode(kind.type | responseBit, correlation, (writer) => {
    writer.i32(result);
    kind.response.write(writer, body);
  });
}

/** Refuses a request of any type, also an unknown one. `result` is a failing HRESULT. */
export function encodeFailure(
  type: number,
  correlation: number,
  result: number,
  detail: string | null,
): Buffer {
  return encode(type | responseBit, correlation, (writer) => {
    writer.i32(result);
    writer.textOrNull(detail);
  });
}

/** @throws WireError where the payload is not an answer to a request of this name. */
export function decodeResponse<N extends RequestName>(
  name: N,
  { type, payload }: Frame,
): Outcome<ResponseBody<N>> {
  const kind = requestKind(name);
  if (type !== (kind.type | responseBit)) throw new WireError(`a response to ${name} has type ${type}`);
  const reader = new ByteReader(payload);
  const result = reader.i32();
  if (result < 0) {
    const detail = reader.textOrNull();
    reader.end();
    return { ok: false, result, detail };
  }
  const body = kind.response.read(reader);
  reader.end();
  return { ok: true, result, body };
}

export function encodeEvent<N extends EventName>(name: N, body: EventBody<N>): Buffer {
  const kind = eventKind(name);
  return encode(kind.type, 0, (writer) => kind.body.write(writer, body));
}

/** Null where the type is unknown. @throws WireError where the payload is malformed. */
export function decodeEvent({ type, payload }: Frame): WireEvent | null {
  const name = eventNames.get(type);
  if (name === undefined) return null;
  const reader = new ByteReader(payload);
  const body = eventKind(name).body.read(reader);
  reader.end();
  return { name, body } as WireEvent;
}

/** Where the payload of a DataChange names its server and group: a relay may patch them in place. */
export const dataChangeOffsets = Object.freeze({ server: headerSize, group: headerSize + 4 });

// The tables pair each name with its own body; the compiler cannot follow that through an index.
function requestKind<N extends RequestName>(name: N): RequestKind<RequestBody<N>, ResponseBody<N>> {
  return requests[name] as unknown as RequestKind<RequestBody<N>, ResponseBody<N>>;
}

function eventKind<N extends EventName>(name: N): EventKind<EventBody<N>> {
  return events[name] as unknown as EventKind<EventBody<N>>;
}
