import type pg from "pg";
import { UnderstudyError } from "../../../../core/error.ts";
import { isWaitedFor, readSlot } from "./publication.ts";
import { readSequences, writeSequences } from "./sequences.ts";
import { flushAtOnce, readSubscription } from "./subscription.ts";

/** How a copy follows, at one look. */
export interface Following {
  /** All that was committed at the live server until then is safely written at the copy; null = not known yet. */
  readonly completeUntilMs: number | null;
  readonly behindBytes: number;
  /** What is safely written at the copy, as an LSN of the live server's log in bytes. */
  readonly confirmedLsn: bigint;
  /** Changes that could not be applied so far. */
  readonly errors: number;
}

/** Looks are kept until the copy has confirmed what was there at the time; more than that many are thinned out. */
const keptLooks = 1000;

/** Finds out how far a copy is behind its original, takes the sequences along, and lets nobody wait longer than need be. */
export class FollowWatch {
  #looks: { readonly lsn: bigint; readonly atMs: number }[] = [];
  #completeUntilMs: number | null = null;
  #sequences = "";

  /** @throws UnderstudyError DATABASE_STREAM_LOST where either end of the stream is gone */
  async look(live: pg.Client, copy: pg.Client, stream: string, wallMs: number): Promise<Following> {
    const slot = await readSlot(live, stream);
    const subscription = await readSubscription(copy, stream);
    const sequences = await readSequences(live);
    const isWaited = await isWaitedFor(live, stream);
    if (slot === null || subscription === null) {
      throw new UnderstudyError(
        "DATABASE_STREAM_LOST",
        `The ${slot === null ? "slot at the live server" : "subscription of the copy"} is gone; a new copy is made.`,
      );
    }
    // somebody waits for every single confirmation
    if (isWaited !== subscription.flushesAtOnce) await flushAtOnce(copy, stream, isWaited);
    // most looks find them unchanged
    const text = JSON.stringify(sequences);
    if (text !== this.#sequences) await writeSequences(copy, sequences);
    this.#sequences = text;
    this.#confirm(slot.confirmedLsn, slot.currentLsn, wallMs);
    return {
      completeUntilMs: this.#completeUntilMs,
      behindBytes: slot.behindBytes,
      confirmedLsn: slot.confirmedLsn,
      errors: subscription.errors,
    };
  }

  #confirm(confirmed: bigint, current: bigint, wallMs: number): void {
    this.#looks.push({ lsn: current, atMs: wallMs });
    if (this.#looks.length > keptLooks) this.#looks = this.#looks.filter((_, index) => index % 2 === 1);
    for (const { lsn, atMs } of this.#looks) if (lsn <= confirmed) this.#completeUntilMs = atMs;
    this.#looks = this.#looks.filter(({ lsn }) => lsn > confirmed);
  }
}
