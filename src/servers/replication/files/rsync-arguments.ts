import type { ReplicationDirection } from "../../seams.ts";
import { filterRules, partialFolder } from "./filter-rules.ts";
import type { FileReplicationSettings, SshPlace } from "./settings.ts";
import { sharedConnection } from "./shared-connection.ts";

/** Time without a byte after which rsync gives up, in s. */
const idleTimeoutSeconds = 30;
/** Time to connect and between signs of life of the SSH connection, in s. */
const sshConnectSeconds = 10;
const sshAliveSeconds = 5;

/** The ends of a transfer, as rsync names them. */
export interface TransferEnds {
  readonly from: string;
  readonly to: string;
}

export function endsOf(settings: FileReplicationSettings, direction: ReplicationDirection): TransferEnds {
  const live = remotePath(settings.ssh, settings.source);
  const standIn = `${withoutSlash(settings.destination)}/`;
  return direction === "fromLive" ? { from: live, to: standIn } : { from: standIn, to: live };
}

function remotePath(ssh: SshPlace | null, path: string): string {
  const folder = `${withoutSlash(path)}/`;
  if (ssh === null) return folder;
  const host = ssh.host.includes(":") ? `[${ssh.host}]` : ssh.host;
  return `${ssh.user}@${host}:${folder}`;
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, "");
}

/** Arguments of ssh before the host, for rsync's own connection and for commands at the live server. */
export function sshOptions(ssh: SshPlace): readonly string[] {
  return [
    "-p",
    String(ssh.port),
    // nobody is there to be asked, and a host whose key is not known is not ours
    ...["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"],
    ...["-o", `ConnectTimeout=${sshConnectSeconds}`],
    ...["-o", `ServerAliveInterval=${sshAliveSeconds}`, "-o", "ServerAliveCountMax=3"],
    ...(ssh.knownHostsFile === null ? [] : ["-o", `UserKnownHostsFile=${ssh.knownHostsFile}`]),
    ...(ssh.identityFile === null ? [] : ["-i", ssh.identityFile, "-o", "IdentitiesOnly=yes"]),
  ];
}

/** A command line for rsync's --rsh, which splits it at blanks and knows quotes. */
function remoteShell(ssh: SshPlace): string {
  const quoted = [...sshOptions(ssh), ...sharedConnection(ssh)].map((each) =>
    /[\s'"]/.test(each) ? `"${each.replaceAll('"', '""')}"` : each,
  );
  return ["ssh", ...quoted].join(" ");
}

function connection(settings: FileReplicationSettings): readonly string[] {
  return [
    "--secluded-args",
    `--timeout=${idleTimeoutSeconds}`,
    ...(settings.ssh === null ? [] : ["--rsh", remoteShell(settings.ssh)]),
  ];
}

/** How a transfer is made, whatever it transfers. */
export function transferLimits(settings: FileReplicationSettings): readonly string[] {
  return [
    ...connection(settings),
    ...(settings.compress ? ["--compress"] : []),
    ...(settings.bandwidthLimit > 0 ? [`--bwlimit=${settings.bandwidthLimit}`] : []),
  ];
}

function common(settings: FileReplicationSettings): readonly string[] {
  return ["--archive", ...filterRules(settings.include).map((rule) => `--filter=${rule}`)];
}

/**
 * Arguments of the transfer: only differences travel, a file is replaced only when it is complete, and what a
 * break left of one is used at the next try.
 */
export function transferArguments(
  settings: FileReplicationSettings,
  direction: ReplicationDirection,
): readonly string[] {
  const { from, to } = endsOf(settings, direction);
  return [
    ...common(settings),
    "--no-whole-file",
    `--partial-dir=${partialFolder}`,
    "--prune-empty-dirs",
    // the whole list first, so that percent are percent of all
    "--no-inc-recursive",
    // with names, to know whose transfer it was that broke off
    ...["--info=progress2,stats2,name1", "--8-bit-output"],
    "--mkpath",
    ...(settings.checksum ? ["--checksum"] : []),
    ...transferLimits(settings),
    from,
    to,
  ];
}

/** Arguments that only show the live server's base directory: whether it can be reached and read. */
export function listArguments(settings: FileReplicationSettings): readonly string[] {
  return [...connection(settings), "--dirs", "--list-only", endsOf(settings, "fromLive").from];
}

/**
 * Arguments of the pass that finds files at the copy which the original has no more. It transfers nothing:
 * `--delete --backup-dir` in the transfer itself would move the old versions of changed files as well.
 * `moveTo`: folder below the copy's base directory; null = delete.
 */
export function orphanArguments(
  settings: FileReplicationSettings,
  direction: ReplicationDirection,
  options: { readonly dryRun: boolean; readonly moveTo: string | null },
): readonly string[] {
  const { from, to } = endsOf(settings, direction);
  return [
    ...common(settings),
    ...connection(settings),
    ...["--delete", "--existing", "--ignore-existing"],
    ...(options.moveTo === null ? [] : ["--backup", `--backup-dir=${options.moveTo}`]),
    ...(options.dryRun ? ["--dry-run", "--info=del1,stats2"] : ["--info=del1"]),
    from,
    to,
  ];
}
