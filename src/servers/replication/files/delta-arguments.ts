import { join } from "node:path";
import { filterRules, ownFolder } from "./filter-rules.ts";
import { endsOf, transferLimits } from "./rsync-arguments.ts";
import type { FileReplicationSettings } from "./settings.ts";

/** Both ends of a batch must use it, and rsync's own choice for batches is MD5, which takes five times as long. */
const checksum = "--checksum-choice=xxh128";

/** Arguments that list the files of the copy which the rules include and which have at least that many bytes. */
export function listArguments(settings: FileReplicationSettings, leastBytes: number): readonly string[] {
  return [
    ...["--archive", "--dry-run", `--min-size=${leastBytes}`, "--out-format=%n", "--8-bit-output"],
    ...filterRules(settings.include).map((rule) => `--filter=${rule}`),
    `${settings.destination}/`,
    // compared with nothing, so that every file is named; a dry run does not make it
    `${join(settings.destination, ownFolder, "nothing")}/`,
  ];
}

/**
 * Arguments that fetch the differences of the files named in `list` (ended by NUL) into `batch` and leave the files
 * alone. `--inplace`: the differences never need what is in front of the place where they are written.
 */
export function fetchArguments(
  settings: FileReplicationSettings,
  list: string,
  batch: string,
): readonly string[] {
  const { from, to } = endsOf(settings, "fromLive");
  return [
    ...transferLimits(settings),
    ...["--archive", "--inplace", "--existing", checksum, `--only-write-batch=${batch}`],
    ...[`--files-from=${list}`, "--from0", "--ignore-missing-args", "--no-implied-dirs"],
    ...["--no-inc-recursive", "--info=progress2,stats2,name0"],
    from,
    to,
  ];
}

/** Arguments that write what was fetched into the files. Times are ignored: they say nothing after a break. */
export function applyArguments(settings: FileReplicationSettings, batch: string): readonly string[] {
  return [
    ...["--archive", "--relative", "--no-implied-dirs", "--inplace", "--existing", "--no-whole-file"],
    // with names, or it does not say which file it found to be wrong
    ...["--ignore-times", checksum, `--read-batch=${batch}`, "--info=name1"],
    endsOf(settings, "fromLive").to,
  ];
}
