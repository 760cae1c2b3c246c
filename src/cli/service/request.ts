import { lstat, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "../../project/atomic-file.ts";
import { ensureStateDirectory } from "../../project/state-directory.ts";

/** A change of the service that waits until the broker that runs now has ended (seed: Installing as an NT Service). */
export interface ServiceRequest {
  readonly version: 1;
  readonly request: "install" | "uninstall";
  /** When it was made, ISO 8601. */
  readonly requestedAt: string;
  /** What to install: the unit of systemd, or the arguments for Windows. Empty to uninstall. */
  readonly content: string;
  /** Where: the unit file, or the name of the service. */
  readonly target: string;
  readonly scope: "machine" | "user";
}

/** The request that waits; null = none does. */
export async function readRequest(stateDirectory: string): Promise<ServiceRequest | null> {
  try {
    const request = JSON.parse(await readFile(fileOf(stateDirectory), "utf8")) as ServiceRequest;
    return request.version === 1 ? request : null;
  } catch {
    return null;
  }
}

export async function writeRequest(stateDirectory: string, request: ServiceRequest): Promise<void> {
  await ensureStateDirectory(stateDirectory);
  await writeFileAtomically(fileOf(stateDirectory), `${JSON.stringify(request, null, 2)}\n`, 0o600);
}

export async function dropRequest(stateDirectory: string): Promise<void> {
  await rm(fileOf(stateDirectory), { force: true });
}

/**
 * Whether the request was made by the user of this process. The state directory of a service belongs to the user it
 * runs as; what that one writes must not be installed with the rights of another.
 */
export async function isOwnRequest(stateDirectory: string): Promise<boolean> {
  const { getuid } = process;
  if (getuid === undefined) return true;
  const stats = await lstat(fileOf(stateDirectory)).catch(() => null);
  return stats?.isFile() === true && stats.uid === getuid() && (stats.mode & 0o022) === 0;
}

function fileOf(stateDirectory: string): string {
  return join(stateDirectory, "service-request.json");
}
