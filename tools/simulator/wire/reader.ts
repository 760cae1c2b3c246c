/** A message that ends too early or holds what the specification does not know. */
export class MalformedMessage extends Error {}

/** Reads OPC UA binary primitives (Part 6, 5.2) from a request's bytes. */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#skip(1));
  }

  uint16(): number {
    return this.#bytes.readUInt16LE(this.#skip(2));
  }

  uint32(): number {
    return this.#bytes.readUInt32LE(this.#skip(4));
  }

  int32(): number {
    return this.#bytes.readInt32LE(this.#skip(4));
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#skip(8));
  }

  /** Number of elements of an array; a null array has none. */
  arrayLength(): number {
    const length = this.int32();
    if (length > this.#bytes.length) throw new MalformedMessage(`array of ${length} elements`);
    return Math.max(length, 0);
  }

  string(): string | null {
    const length = this.int32();
    if (length < 0) return null;
    const at = this.#skip(length);
    return this.#bytes.toString("utf8", at, at + length);
  }

  /** A NodeId in its text form without `ns=0;`, e.g. `i=2253` or `ns=1;s=Ramp0`. */
  nodeId(): string {
    const encoding = this.uint8();
    switch (encoding) {
      case 0:
        return `i=${this.uint8()}`;
      case 1: {
        const namespace = this.uint8();
        return nodeIdText(namespace, `i=${this.uint16()}`);
      }
      case 2: {
        const namespace = this.uint16();
        return nodeIdText(namespace, `i=${this.uint32()}`);
      }
      case 3: {
        const namespace = this.uint16();
        return nodeIdText(namespace, `s=${this.string() ?? ""}`);
      }
      case 4: {
        const namespace = this.uint16();
        const at = this.#skip(16);
        return nodeIdText(namespace, `g=${this.#bytes.toString("hex", at, at + 16)}`);
      }
      case 5: {
        const namespace = this.uint16();
        const length = Math.max(this.int32(), 0);
        const at = this.#skip(length);
        return nodeIdText(namespace, `b=${this.#bytes.toString("base64", at, at + length)}`);
      }
      default:
        throw new MalformedMessage(`NodeId encoding ${encoding}`);
    }
  }

  /** The name part of a QualifiedName. */
  qualifiedName(): string | null {
    this.#skip(2);
    return this.string();
  }

  /** Type id and bytes of an ExtensionObject; `body` null = none. */
  extensionObject(): { readonly typeId: string; readonly body: Buffer | null } {
    const typeId = this.nodeId();
    if (this.uint8() === 0) return { typeId, body: null };
    const length = Math.max(this.int32(), 0);
    const at = this.#skip(length);
    return { typeId, body: this.#bytes.subarray(at, at + length) };
  }

  #skip(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw new MalformedMessage("message ends too early");
    this.#at = at + count;
    return at;
  }
}

function nodeIdText(namespace: number, identifier: string): string {
  return namespace === 0 ? identifier : `ns=${namespace};${identifier}`;
}
