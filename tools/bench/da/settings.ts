export const daPaths = ["direct", "dll", "exe"] as const;

/** How the client reaches values: COM to the server itself, the proxy in its process, or the proxy's EXE. */
export type DaPath = (typeof daPaths)[number];

/** Settings of the bench of OPC DA; all times in ms. */
export interface DaSettings {
  /** Runs of each cell; rows are medians. */
  readonly repeats: number;
  /** The steady window of a subscription. */
  readonly durationMs: number;
  /** Time between two values of an item; also the groups' update rate. */
  readonly rateMs: number;
  /** Items of the subscription. */
  readonly items: number;
  /** Numbers of items that are read in one call. */
  readonly readItems: readonly number[];
  /** Calls of each measured read. */
  readonly reads: number;
  /** Numbers of items that are subscribed when the primary is killed. */
  readonly switchItems: readonly number[];
  readonly queryIntervalMs: number;
  readonly queryTimeoutMs: number;
  /** No measurement begins after this time; what is missing then is reported as skipped. */
  readonly limitMs: number;
}
