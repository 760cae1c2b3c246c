import type { SimulatorProcess } from "../../simulator/process.ts";

export const pathNames = ["direct", "relay", "cold", "warm", "hot", "haproxy"] as const;

/** A way from the client to the servers. */
export type PathName = (typeof pathNames)[number];

export interface Servers {
  readonly primary: SimulatorProcess;
  readonly secondary: SimulatorProcess;
}

export interface PathSettings {
  /** How often a member's status is queried, in ms. */
  readonly queryIntervalMs: number;
  readonly queryTimeoutMs: number;
  /** Folder in which the brokers of all runs find the same certificate and key. */
  readonly identityDirectory: string;
}

/** An open path; `pid` is the process between client and servers, null where there is none. */
export interface Path {
  readonly endpointUrl: string;
  readonly pid: number | null;
  /** Resolves when it can take over: a broker has linked both members. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

export type OpenPath = (servers: Servers, settings: PathSettings) => Promise<Path>;
