import { WireError } from "./wire-error.ts";

/** Bytes of the header: length, type, flags, correlation. */
export const headerSize = 12;
/** Most bytes that may follow the length field. */
export const largestLength = 64 * 1024 * 1024;
export const responseBit = 0x8000;
export const firstEventType = 0x4000;

export interface Frame {
  readonly type: number;
  readonly correlation: number;
  readonly payload: Buffer;
}

export type FrameKind = "request" | "event" | "response";

export function kindOfFrame(type: number): FrameKind {
  if (type >= responseBit) return "response";
  return type >= firstEventType ? "event" : "request";
}

/** The header before a payload of this size. @throws WireError where the frame would be too large. */
export function frameHeader(type: number, correlation: number, payloadSize: number): Buffer {
  const length = headerSize - 4 + payloadSize;
  if (length > largestLength) throw new WireError(`a frame of ${length} bytes is too large`);
  const header = Buffer.allocUnsafe(headerSize);
  header.writeUInt32LE(length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(0, 6);
  header.writeUInt32LE(correlation, 8);
  return header;
}

export function encodeFrame({ type, correlation, payload }: Frame): Buffer {
  return Buffer.concat([frameHeader(type, correlation, payload.length), payload]);
}

/** Cuts a stream of bytes into frames, however the bytes are chunked. */
export class FrameSplitter {
  #chunks: Buffer[] = [];
  #held = 0;
  /** Bytes of the frame that has begun; 0 while its header is not complete. */
  #needed = 0;

  /** Bytes that wait for the rest of their frame. */
  get heldBytes(): number {
    return this.#held;
  }

  /**
   * Takes bytes and returns the frames that are now complete. A large frame is joined once, not at every chunk.
   * @throws WireError where the stream cannot be trusted any more; the splitter must then not be used again.
   */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held < Math.max(this.#needed, headerSize)) return [];
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const frames: Frame[] = [];
    this.#needed = 0;
    while (bytes.length >= headerSize) {
      const size = 4 + checkedLength(bytes);
      if (bytes.length < size) {
        this.#needed = size;
        break;
      }
      frames.push({
        type: bytes.readUInt16LE(4),
        correlation: bytes.readUInt32LE(8),
        payload: bytes.subarray(headerSize, size),
      });
      bytes = bytes.subarray(size);
    }
    this.#chunks = bytes.length > 0 ? [bytes] : [];
    this.#held = bytes.length;
    return frames;
  }
}

function checkedLength(bytes: Buffer): number {
  const length = bytes.readUInt32LE(0);
  if (length < headerSize - 4 || length > largestLength) {
    throw new WireError(`a frame claims ${length} bytes; the stream is not of this protocol`);
  }
  if (bytes.readUInt16LE(6) !== 0) throw new WireError("a frame has unknown flags");
  return length;
}
