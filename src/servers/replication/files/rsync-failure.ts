import { UnderstudyError } from "../../../core/error.ts";

/** Exit status of rsync for files that went away while it ran: the next scan finds them gone. */
const vanished = 24;

/** What an exit status of rsync means (rsync(1), EXIT VALUES); null = the copy is complete. */
export function rsyncFailure(code: number | null, errorOutput: string): UnderstudyError | null {
  if (code === 0 || code === vanished) return null;
  const said = lastLine(errorOutput);
  const failure = (name: string, what: string): UnderstudyError =>
    new UnderstudyError(name, said === "" ? `${what}.` : `${what}: ${said}`);
  if (/No space left on device|Disk quota exceeded/.test(errorOutput)) {
    return failure("REPLICATION_DISK_FULL", "The disk at the receiving end is full");
  }
  if (/Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/.test(errorOutput)) {
    return failure("REPLICATION_HOST_UNKNOWN", "The server's SSH host key is not among the known ones");
  }
  if (/Permission denied \([a-z]|Too many authentication failures/.test(errorOutput)) {
    return failure("REPLICATION_LOGIN_REFUSED", "The server refused the SSH key");
  }
  if (/rsync: (?:command )?not found|rsync: No such file/.test(errorOutput) || code === 127) {
    return failure("REPLICATION_RSYNC_MISSING", "The server has no rsync");
  }
  switch (code) {
    case 23:
      return failure("REPLICATION_INCOMPLETE", "Some files could not be copied");
    case 3:
    case 11:
      return failure("REPLICATION_FILES_FAILED", "Files cannot be read or written");
    case 10:
    case 12:
    case 30:
    case 35:
    case 255:
      return failure("REPLICATION_UNREACHABLE", "The connection to the server failed");
    default:
      return failure(
        "REPLICATION_FAILED",
        `rsync ended with ${code === null ? "a signal" : `status ${code}`}`,
      );
  }
}

/** What rsync says because of something else that it has said already. */
const consequences = /^rsync error:|^rsync: connection unexpectedly closed|Broken pipe/;

/** The line that says most: rsync's own closing line only repeats the exit status. */
function lastLine(text: string): string {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const telling = lines.filter((line) => !consequences.test(line));
  return (telling.at(-1) ?? lines.at(-1) ?? "").slice(0, 500);
}
