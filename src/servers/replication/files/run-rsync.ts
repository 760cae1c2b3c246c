import { type ProgramOptions, runProgram } from "../run-program.ts";
import { rsyncFailure } from "./rsync-failure.ts";
import { lineCutter, parseProgress, SummaryReader, type TransferProgress } from "./rsync-output.ts";

export interface RsyncEnded {
  /** Exit status; null where a signal ended it. */
  readonly code: number | null;
  readonly errorOutput: string;
  readonly output: SummaryReader;
}

export interface RsyncOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  /** Takes all other lines; with the arguments for that, the name of each file when its transfer begins. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/**
 * Runs rsync to its end, whatever that is.
 * @throws UnderstudyError PROGRAM_MISSING, CANCELLED
 */
export async function runRsync(args: readonly string[], options: RsyncOptions = {}): Promise<RsyncEnded> {
  const { signal, onProgress, onLine } = options;
  const output = new SummaryReader();
  const onOutput = lineCutter((line) => {
    const progress = parseProgress(line);
    if (progress) {
      onProgress?.(progress);
      return;
    }
    output.line(line);
    onLine?.(line);
  });
  const program: ProgramOptions = { signal, onOutput };
  const { code, errorOutput } = await runProgram("rsync", args, program);
  onOutput("\n");
  return { code, errorOutput, output };
}

/** As `runRsync`, for what must not fail. @throws UnderstudyError REPLICATION_*, PROGRAM_MISSING, CANCELLED */
export async function rsync(args: readonly string[], options: RsyncOptions = {}): Promise<SummaryReader> {
  const { code, errorOutput, output } = await runRsync(args, options);
  const failure = rsyncFailure(code, errorOutput);
  if (failure) throw failure;
  return output;
}
