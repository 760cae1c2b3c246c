import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SshPlace } from "./settings.ts";

/** How long a connection stays after its last use, in s. */
const keepSeconds = 15;
/** Longest path of a socket (unix(7)), less what ssh appends while it makes one. */
const longestPath = 107 - 17;

let directory: string | null = null;

/**
 * Options of ssh with which one connection serves all passes that follow each other: to sign in takes longer than to
 * find out that nothing has changed. ssh keeps it, and ends it by itself. Empty where that cannot be.
 */
export function sharedConnection(ssh: SshPlace): readonly string[] {
  const name = createHash("sha256").update(JSON.stringify(ssh)).digest("hex").slice(0, 16);
  const path = join(socketDirectory(), name);
  // a blank would have to be quoted for rsync, and then for ssh
  if (path.length > longestPath || /[\s'"%]/.test(path)) return [];
  return [
    ...["-o", "ControlMaster=auto", "-o", `ControlPath=${path}`],
    ...["-o", `ControlPersist=${keepSeconds}`],
  ];
}

/** Of this process alone: whoever could put a socket there would be taken for the server. */
function socketDirectory(): string {
  if (directory !== null) return directory;
  const made = mkdtempSync(join(tmpdir(), "understudy-ssh-"));
  process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  directory = made;
  return made;
}
