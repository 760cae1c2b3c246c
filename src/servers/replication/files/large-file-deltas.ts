import { lstat, mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UnderstudyError } from "../../../core/error.ts";
import { runProgram } from "../run-program.ts";
import { applyArguments, fetchArguments, listArguments } from "./delta-arguments.ts";
import { ownFolder } from "./filter-rules.ts";
import { rsyncFailure } from "./rsync-failure.ts";
import type { TransferProgress, TransferSummary } from "./rsync-output.ts";
import { rsync, runRsync } from "./run-rsync.ts";
import type { FileReplicationSettings } from "./settings.ts";

/** Files of the copy from this size on get their differences written into them, in bytes. */
export const largeFileBytes = 64 * 1024 * 1024;
/** Up to this size: a takeover that comes while they are written has to wait until the whole file is checked. */
const largestFileBytes = 16 * 1024 * 1024 * 1024;
/** A fetch that broke off with more than that is not begun anew: the usual way keeps what has come. */
const lostFetchBytes = 256 * 1024 * 1024;
/** So many fetches that failed in a row are followed by one pass without. */
const fetchFailures = 3;
/** What rsync says where an option or a checksum is not known here or there; the exit status may be any. */
const notSupported = /unknown option|unknown checksum|\(code [124]\) at /;
/** Exit status where some files could not be read: the usual way does the same, and says so. */
const someFailed = 23;
/** What rsync says of files that have not changed, and the exit status it has for that. */
const harmless = /^\(No batched update for |^rsync error: some files\/attrs were not transferred/;

/**
 * Differences of large files, without writing the whole file anew: first all of them are fetched, then they are
 * written into the files. A connection that breaks while they are fetched leaves the files as they were; writing
 * needs no connection, is begun anew after a crash of this machine, and rsync compares the checksum of every file
 * with the original's at its end. So no mixture of old and new is ever taken for the file.
 */
export class LargeFileDeltas {
  readonly #settings: FileReplicationSettings;
  readonly #fetching: string;
  readonly #fetched: string;
  readonly #damage: string;
  readonly #lock: string;
  #names: readonly string[] | null = null;
  #isSupported: boolean;
  /** Until a pass without is complete. */
  #isPassedOver = false;
  #failures = 0;

  constructor(settings: FileReplicationSettings) {
    this.#settings = settings;
    const own = (name: string): string => join(settings.destination, ownFolder, name);
    this.#fetching = own("fetching");
    this.#fetched = own("fetched");
    this.#damage = own("damaged");
    this.#lock = own("lock");
    // with checksums every file is read at each scan anyway, and would be twice
    this.#isSupported = settings.ssh !== null && !settings.checksum;
  }

  /**
   * Brings the differences of the large files here; null where there was nothing to do.
   * @throws UnderstudyError REPLICATION_*, PROGRAM_MISSING, CANCELLED
   */
  async bring(
    signal: AbortSignal | undefined,
    onProgress: (progress: TransferProgress) => void,
  ): Promise<TransferSummary | null> {
    await this.finish();
    if (!this.#isSupported || this.#isPassedOver) return null;
    const names = await this.#largeFiles(signal);
    if (names.length === 0) return null;
    try {
      return await this.#fetch(names, signal, onProgress);
    } finally {
      await rm(this.#fetching, { recursive: true, force: true });
    }
  }

  /** Told after every complete pass. */
  async completed({ transferredBytes }: TransferSummary): Promise<void> {
    if (transferredBytes >= largeFileBytes) this.#names = null;
    this.#isPassedOver = false;
    this.#failures = 0;
    await rm(this.#damage, { force: true });
  }

  /**
   * Writes into the files what was fetched, where that has not been done: after a crash.
   * @throws UnderstudyError REPLICATION_DISK_FULL, PROGRAM_MISSING
   */
  async finish(): Promise<void> {
    const list = await readFile(join(this.#fetched, "list"), "utf8").catch(() => null);
    if (list === null) return;
    // an rsync of a process that was killed may still be writing
    const args = ["--exclusive", this.#lock, "rsync", ...applyArguments(this.#settings, this.#batch)];
    const { code, errorOutput } = await runProgram("flock", args);
    const said = errorOutput.split("\n").filter((line) => line !== "" && !harmless.test(line));
    if ((code !== 0 && code !== someFailed) || said.length > 0) {
      const failure = rsyncFailure(code, errorOutput);
      // these can be tried again as they are; whatever else it is, a new copy of the file mends it
      if (code === null || failure?.code === "REPLICATION_DISK_FULL") throw failure;
      await writeFile(this.#damage, said.join("\n"));
    }
    // only then may the fetched differences go
    for (const name of list.split("\0")) if (name !== "") await sync(join(this.#settings.destination, name));
    await this.#forgetFetched();
  }

  /**
   * For a copy that others will write to from now on: finishes, and forgets what cannot be finished.
   * Resolves, once, with what is wrong with the copy then; null = nothing.
   */
  async leave(): Promise<UnderstudyError | null> {
    try {
      await this.finish();
    } catch (error) {
      await writeFile(this.#damage, (error as Error).message).catch(() => undefined);
      await this.#forgetFetched();
    }
    const damage = await readFile(this.#damage, "utf8").catch(() => null);
    if (damage === null) return null;
    await rm(this.#damage, { force: true });
    return new UnderstudyError(
      "REPLICATION_COPY_DAMAGED",
      `Changes could not be written into the copy to their end, and some of its files are neither as they were nor ` +
        `as they should be: ${damage.slice(0, 500)}`,
    );
  }

  get #batch(): string {
    return join(this.#fetched, "batch");
  }

  async #fetch(
    names: readonly string[],
    signal: AbortSignal | undefined,
    onProgress: (progress: TransferProgress) => void,
  ): Promise<TransferSummary | null> {
    await rm(this.#fetching, { recursive: true, force: true });
    await mkdir(this.#fetching, { recursive: true, mode: 0o700 });
    const [list, batch] = [join(this.#fetching, "list"), join(this.#fetching, "batch")];
    await writeFile(list, names.map((name) => `${name}\0`).join(""));
    const ended = await runRsync(fetchArguments(this.#settings, list, batch), { signal, onProgress }).catch(
      async (error: unknown) => {
        await this.#noteBreak(batch);
        throw error;
      },
    );
    const failure = rsyncFailure(ended.code, ended.errorOutput);
    if (failure !== null) {
      if (notSupported.test(ended.errorOutput)) this.#isSupported = false;
      else if (ended.code !== someFailed || failure.code === "REPLICATION_DISK_FULL") {
        await this.#noteBreak(batch);
        throw failure;
      }
      return null;
    }
    const { summary } = ended.output;
    if (summary.transferredFiles === 0) return null;
    for (const path of [list, batch, this.#fetching]) await sync(path);
    await rename(this.#fetching, this.#fetched);
    await sync(join(this.#fetched, ".."));
    await this.finish();
    return summary;
  }

  async #noteBreak(batch: string): Promise<void> {
    const { size } = await stat(batch).catch(() => ({ size: 0 }));
    this.#failures += 1;
    this.#isPassedOver = size > lostFetchBytes || this.#failures >= fetchFailures;
  }

  async #forgetFetched(): Promise<void> {
    // in one go, so that half of it is never found
    await rename(this.#fetched, this.#fetching).catch(() => undefined);
    await rm(this.#fetching, { recursive: true, force: true });
  }

  /** Relative to the base directory. */
  async #largeFiles(signal: AbortSignal | undefined): Promise<readonly string[]> {
    const { destination } = this.#settings;
    const isThere = await stat(destination).catch(() => null);
    if (isThere === null) return [];
    // all that grows large later comes by a pass that says so
    this.#names ??= await this.#list(signal);
    const found = await Promise.all(
      this.#names.map(async (name) => {
        const about = await lstat(join(destination, name)).catch(() => null);
        // what is written into a file is in all its other names as well
        if (!about?.isFile() || about.nlink > 1) return [];
        return about.size >= largeFileBytes && about.size <= largestFileBytes ? [name] : [];
      }),
    );
    return found.flat();
  }

  async #list(signal: AbortSignal | undefined): Promise<readonly string[]> {
    const names: string[] = [];
    const onLine = (line: string): number => names.push(line);
    await rsync(listArguments(this.#settings, largeFileBytes), { signal, onLine });
    return names;
  }
}

/** Resolves when it is on the disk; what is not there needs no care. */
async function sync(path: string): Promise<void> {
  const file = await open(path, "r").catch(() => null);
  try {
    await file?.sync();
  } finally {
    await file?.close();
  }
}
