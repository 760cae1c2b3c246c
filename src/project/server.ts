import type { NotificationSettings } from "./project.ts";

/** A live server that this machine watches and stands in for. Times in ms; defaults in config/project.schema.json. */
export interface ServerSettings {
  /** Unique among servers and pairs, whatever the case of its letters. */
  readonly name: string;
  /** Host name or IP address of the live server. */
  readonly address: string;
  /** Second address of the live server, which it keeps while the stand-in has the first one. */
  readonly maintenanceAddress: string | null;
  /** Empty = one ping of the address. */
  readonly probes: readonly ProbeSettings[];
  readonly probeCombination: ProbeCombination;
  /** Pinged when the server is silent: while none answers, this machine is cut off itself. Empty = not asked. */
  readonly witnesses: readonly string[];
  readonly pingInterval: number;
  readonly pingTimeout: number;
  readonly failover: ServerFailoverSettings;
  readonly takeover: TakeoverSettings;
  readonly failback: FailbackSettings;
  readonly replication: ReplicationSettings;
  /** null = the project's. */
  readonly notifications: NotificationSettings | null;
}

export type ProbeCombination = "any" | "all" | "quorum";

/** One way to ask the server; which of the parameters count is decided by the kind. */
export interface ProbeSettings {
  readonly kind: "icmp" | "tcp" | "http" | "opc" | "command";
  /** null = the server's address. */
  readonly host: string | null;
  readonly port: number | null;
  readonly url: string | null;
  /** null = any from 200 to 399. */
  readonly expectedStatus: number | null;
  readonly trustCertificate: boolean;
  /** Exit status 0 = well, 1 = failed, 2 = cannot tell. */
  readonly command: CommandSettings | null;
}

/** A program to run on this machine, without a shell. */
export interface CommandSettings {
  /** Absolute path. */
  readonly program: string;
  readonly arguments: readonly string[];
  readonly timeout: number;
}

export interface ServerFailoverSettings {
  readonly warnAfter: number;
  readonly failAfter: number;
  readonly failAfterStartup: number;
  readonly recoverAfter: number;
  readonly approval: "automatic" | "manual";
  /** Refused together with `takeover.assumeIpAddress`. */
  readonly automaticallyStopFailover: boolean;
  readonly liveStableFor: number;
  readonly onStepFailure: "stop" | "rollBack";
  readonly takeoverTimeout: number;
}

/** What the stand-in does to assume the live server's role. */
export interface TakeoverSettings {
  readonly assumeIpAddress: boolean;
  readonly addresses: readonly TakenAddress[];
  /** Asks the live server to stop; may fail. */
  readonly stopSource: CommandSettings | null;
  /** Makes sure that the live server is off; must succeed. */
  readonly fence: CommandSettings | null;
  readonly preScript: CommandSettings | null;
  readonly dns: DnsSettings | null;
  /** Started in this order, stopped in the opposite one. */
  readonly services: readonly ServiceSettings[];
  readonly postScript: CommandSettings | null;
}

export interface TakenAddress {
  /** IPv4 or IPv6 with prefix length, e.g. `192.0.2.10/24`. */
  readonly address: string;
  readonly interface: string;
}

export interface DnsSettings {
  readonly server: string;
  readonly port: number;
  /** TSIG key as `nsupdate -k` takes it; relative to the project file. null = unsigned. */
  readonly keyFile: string | null;
  readonly timeout: number;
  readonly records: readonly DnsRecord[];
}

export interface DnsRecord {
  /** null = the name server tells. */
  readonly zone: string | null;
  readonly name: string;
  readonly type: "A" | "AAAA" | "PTR";
  readonly live: string;
  readonly standIn: string;
  /** In s. */
  readonly ttl: number;
}

/** A systemd unit, or a pair of commands: either `unit` or `start` is given. */
export interface ServiceSettings {
  readonly name: string;
  readonly unit: string | null;
  readonly start: CommandSettings | null;
  readonly stop: CommandSettings | null;
  /** Asked on this machine until it answers; a host left out is 127.0.0.1. */
  readonly readiness: ProbeSettings | null;
  readonly timeout: number;
}

export interface FailbackSettings {
  readonly preScript: CommandSettings | null;
  readonly postScript: CommandSettings | null;
  readonly replicateToLive: boolean;
}

export interface ReplicationSettings {
  readonly files: readonly FileTreeSettings[];
  readonly databases: readonly DatabaseSettings[];
}

/** One directory tree that is kept equal on the stand-in. */
export interface FileTreeSettings {
  readonly source: string;
  readonly destination: string;
  /** null = the live server's files stand on this machine (a mount). */
  readonly ssh: SshSettings | null;
  /** Empty = everything. */
  readonly include: readonly IncludeRuleSettings[];
  readonly checksum: boolean;
  readonly orphans: "keep" | "move" | "delete";
  /** KiB/s; 0 = no limit. */
  readonly bandwidthLimit: number;
  readonly compress: boolean;
  readonly rescanInterval: number;
}

export interface SshSettings {
  /** null = the server's maintenance address, else its address. */
  readonly host: string | null;
  readonly port: number;
  readonly user: string;
  readonly identityFile: string | null;
  readonly knownHostsFile: string | null;
}

export interface IncludeRuleSettings {
  readonly subdirectory: string;
  /** Empty = every file. */
  readonly patterns: readonly string[];
  readonly recursive: boolean;
}

export interface DatabaseSettings {
  readonly catalog: string;
  readonly source: DatabaseServerSettings;
  readonly standIn: DatabaseServerSettings;
  readonly mode: "warm" | "hot";
  /** Local time of day, `HH:MM`; null = none. */
  readonly dailyAt: string | null;
}

export interface DatabaseServerSettings {
  /** Host name, address, or directory of the socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** `env:NAME` or `file:PATH`; null = none needed. */
  readonly password: string | null;
  readonly tls: "off" | "require" | "verify";
}
