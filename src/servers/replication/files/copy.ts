import type { ReplicationDirection } from "../../seams.ts";
import { ownFolder } from "./filter-rules.ts";
import type { LargeFileDeltas } from "./large-file-deltas.ts";
import { keepPart } from "./partial.ts";
import { orphanArguments, transferArguments } from "./rsync-arguments.ts";
import type { TransferProgress, TransferSummary } from "./rsync-output.ts";
import { rsync } from "./run-rsync.ts";
import type { FileReplicationSettings } from "./settings.ts";

export interface CopyOptions {
  readonly direction: ReplicationDirection;
  readonly signal?: AbortSignal;
  /** Percent and bytes never go back; the last one is told at the end of the transfer, with 100 percent. */
  readonly onProgress?: (progress: TransferProgress) => void;
  /** Name of the folder that moved orphans of this pass go to, e.g. a date. */
  readonly orphanFolder: string;
  /** Wall clock time now. */
  readonly beganMs: number;
  /** For copies from the live server: how differences of large files come; none = as all others do. */
  readonly deltas?: LargeFileDeltas;
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
  const summary = await transfer(settings, options);
  const none = { ...summary, orphans: 0, orphansHeldBack: false };
  if (settings.orphans === "keep") return none;

  const moveTo = settings.orphans === "move" ? `${ownFolder}/orphans/${options.orphanFolder}` : null;
  const found = await rsync(orphanArguments(settings, direction, { dryRun: true, moveTo }), { signal });
  const orphans = found.deletions.length;
  if (orphans === 0) return none;
  // an original that is suddenly empty is more likely not mounted than meant
  if (orphans > unsuspiciousOrphans && orphans > summary.files) {
    return { ...none, orphans, orphansHeldBack: true };
  }
  await rsync(orphanArguments(settings, direction, { dryRun: false, moveTo }), { signal });
  return { ...none, orphans };
}

/** The share of the differences of large files in the progress, in percent, where there may be any. */
const deltaPercent = 50;

async function transfer(settings: FileReplicationSettings, options: CopyOptions): Promise<TransferSummary> {
  const { direction, signal, onProgress = () => undefined } = options;
  const deltas = direction === "fromLive" ? options.deltas : undefined;
  let last: TransferProgress = { bytes: 0, percent: 0, bytesPerSecond: 0 };
  const tell = (bytes: number, percent: number, bytesPerSecond: number): void => {
    last = {
      bytes: Math.max(bytes, last.bytes),
      percent: Math.max(Math.floor(percent), last.percent),
      bytesPerSecond,
    };
    onProgress(last);
  };
  const delta = await deltas?.bring(signal, ({ bytes, percent, bytesPerSecond }) =>
    tell(bytes, (percent * deltaPercent) / 100, bytesPerSecond),
  );
  const [before, from] = [last.bytes, last.percent];
  let name = "";
  const { summary } = await rsync(transferArguments(settings, direction), {
    signal,
    onProgress: ({ bytes, percent, bytesPerSecond }) =>
      tell(before + bytes, from + (percent * (100 - from)) / 100, bytesPerSecond),
    onLine: (line) => {
      name = line;
    },
  }).catch(async (error: unknown) => {
    if (direction === "fromLive") await keepPart(settings.destination, name, options.beganMs);
    throw error;
  });
  tell(last.bytes, 100, 0);
  await deltas?.completed(summary);
  if (!delta) return summary;
  return {
    ...summary,
    transferredFiles: summary.transferredFiles + delta.transferredFiles,
    transferredBytes: summary.transferredBytes + delta.transferredBytes,
    literalBytes: summary.literalBytes + delta.literalBytes,
  };
}
