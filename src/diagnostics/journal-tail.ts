import { type FileHandle, open } from "node:fs/promises";
import type { DiagnosticEvent } from "./event.ts";

/** Longest time an event waits before it is written, in ms: what a sudden end of the machine may cost. */
export const commitIntervalMs = 100;

/**
 * Appends events to a file in groups. An event counts as acknowledged once its group is on the disk itself
 * (fdatasync). Taking an event never waits and never throws.
 */
export class JournalTail {
  readonly #path: string;
  #file: FileHandle | null = null;
  #waiting: DiagnosticEvent[] = [];
  #timer: NodeJS.Timeout | null = null;
  #work: Promise<void> = Promise.resolve();
  #lines = 0;
  #acknowledgedId = 0;
  #isClosed = false;
  /**
   * Something that was added is not in the file, or only in part: what came behind it could not be read, or would be
   * acknowledged before what it follows. Nothing is written until a restart, whose base has all of it.
   */
  #hasGap = false;
  readonly #onWritten: (lines: number) => void;
  readonly #onFailed: (error: unknown) => void;

  constructor(options: {
    readonly path: string;
    /** Told after each group how many lines the file has now. */
    readonly onWritten: (lines: number) => void;
    /** Told of a group that could not be written; it is given up. */
    readonly onFailed: (error: unknown) => void;
  }) {
    this.#path = options.path;
    this.#onWritten = options.onWritten;
    this.#onFailed = options.onFailed;
  }

  /** Id of the last event that survives a sudden end. */
  get acknowledgedId(): number {
    return this.#acknowledgedId;
  }

  add(event: DiagnosticEvent): void {
    if (this.#isClosed) return;
    this.#waiting.push(event);
    this.#timer ??= setTimeout(() => void this.commit(), commitIntervalMs);
  }

  /** Writes what waits, at once. Resolves when it is on the disk or has failed. */
  commit(): Promise<void> {
    return this.#inTurn(() => this.#write());
  }

  /** Begins an empty file once `before` is done; what was added before that is not written any more. */
  restart(before: () => Promise<number>): Promise<void> {
    return this.#inTurn(async () => {
      this.#takeWaiting();
      try {
        const lastId = await before();
        const file = await this.#open();
        await file.truncate(0);
        await file.datasync();
        this.#lines = 0;
        this.#hasGap = false;
        this.#acknowledgedId = Math.max(this.#acknowledgedId, lastId);
      } catch (error) {
        this.#hasGap = true;
        this.#onFailed(error);
      }
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.commit();
    await this.#file?.close().catch(() => undefined);
    this.#file = null;
  }

  async #write(): Promise<void> {
    const group = this.#takeWaiting();
    if (group.length === 0 || this.#hasGap) return;
    try {
      const file = await this.#open();
      await file.appendFile(group.map((event) => `${JSON.stringify(event)}\n`).join(""));
      await file.datasync();
      this.#acknowledgedId = group.at(-1)?.id ?? this.#acknowledgedId;
      this.#lines += group.length;
      this.#onWritten(this.#lines);
    } catch (error) {
      this.#hasGap = true;
      await this.#file?.close().catch(() => undefined);
      this.#file = null;
      this.#onFailed(error);
    }
  }

  #takeWaiting(): DiagnosticEvent[] {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const group = this.#waiting;
    this.#waiting = [];
    return group;
  }

  async #open(): Promise<FileHandle> {
    this.#file ??= await open(this.#path, "a", 0o600);
    return this.#file;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work, work);
    return this.#work;
  }
}
