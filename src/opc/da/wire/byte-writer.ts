const firstSize = 256;

/** Appends fields to a growing buffer. */
export class ByteWriter {
  #bytes: Buffer = Buffer.allocUnsafe(firstSize);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Where to write the next bytes; may move the buffer, so ask before touching it. */
  #room(size: number): number {
    const at = this.#size;
    const needed = at + size;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    this.#size = needed;
    return at;
  }

  u8(value: number): void {
    const at = this.#room(1);
    this.#bytes.writeUInt8(value, at);
  }

  bool(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  u16(value: number): void {
    const at = this.#room(2);
    this.#bytes.writeUInt16LE(value, at);
  }

  u32(value: number): void {
    const at = this.#room(4);
    this.#bytes.writeUInt32LE(value, at);
  }

  i32(value: number): void {
    const at = this.#room(4);
    this.#bytes.writeInt32LE(value, at);
  }

  u64(value: bigint): void {
    const at = this.#room(8);
    this.#bytes.writeBigUInt64LE(value, at);
  }

  f32(value: number): void {
    const at = this.#room(4);
    this.#bytes.writeFloatLE(value, at);
  }

  bytes(value: Uint8Array): void {
    const at = this.#room(value.byteLength);
    this.#bytes.set(value, at);
  }

  text(value: string): void {
    this.u32(value.length);
    const at = this.#room(value.length * 2);
    this.#bytes.write(value, at, "utf16le");
  }

  textOrNull(value: string | null): void {
    if (value === null) this.u32(0xffff_ffff);
    else this.text(value);
  }

  /** A column: its count, then its elements (the machine is little-endian as every one Node runs on). */
  column(values: Uint8Array | Uint16Array | Uint32Array | Int32Array | BigUint64Array): void {
    this.u32(values.length);
    this.bytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }

  /** Puts a number where there was room left for it. */
  u32At(at: number, value: number): void {
    this.#bytes.writeUInt32LE(value, at);
  }

  /** What was written; the writer must not be used any more. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }
}
