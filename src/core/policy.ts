/**
 * How many members are linked and subscribed (seed: Connection Mode).
 * - `cold`: one link at a time
 * - `warm`: both linked, only the active one subscribed
 * - `hot`: both linked and subscribed
 */
export type ConnectionMode = "cold" | "warm" | "hot";

/** When the primary is given back the active role once it is well again. Ignored in `cold`. */
export type PreferPrimary =
  | { readonly when: "never" }
  | { readonly when: "atOnce" }
  | { readonly when: "stable"; readonly forMs: number };

export interface ProbePolicy {
  /** Time between two status queries, in ms. */
  readonly intervalMs: number;
  /** Time after which an unanswered status query counts as missed, in ms. */
  readonly timeoutMs: number;
  /** Interval used while a member is suspect, in ms. */
  readonly suspectIntervalMs: number;
}

/** Consecutive counts of missed (or answered) status queries. All at least 1. */
export interface CountPolicy {
  /** Missed queries after which the member is `suspect` and a warning is recorded. */
  readonly warnAfter: number;
  /** Missed queries after which the member is `failed`. */
  readonly failAfter: number;
  /** As `failAfter`, for a member that has not answered once since the pair was enabled. */
  readonly failAfterStartup: number;
  /** Answered queries after which a suspect or failed member is `ok` again. */
  readonly recoverAfter: number;
}

/** What makes a monitor item be in error (seed: Trigger Condition). */
export type Trigger =
  | { readonly on: "badQuality" }
  | { readonly on: "specificValue"; readonly value: string }
  | { readonly on: "noChange"; readonly withinMs: number };

export interface MonitorItemPolicy {
  /** Unique within the pair; used in inputs, effects and records. */
  readonly item: string;
  /** Rate asked of the server, in ms. */
  readonly updateRateMs: number;
  readonly trigger: Trigger;
}

export interface MonitorPolicy {
  readonly items: readonly MonitorItemPolicy[];
  /** Items in error that fail a member: 1 to the number of items; without meaning where there are none. */
  readonly failureCount: number;
}

/** Bounds on automatic switchovers; operator commands are not bound by them. */
export interface SwitchLimits {
  /**
   * Minimum time between two automatic switchovers, in ms (hold-down). 0 = no minimum. Binds only while the
   * active member still serves: clients are never left without data for its sake.
   */
  readonly minBetweenMs: number;
  /**
   * At most `switchovers` automatic ones per `windowMs`, then locked until an operator acts, whether or not
   * a member is active; the member last active may still come back. null = no limit.
   */
  readonly budget: { readonly switchovers: number; readonly windowMs: number } | null;
}

/** Everything the core needs to know to decide; one type for OPC pairs and protected servers. */
export interface Policy {
  readonly mode: ConnectionMode;
  readonly preferPrimary: PreferPrimary;
  readonly probe: ProbePolicy;
  readonly counts: CountPolicy;
  /** Time a link may stay `connecting`, in ms; also the time within which monitor items must be added. */
  readonly connectTimeoutMs: number;
  /** Time after a failed or lost link before it is opened again, in ms. */
  readonly reconnectIntervalMs: number;
  readonly monitor: MonitorPolicy;
  readonly limits: SwitchLimits;
  /** `manual`: an automatic switchover waits until an operator approves it. */
  readonly approval: "automatic" | "manual";
  /** What to do when both members are bad but reachable: keep the active one, or take the less bad one. */
  readonly bothBad: "stay" | "bestAvailable";
  /** Time the host has to answer `promote`, in ms; left out: as for `subscribe`, see `answerTimeoutMs`. */
  readonly promoteTimeoutMs?: number;
  /**
   * What follows a promotion that did not work: `retry` (also where it is left out): the member is connected
   * anew and may be chosen again; `lock`: no automatic switchover until an operator acts. For promotions that
   * do much, and should not be repeated again and again.
   */
  readonly afterFailedPromotion?: "retry" | "lock";
}

/** Time the host has to answer `promote`, in ms. */
export function promoteTimeoutMs(policy: Policy): number {
  return policy.promoteTimeoutMs ?? answerTimeoutMs(policy);
}

/**
 * Time the host has to answer `subscribe` (and `promote`, unless the policy says otherwise), in ms: 30 s, or the connect timeout if that is longer.
 * Generous, because many clients may have many items to move; a server that hangs is found out by its
 * unanswered status queries long before.
 */
export function answerTimeoutMs(policy: Policy): number {
  return Math.max(30_000, policy.connectTimeoutMs);
}
