/** A notification message the client has not acknowledged. */
export interface SentMessage {
  readonly sequenceNumber: number;
  readonly publishTime: bigint;
  readonly notificationData: Buffer;
}

const maxMessages = 100;
const maxBytes = 64 * 1024 * 1024;
const lastSequenceNumber = 0xffff_ffff;

/** Sequence numbers wrap from 2^32-1 to 1 (OPC 10000-4, 5.14.5.2). */
export function followingSequenceNumber(sequenceNumber: number): number {
  return sequenceNumber === lastSequenceNumber ? 1 : sequenceNumber + 1;
}

/** The retransmission queue of one subscription, for Republish; bounded, the oldest go first. */
export class RetransmissionQueue {
  readonly #messages = new Map<number, SentMessage>();
  #bytes = 0;

  add(message: SentMessage): void {
    this.#messages.set(message.sequenceNumber, message);
    this.#bytes += message.notificationData.length;
    for (const oldest of this.#messages.keys()) {
      if (this.#messages.size <= maxMessages && this.#bytes <= maxBytes) break;
      this.acknowledge(oldest);
    }
  }

  get(sequenceNumber: number): SentMessage | null {
    return this.#messages.get(sequenceNumber) ?? null;
  }

  /** False where no such message is kept. */
  acknowledge(sequenceNumber: number): boolean {
    const message = this.#messages.get(sequenceNumber);
    if (!message) return false;
    this.#messages.delete(sequenceNumber);
    this.#bytes -= message.notificationData.length;
    return true;
  }

  sequenceNumbers(): number[] {
    return [...this.#messages.keys()];
  }
}
