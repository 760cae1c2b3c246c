import type { Role } from "./role.ts";

/** Timers the core asks its host for. At most one of each id runs; starting a running one restarts it. */
export type TimerId =
  /** A link stays `connecting` for too long. */
  | `connectTimeout:${Role}`
  /** Time to open a link again. */
  | `reconnect:${Role}`
  /** Time for the next status query. */
  | `probe:${Role}`
  /** A status query stays unanswered for too long. */
  | `probeTimeout:${Role}`
  /** `subscribe` stays unanswered for too long. */
  | `subscribeTimeout:${Role}`
  /** Monitor items that could not be added, or whose adding stays unanswered, are added again. */
  | `addItems:${Role}`
  /** A monitor item did not change in time, or has no first value in time. */
  | `watchdog:${Role}:${string}`
  /** Cold: what is known of the member that is not linked has become old. */
  | `forget:${Role}`
  /** The primary has been well for as long as the policy asks before going back to it. */
  | "stable:primary"
  /** The minimum time between two automatic switchovers is over. */
  | "holdDown"
  /** A promotion stays unanswered for too long. */
  | "promoteTimeout";
