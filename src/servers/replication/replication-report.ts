import type { UnderstudyError } from "../../core/error.ts";

/** What a replicator tells whoever runs it; each once per change, not once per try. */
export interface ReplicationReport {
  /** The copy is complete: for the first time, or again after failures. */
  complete(detail: string): void;
  /** The first of several failures in a row. `rolledBack`: a copy under way was given up, the last good one stays. */
  failed(error: UnderstudyError, rolledBack: boolean): void;
  /** Nothing failed, but somebody should know. */
  noticed(detail: string): void;
}
