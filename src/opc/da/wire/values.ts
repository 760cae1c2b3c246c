import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { arrayBit, mixedType, varType, widthOf } from "./var-type.ts";
import { isArrayVariant, type Variant } from "./variant.ts";
import { readScalar, readVariant, writeScalar, writeVariant } from "./variant-codec.ts";
import { WireError } from "./wire-error.ts";

/**
 * Many values in their encoded form, checked but not decoded: they can be forwarded as they are, and
 * decoded one by one or as a block of numbers where somebody looks at them.
 */
export class Values implements Iterable<Variant> {
  readonly count: number;
  /** VARTYPE of every element, of fixed width; `mixedType` where each has its own. */
  readonly commonType: number;
  readonly #bytes: Buffer;

  private constructor(count: number, commonType: number, bytes: Buffer) {
    this.count = count;
    this.commonType = commonType;
    this.#bytes = bytes;
  }

  static readonly none = new Values(0, varType.empty, Buffer.alloc(0));

  static of(variants: readonly Variant[]): Values {
    const writer = new ByteWriter();
    const commonType = commonTypeOf(variants);
    for (const variant of variants) {
      if (commonType === mixedType) writeVariant(writer, variant);
      else if (!isArrayVariant(variant)) writeScalar(writer, commonType, variant.value);
    }
    return new Values(variants.length, commonType, writer.finish());
  }

  /** @throws WireError */
  static read(reader: ByteReader): Values {
    const count = reader.u32();
    const commonType = reader.u16();
    if (commonType !== mixedType) {
      const width = widthOf(commonType);
      if (width === undefined) throw new WireError(`VARTYPE ${commonType} has no fixed width`);
      if (count > 0x0100_0000) throw new WireError(`${count} values are too many`);
      return new Values(count, commonType, reader.bytes(count * width));
    }
    if (count * 2 > reader.remaining) throw new WireError(`${count} values do not fit into the payload`);
    const rest = reader.remaining;
    const ahead = new ByteReader(reader.peek());
    for (let index = 0; index < count; index++) skipVariant(ahead);
    return new Values(count, commonType, reader.bytes(rest - ahead.remaining));
  }

  write(writer: ByteWriter): void {
    writer.u32(this.count);
    writer.u16(this.commonType);
    writer.bytes(this.#bytes);
  }

  *[Symbol.iterator](): Iterator<Variant> {
    const reader = new ByteReader(this.#bytes);
    for (let index = 0; index < this.count; index++) {
      if (this.commonType === mixedType) yield readVariant(reader);
      else yield { type: this.commonType, value: readScalar(reader, this.commonType) };
    }
  }

  toArray(): Variant[] {
    return [...this];
  }

  /** The encoded bytes of each value, with its VARTYPE where each has its own; equal bytes are equal values. */
  slices(): Buffer[] {
    const slices: Buffer[] = [];
    if (this.commonType !== mixedType) {
      const width = widthOf(this.commonType) ?? 0;
      for (let at = 0; slices.length < this.count; at += width)
        slices.push(this.#bytes.subarray(at, at + width));
      return slices;
    }
    const reader = new ByteReader(this.#bytes);
    for (let start = 0; slices.length < this.count; ) {
      skipVariant(reader);
      const end = this.#bytes.length - reader.remaining;
      slices.push(this.#bytes.subarray(start, end));
      start = end;
    }
    return slices;
  }

  /** Some of the values, in the order of the indices. */
  select(indices: readonly number[]): Values {
    const slices = this.slices();
    const chosen = indices.map((index) => slices[index] ?? Buffer.alloc(0));
    if (chosen.length === 0) return Values.none;
    return new Values(chosen.length, this.commonType, Buffer.concat(chosen));
  }

  /** Size of the encoded values, in bytes. */
  get byteLength(): number {
    return this.#bytes.length;
  }

  /** All values as numbers where they are VT_R8 (the common case of bulk data); else null. */
  doubles(): Float64Array | null {
    if (this.commonType !== varType.r8) return null;
    const copy = new ArrayBuffer(this.#bytes.length);
    new Uint8Array(copy).set(this.#bytes);
    return new Float64Array(copy);
  }
}

function commonTypeOf(variants: readonly Variant[]): number {
  const [first] = variants;
  if (first === undefined) return varType.empty;
  if (widthOf(first.type) === undefined) return mixedType;
  return variants.every(({ type }) => type === first.type) ? first.type : mixedType;
}

/** Checks a value and leaves it behind without building it, where that is cheap. */
function skipVariant(reader: ByteReader): void {
  const type = new ByteReader(reader.peek()).u16();
  const width = (type & arrayBit) === 0 ? widthOf(type) : undefined;
  if (width !== undefined) reader.bytes(2 + width);
  else readVariant(reader);
}
