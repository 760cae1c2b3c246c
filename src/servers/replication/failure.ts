import { UnderstudyError } from "../../core/error.ts";

/** Pauses after failures: doubling from the first to the last, in ms. */
const retryFromMs = 1000;
const retryToMs = 60_000;

/** Pause after so many failures in a row, in ms. */
export function retryPauseMs(failures: number): number {
  return Math.min(retryFromMs * 2 ** Math.max(failures - 1, 0), retryToMs);
}

export function asFailure(error: unknown): UnderstudyError {
  if (error instanceof UnderstudyError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new UnderstudyError("REPLICATION_FAILED", message, { cause: error });
}
