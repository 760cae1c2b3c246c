const maxMessages = 200;
const maxBytes = 64 * 1024 * 1024;

/** Messages sent and not yet acknowledged; the oldest go first where there are too many (Part 4, 5.14.1.2). */
export class Retransmission {
  readonly #messages = new Map<number, Buffer>();
  #bytes = 0;

  get sequenceNumbers(): readonly number[] {
    return [...this.#messages.keys()];
  }

  keep(sequenceNumber: number, message: Buffer): void {
    this.#messages.set(sequenceNumber, message);
    this.#bytes += message.length;
    while (this.#messages.size > maxMessages || (this.#bytes > maxBytes && this.#messages.size > 1)) {
      const oldest = this.#messages.keys().next().value;
      if (oldest === undefined) return;
      this.acknowledge(oldest);
    }
  }

  get(sequenceNumber: number): Buffer | null {
    return this.#messages.get(sequenceNumber) ?? null;
  }

  /** False where the number is not known. */
  acknowledge(sequenceNumber: number): boolean {
    const message = this.#messages.get(sequenceNumber);
    if (!message) return false;
    this.#bytes -= message.length;
    return this.#messages.delete(sequenceNumber);
  }
}
