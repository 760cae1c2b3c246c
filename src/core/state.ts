import type { Cause } from "./cause.ts";
import type { Policy } from "./policy.ts";
import type { Role } from "./role.ts";
import type { TimerId } from "./timer.ts";

/** The broker's connection to a member. */
export type Link = "down" | "connecting" | "up";

/**
 * What is known of a member. Linked: `unknown` until it answered as many status queries as the rise count,
 * then `ok`; `suspect` = some status queries missed. Not linked: `failed` when the last link was lost or
 * refused, else `unknown`.
 */
export type Health = "unknown" | "ok" | "suspect" | "failed";

/** Whether the clients' subscriptions deliver from a member: `pending` = asked for, not answered yet. */
export type Subscription = "none" | "pending" | "done";

/** Outcome of a test: of one monitor item, or of all items of a member against the failure count. */
export type Verdict = "untested" | "passed" | "error";

/** A monitor item on one linked member. */
export interface ItemState {
  readonly item: string;
  /** `refused`: the server would not add it, or never answered; it is in error and added again later. */
  readonly phase: "adding" | "added" | "refused";
  readonly verdict: Verdict;
  /** Core time at which it came to be in error. */
  readonly errorSinceMs: number | null;
  /** Core time of the last data change, or of the item being added; the watchdog counts from here. */
  readonly updatedMs: number;
  /** Array data under `specificValue` was recorded and no scalar came since. */
  readonly arrayReported: boolean;
}

/** The causes that lie in one member. */
export type Trouble = Extract<
  Cause,
  { readonly kind: "linkLost" | "connectFailed" | "statusQuery" | "shutdown" | "promotionFailed" }
>;

export interface MemberState {
  readonly link: Link;
  /** Id of the last `openLink`; 0 before the first. */
  readonly linkId: number;
  /** The first attempt to connect since the pair was enabled has ended, well or not. */
  readonly attempted: boolean;
  /** `connectFailed` was recorded and the member was not connected since. */
  readonly connectFailedRecorded: boolean;
  readonly health: Health;
  /** Consecutive status queries missed, and the time at which the first of them was sent. */
  readonly missed: number;
  readonly missedSinceMs: number | null;
  /** Consecutive status queries answered, counted up to the rise count. */
  readonly answered: number;
  /** Answered at least one status query since the pair was enabled. */
  readonly everAnswered: boolean;
  /** The status query that waits for its answer. */
  readonly probe: { readonly probeId: number; readonly sentMs: number } | null;
  /** When the next status query is due counts from here. */
  readonly probeSentMs: number;
  /** The server said on this link that it shuts down. */
  readonly stopping: { readonly sinceMs: number; readonly detail: string } | null;
  /** Why the last link ended; null while linked or never linked. */
  readonly trouble: Trouble | null;
  /** Empty while not linked. */
  readonly items: readonly ItemState[];
  /** Of all items together; kept when a cold pair leaves the member: it is what is known of it. */
  readonly test: Verdict;
  readonly subscription: Subscription;
  /** Since when the member has been beyond doubt: linked, ok, monitor test passed. */
  readonly wellSinceMs: number | null;
}

/** A promotion that the host has not answered yet. */
export interface Switching {
  readonly switchId: number;
  readonly to: Role;
  /** The member that was active until then; null = none. */
  readonly from: Role | null;
  readonly cause: Cause;
  readonly startedMs: number;
}

/** Where a cold pair is under way to. `byOperator`: asked for or approved, so limits do not bind it. */
export interface Intent {
  readonly to: Role;
  readonly cause: Cause;
  readonly byOperator: boolean;
}

/** What the core remembers of one pair. Frozen plain data: equal states print equal JSON. */
export interface PairState {
  readonly policy: Policy;
  readonly enabled: boolean;
  /** No automatic switchover until resumed; survives disable and enable. */
  readonly suspended: boolean;
  /** The switch budget is used up: no automatic switchover until an operator acts. */
  readonly locked: boolean;
  /** The member the clients are routed to, also while the promotion is not yet answered. */
  readonly active: Role | null;
  /** The last member whose promotion was confirmed since enable: going back to it is no change of member. */
  readonly lastActive: Role | null;
  readonly switching: Switching | null;
  readonly intent: Intent | null;
  /** Why nothing is active, and since when. */
  readonly idle: { readonly cause: Cause; readonly sinceMs: number } | null;
  /** The switchover that waits for an operator's approval. */
  readonly approval: { readonly to: Role; readonly cause: Cause } | null;
  /** The switchover that waits for the end of the hold-down. */
  readonly held: { readonly to: Role; readonly untilMs: number } | null;
  /**
   * The member an operator chose: not left for the primary's sake; `despiteItems`: nor for monitor items
   * in error, until they have passed once. Ends when the member fails or the operator acts again.
   */
  readonly choice: { readonly member: Role; readonly despiteItems: boolean } | null;
  /** Core times of the last automatic switchovers, oldest first, for hold-down and budget. */
  readonly history: readonly number[];
  readonly members: { readonly primary: MemberState; readonly secondary: MemberState };
  /** Running timers and the core time at which each is due. */
  readonly timers: Readonly<Partial<Record<TimerId, number>>>;
  /** Source of link, probe and switch ids; never reset, so an answer to an older effect is told apart. */
  readonly lastId: number;
}

const unlinked: MemberState = Object.freeze({
  link: "down",
  linkId: 0,
  attempted: false,
  connectFailedRecorded: false,
  health: "unknown",
  missed: 0,
  missedSinceMs: null,
  answered: 0,
  everAnswered: false,
  probe: null,
  probeSentMs: 0,
  stopping: null,
  trouble: null,
  items: Object.freeze([]),
  test: "untested",
  subscription: "none",
  wellSinceMs: null,
});

/** A disabled pair of which nothing is known yet. */
export function initialState(policy: Policy): PairState {
  return Object.freeze({
    policy,
    enabled: false,
    suspended: false,
    locked: false,
    active: null,
    lastActive: null,
    switching: null,
    intent: null,
    idle: null,
    approval: null,
    held: null,
    choice: null,
    history: Object.freeze([]),
    members: Object.freeze({ primary: unlinked, secondary: unlinked }),
    timers: Object.freeze({}),
    lastId: 0,
  });
}

/** The same pair as it is before it is enabled: only policy, suspension and ids are kept. */
export function forgotten(state: PairState): PairState {
  return Object.freeze({
    ...initialState(state.policy),
    suspended: state.suspended,
    lastId: state.lastId,
  });
}
