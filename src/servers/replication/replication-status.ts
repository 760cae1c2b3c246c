/**
 * - `off`: not wanted
 * - `scanning`: looking for differences or copying them
 * - `idle`: equal at the last look
 * - `retrying`: the last try failed; the next one comes by itself
 * - `copying`: a whole copy that was asked for, or is due
 */
export type ReplicationPhase = "off" | "scanning" | "idle" | "retrying" | "copying";

/** What there is to say of one replication; every time is a wall clock time in ms since 1970. */
export interface ReplicationStatus {
  readonly phase: ReplicationPhase;
  /** Of the copy under way, 0 to 100; null while none is. */
  readonly percent: number | null;
  readonly bytes: number;
  readonly bytesPerSecond: number;
  /** All that had changed until then has arrived; null before the first time. */
  readonly completeUntilMs: number | null;
  readonly lastError: { readonly code: string; readonly message: string; readonly atMs: number } | null;
  /** One line for people: what was copied last, or what stands in the way. */
  readonly detail: string;
}
