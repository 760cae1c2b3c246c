import type { UnderstudyError } from "../../../core/error.ts";
import type { ReplicationDirection } from "../../seams.ts";
import { type ProgramOptions, runProgram } from "../run-program.ts";
import { ownFolder } from "./filter-rules.ts";
import { orphanArguments, transferArguments } from "./rsync-arguments.ts";
import { rsyncFailure } from "./rsync-failure.ts";
import {
  lineCutter,
  parseProgress,
  SummaryReader,
  type TransferProgress,
  type TransferSummary,
} from "./rsync-output.ts";
import type { FileReplicationSettings } from "./settings.ts";

export interface CopyOptions {
  readonly direction: ReplicationDirection;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TransferProgress) => void;
  /** Name of the folder that moved orphans of this pass go to, e.g. a date. */
  readonly orphanFolder: string;
}

export interface CopyResult extends TransferSummary {
  /** Files at the copy that the original has no more. */
  readonly orphans: number;
  /** True where there were so many that removing them looked like a mistake at the original. */
  readonly orphansHeldBack: boolean;
}

/** Up to this many orphans are always taken for what they are. */
const unsuspiciousOrphans = 20;

/**
 * Makes the copy equal to the original, once. Only differences travel; breaking off does no harm.
 * @throws UnderstudyError REPLICATION_*, PROGRAM_MISSING, CANCELLED
 */
export async function copyFiles(
  settings: FileReplicationSettings,
  options: CopyOptions,
): Promise<CopyResult> {
  const { direction, signal } = options;
  const summary = await rsync(transferArguments(settings, direction), signal, options.onProgress);
  const none = { ...summary.summary, orphans: 0, orphansHeldBack: false };
  if (settings.orphans === "keep") return none;

  const moveTo = settings.orphans === "move" ? `${ownFolder}/orphans/${options.orphanFolder}` : null;
  const found = await rsync(orphanArguments(settings, direction, { dryRun: true, moveTo }), signal);
  const orphans = found.deletions.length;
  if (orphans === 0) return none;
  // an original that is suddenly empty is more likely not mounted than meant
  if (orphans > unsuspiciousOrphans && orphans > summary.summary.files) {
    return { ...none, orphans, orphansHeldBack: true };
  }
  await rsync(orphanArguments(settings, direction, { dryRun: false, moveTo }), signal);
  return { ...none, orphans };
}

async function rsync(
  args: readonly string[],
  signal: AbortSignal | undefined,
  onProgress?: (progress: TransferProgress) => void,
): Promise<SummaryReader> {
  const reader = new SummaryReader();
  const onOutput = lineCutter((line) => {
    const progress = parseProgress(line);
    if (progress) onProgress?.(progress);
    else reader.line(line);
  });
  const options: ProgramOptions = { debianPackage: "rsync", signal, onOutput };
  const { code, errorOutput } = await runProgram("rsync", args, options);
  onOutput("\n");
  const failure: UnderstudyError | null = rsyncFailure(code, errorOutput);
  if (failure) throw failure;
  return reader;
}
