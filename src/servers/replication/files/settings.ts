/** Where a copy of the files stands that is reached over SSH. */
export interface SshPlace {
  readonly host: string;
  /** Default 22. */
  readonly port: number;
  readonly user: string;
  /** Path of the private key; null = the keys of this user's own configuration. */
  readonly identityFile: string | null;
  /** Path of the file of known host keys; null = this user's own. Unknown hosts are always refused. */
  readonly knownHostsFile: string | null;
}

/** Which files below a subdirectory are replicated (seed: File inclusions). */
export interface IncludeRule {
  /** Relative to the base directory, with / between names; empty = the base directory itself. */
  readonly subdirectory: string;
  /** Shell patterns of file names, e.g. `*.wav`; `*.*` means every file, as on Windows. */
  readonly patterns: readonly string[];
  /** Also in the directories below. */
  readonly recursive: boolean;
}

/** What becomes of files at the copy that are not at the original any more. */
export type OrphanPolicy = "keep" | "move" | "delete";

/** One directory tree that is kept equal on the stand-in. */
export interface FileReplicationSettings {
  /** Absolute path of the base directory at the live server. */
  readonly source: string;
  /** Absolute path of the base directory at the stand-in. */
  readonly destination: string;
  /** How the live server is reached; null = its files stand on this machine (a mount). */
  readonly ssh: SshPlace | null;
  /** Empty = everything. */
  readonly include: readonly IncludeRule[];
  /** Compare contents, not only size and time. */
  readonly checksum: boolean;
  readonly orphans: OrphanPolicy;
  /** KiB per second; 0 = no limit. */
  readonly bandwidthLimit: number;
  readonly compress: boolean;
  /** Time between two scans of everything, in ms. */
  readonly rescanInterval: number;
}
