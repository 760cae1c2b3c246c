import { WireError } from "./wire-error.ts";

const noString = 0xffff_ffff;

/** Reads the fields of a payload in order; every read past the end is a WireError. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  #take(size: number): number {
    const at = this.#at;
    if (size > this.#bytes.length - at) {
      throw new WireError(`the payload ends ${size - (this.#bytes.length - at)} bytes too early`);
    }
    this.#at = at + size;
    return at;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  bool(): boolean {
    const value = this.u8();
    if (value > 1) throw new WireError(`${value} is no bool`);
    return value === 1;
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  i32(): number {
    return this.#bytes.readInt32LE(this.#take(4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  f32(): number {
    return this.#bytes.readFloatLE(this.#take(4));
  }

  /** The bytes themselves, not a copy. */
  bytes(size: number): Buffer {
    const at = this.#take(size);
    return this.#bytes.subarray(at, at + size);
  }

  /** What is left, without taking it. */
  peek(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  /** A count whose elements take at least `elementSize` bytes each; so no count makes us allocate much. */
  count(elementSize: number): number {
    const count = this.u32();
    if (count * elementSize > this.remaining) {
      throw new WireError(`${count} elements do not fit into the ${this.remaining} bytes that are left`);
    }
    return count;
  }

  text(): string {
    const text = this.textOrNull();
    if (text === null) throw new WireError("a string is missing");
    return text;
  }

  textOrNull(): string | null {
    const units = this.u32();
    if (units === noString) return null;
    const at = this.#take(units * 2);
    return this.#bytes.toString("utf16le", at, at + units * 2);
  }

  u16s(): Uint16Array {
    return new Uint16Array(this.#block(2));
  }

  u32s(): Uint32Array {
    return new Uint32Array(this.#block(4));
  }

  i32s(): Int32Array {
    return new Int32Array(this.#block(4));
  }

  u64s(): BigUint64Array {
    return new BigUint64Array(this.#block(8));
  }

  /** Copies a column into memory of its own: views need aligned bytes. */
  #block(elementSize: number): ArrayBuffer {
    return copyOf(this.bytes(this.count(elementSize) * elementSize));
  }

  end(): void {
    if (this.remaining > 0) throw new WireError(`${this.remaining} bytes too many in the payload`);
  }
}

export function copyOf(bytes: Buffer): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}
