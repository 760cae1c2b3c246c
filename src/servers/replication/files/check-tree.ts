import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { UnderstudyError } from "../../../core/error.ts";
import { roomAt, roomText } from "../../preflight/room.ts";
import { finding, type ReplicationFinding } from "../check-finding.ts";
import { runProgram } from "../run-program.ts";
import { endsOf, listArguments, sshOptions } from "./rsync-arguments.ts";
import { rsync } from "./run-rsync.ts";
import type { FileReplicationSettings } from "./settings.ts";

/** Least room that is thought enough for a copy to begin, in bytes. */
const leastRoomBytes = 16 * 1024 * 1024;

/** Whether a tree can be copied: the way to the original, the place for the copy, the hints. Changes nothing. */
export async function checkTree(
  settings: FileReplicationSettings,
  signal: AbortSignal,
): Promise<readonly ReplicationFinding[]> {
  const { destination } = settings;
  const source = await finding(`source of ${destination}`, () => checkSource(settings, signal));
  const place = await finding(`destination ${destination}`, () => checkDestination(destination));
  if (source.verdict === "failed") return [source, place];
  return [source, place, await finding(`watcher for ${destination}`, () => checkWatcher(settings, signal))];
}

async function checkSource(settings: FileReplicationSettings, signal: AbortSignal): Promise<string> {
  const { from } = endsOf(settings, "fromLive");
  await rsync(listArguments(settings), { signal });
  return `${from} can be read`;
}

async function checkDestination(destination: string): Promise<string> {
  const room = await roomAt(destination);
  const { folder, isDirectory, freeBytes } = room;
  if (!isDirectory) throw new UnderstudyError("REPLICATION_FILES_FAILED", `${folder} is not a directory`);
  await access(folder, constants.W_OK | constants.X_OK);
  if (freeBytes < leastRoomBytes) {
    throw new UnderstudyError("REPLICATION_DISK_FULL", `${folder}: ${roomText(room)}`);
  }
  return folder === destination ? roomText(room) : `will be made, ${roomText(room)}`;
}

async function checkWatcher(
  { ssh, rescanInterval }: FileReplicationSettings,
  signal: AbortSignal,
): Promise<string | Omit<ReplicationFinding, "name">> {
  const question = "command -v inotifywait";
  const [program, args] =
    ssh === null
      ? (["sh", ["-c", question]] as const)
      : (["ssh", [...sshOptions(ssh), "-l", ssh.user, ssh.host, question]] as const);
  const { code } = await runProgram(program, args, { signal });
  if (code === 0) return "changes are copied at once";
  const detail =
    `inotifywait cannot be run at the source (package inotify-tools): changes are found by the comparison ` +
    `every ${rescanInterval} ms only`;
  return { verdict: "warning", detail };
}
