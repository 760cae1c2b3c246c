import { dateTimeOf } from "../clock.ts";

/** Appends OPC UA binary primitives (Part 6, 5.2) to a buffer that grows. */
export class Writer {
  #buffer: Buffer;
  #length = 0;

  constructor(initialSize = 256) {
    this.#buffer = Buffer.allocUnsafe(initialSize);
  }

  get length(): number {
    return this.#length;
  }

  /** The bytes written so far; a view that is only valid until the next write. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  uint8(value: number): this {
    const at = this.#advance(1);
    this.#buffer[at] = value;
    return this;
  }

  uint16(value: number): this {
    const at = this.#advance(2);
    this.#buffer.writeUInt16LE(value, at);
    return this;
  }

  uint32(value: number): this {
    const at = this.#advance(4);
    this.#buffer.writeUInt32LE(value, at);
    return this;
  }

  int32(value: number): this {
    const at = this.#advance(4);
    this.#buffer.writeInt32LE(value, at);
    return this;
  }

  double(value: number): this {
    const at = this.#advance(8);
    this.#buffer.writeDoubleLE(value, at);
    return this;
  }

  dateTime(unixMs: number): this {
    const at = this.#advance(8);
    this.#buffer.writeBigInt64LE(dateTimeOf(unixMs), at);
    return this;
  }

  append(bytes: Buffer): this {
    const at = this.#advance(bytes.length);
    bytes.copy(this.#buffer, at);
    return this;
  }

  /** ExtensionObject without a body (Part 6, 5.2.2.15). */
  nullExtensionObject(): this {
    return this.uint8(0).uint8(0).uint8(0);
  }

  patchInt32(at: number, value: number): void {
    this.#buffer.writeInt32LE(value, at);
  }

  #advance(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#buffer.length) {
      const bigger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(bigger, 0, 0, at);
      this.#buffer = bigger;
    }
    this.#length = needed;
    return at;
  }
}
