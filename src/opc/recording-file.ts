import { appendFile, mkdir, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PairState } from "../core/state.ts";
import type { RecordedInput, RecordedLine } from "../host/recorded-input.ts";

/** How often what was recorded is written, in ms; a crash loses at most that much. */
const flushEveryMs = 1000;
/** Size at which a new file is begun; one older file is kept, as `.1`. */
const defaultMaximumBytes = 8 * 1024 * 1024;

/** Where the recording of a pair lies, as JSON lines for `understudy replay`. */
export function recordingFile(stateDirectory: string, pair: string): string {
  return join(stateDirectory, "recordings", `${encodeURIComponent(pair)}.jsonl`);
}

/**
 * Writes down what a pair's core is fed, so that what it did can be repeated elsewhere. Of bounded size.
 * A disk that cannot be written only costs the recording.
 */
export class RecordingFile {
  readonly #file: string;
  readonly #maximumBytes: number;
  #lines: string[] = [];
  #bytes: number | null = null;
  #beginning = true;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: string, maximumBytes = defaultMaximumBytes) {
    this.#file = file;
    this.#maximumBytes = maximumBytes;
  }

  record(recorded: RecordedInput, before: PairState): void {
    if (this.#beginning) {
      this.#add({ nowMs: recorded.nowMs, state: before });
      this.#beginning = false;
    }
    this.#add(recorded);
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#flush();
    }, flushEveryMs);
    this.#timer.unref();
  }

  /** Writes out what is pending. */
  async close(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#flush();
    await this.#writing;
  }

  #add(line: RecordedLine): void {
    this.#lines.push(`${JSON.stringify(line)}\n`);
  }

  #flush(): void {
    const text = this.#lines.join("");
    if (text === "") return;
    this.#lines = [];
    // the next file must make sense without this one
    const full = (this.#bytes ?? 0) + text.length > this.#maximumBytes;
    if (full) this.#beginning = true;
    this.#writing = this.#writing.then(() => this.#write(text, full)).catch(() => undefined);
    this.#bytes = full ? 0 : (this.#bytes ?? 0) + text.length;
  }

  async #write(text: string, rotateAfter: boolean): Promise<void> {
    await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 });
    await appendFile(this.#file, text, { mode: 0o600 });
    if (rotateAfter || (await stat(this.#file)).size > 2 * this.#maximumBytes) {
      await rename(this.#file, `${this.#file}.1`);
    }
  }
}
