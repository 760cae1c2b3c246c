import { type FileHandle, mkdir, open, readFile, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { UnderstudyError } from "../../core/error.ts";
import { ensureStateDirectory } from "../../project/state-directory.ts";
import { emptyPlanState, type PlanState, withRecord } from "./plan-state.ts";
import type { PlanRecord, TimedRecord } from "./record.ts";

/** Where a plan's records go. `append` resolves when the record is safe on disk. */
export interface Journal {
  readonly state: PlanState;
  append(record: PlanRecord): Promise<void>;
}

/** Room kept beside a journal, in bytes: with it a takeover can be journaled though the disk is full. */
const reserveBytes = 256 * 1024;
/** A journal with nothing in force begins anew beyond this size, in bytes; the old one is kept as `.old`. */
const longestBytes = 1024 * 1024;

/**
 * Opens the journal of a server, a file of one JSON record a line; it is created at the first record.
 * @throws UnderstudyError TAKEOVER_JOURNAL_DAMAGED, TAKEOVER_JOURNAL_UNUSABLE
 */
export async function openJournal(file: string, wallMs: () => number): Promise<Journal> {
  const { state, goodBytes, size } = await readJournal(file);
  return new FileJournal(file, wallMs, state, goodBytes, size);
}

class FileJournal implements Journal {
  readonly #file: string;
  readonly #wallMs: () => number;
  #state: PlanState;
  /** Up to here the file holds whole records. */
  #goodBytes: number;
  #size: number;

  constructor(file: string, wallMs: () => number, state: PlanState, goodBytes: number, size: number) {
    this.#file = file;
    this.#wallMs = wallMs;
    this.#state = state;
    this.#goodBytes = goodBytes;
    this.#size = size;
  }

  get state(): PlanState {
    return this.#state;
  }

  async append(record: PlanRecord): Promise<void> {
    try {
      if (record.event === "planBegun") await this.#prepare();
      const timed: TimedRecord = { time: new Date(this.#wallMs()).toISOString(), ...record };
      const line = Buffer.from(`${JSON.stringify(timed)}\n`);
      await this.#write(line).catch(async (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        await unlink(reserveFile(this.#file));
        await this.#write(line);
      });
    } catch (cause) {
      if (cause instanceof UnderstudyError) throw cause;
      throw unusable(this.#file, "written", cause);
    }
    this.#state = withRecord(this.#state, record);
  }

  async #prepare(): Promise<void> {
    await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 });
    if (this.#goodBytes <= longestBytes || this.#state.inForce.length > 0) return;
    await rename(this.#file, `${this.#file}.old`);
    this.#goodBytes = 0;
    this.#size = 0;
  }

  async #write(line: Buffer): Promise<void> {
    const handle = await open(this.#file, "a", 0o600);
    try {
      // What a kill or a full disk has left of a half record must not be joined with this one.
      if (this.#size > this.#goodBytes) await handle.truncate(this.#goodBytes);
      this.#size = this.#goodBytes + line.length;
      await writeAll(handle, line);
      await handle.sync();
      if (this.#goodBytes === 0) await syncDirectory(dirname(this.#file));
      this.#goodBytes += line.length;
    } finally {
      await handle.close();
    }
  }
}

async function writeAll(handle: FileHandle, data: Buffer): Promise<void> {
  for (let written = 0; written < data.length; ) {
    written += (await handle.write(data, written)).bytesWritten;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

interface ReadJournal {
  readonly state: PlanState;
  readonly goodBytes: number;
  readonly size: number;
}

async function readJournal(file: string): Promise<ReadJournal> {
  let data: Buffer;
  try {
    data = await readFile(file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") {
      return { state: emptyPlanState, goodBytes: 0, size: 0 };
    }
    throw unusable(file, "read", cause);
  }
  // The last line may be cut off by a kill: its record was never acted upon.
  const goodBytes = data.lastIndexOf(0x0a) + 1;
  const lines = data.subarray(0, goodBytes).toString("utf8").split("\n").slice(0, -1);
  const state = lines.reduce(
    (before, line, index) => withRecord(before, parseRecord(file, line, index + 1)),
    emptyPlanState,
  );
  return { state, goodBytes, size: data.length };
}

function parseRecord(file: string, line: string, number: number): PlanRecord {
  try {
    const record = JSON.parse(line) as PlanRecord;
    if (typeof record === "object" && record !== null && typeof record.event === "string") return record;
  } catch {
    // Told below.
  }
  throw new UnderstudyError(
    "TAKEOVER_JOURNAL_DAMAGED",
    `${file}:${number}: is no record of a takeover. Look up in the lines before what is in force at this machine, undo it by hand, then move the file away`,
  );
}

/**
 * Keeps room for the records of a takeover that comes when the disk is full.
 * @returns whether there was room to keep
 */
export async function reserveRoom(file: string): Promise<boolean> {
  const reserve = reserveFile(file);
  try {
    await ensureStateDirectory(dirname(file));
    const handle = await open(reserve, "wx", 0o600);
    try {
      await writeAll(handle, Buffer.alloc(reserveBytes, "-"));
      await handle.sync();
    } catch (error) {
      await unlink(reserve).catch(() => undefined);
      throw error;
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EEXIST";
  }
}

function reserveFile(file: string): string {
  return `${file}.reserve`;
}

function unusable(file: string, what: string, cause: unknown): UnderstudyError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new UnderstudyError(
    "TAKEOVER_JOURNAL_UNUSABLE",
    `${file}: the takeover's journal cannot be ${what} (${detail}); without it nothing could be undone after a crash, so no step is begun`,
    { cause },
  );
}
