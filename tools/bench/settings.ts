import type { PathName, PathSettings } from "./paths/path.ts";

export const faults = ["kill", "hang"] as const;

/** What befalls the primary: kill -9, or SIGSTOP. */
export type Fault = (typeof faults)[number];

/** Settings of one bench; all times in ms. */
export interface BenchSettings {
  readonly paths: readonly PathName[];
  readonly items: readonly number[];
  readonly faults: readonly Fault[];
  /** Runs of each cell; the rows are medians. */
  readonly repeats: number;
  /** The steady window of the throughput bench. */
  readonly durationMs: number;
  /** Time between two values of an item; also its sampling interval. */
  readonly periodMs: number;
  readonly publishingIntervalMs: number;
  readonly queueSize: number;
  /** Single reads measured per run. */
  readonly reads: number;
  readonly queryIntervalMs: number;
  readonly queryTimeoutMs: number;
  /** No run begins after this time; what is missing then is reported as skipped. */
  readonly limitMs: number;
  /** Offset of the secondary's publishing instants from the multiples of the interval; the primary's is 3. */
  readonly secondaryPhaseMs: number;
}

/** What a single run needs to know. */
export type RunSettings = BenchSettings & PathSettings;
