import type { Role } from "./role.ts";

/** Timers the core asks its host for. At most one of each id runs; starting a running one restarts it. */
export type TimerId =
  | `connectTimeout:${Role}`
  | `reconnect:${Role}`
  | `probe:${Role}`
  | `probeTimeout:${Role}`
  | `watchdog:${Role}:${string}`
  | "stable:primary"
  | "holdDown"
  | "budget"
  | "promoteTimeout";
