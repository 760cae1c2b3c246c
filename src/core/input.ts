import type { Policy } from "./policy.ts";
import type { Role } from "./role.ts";
import type { TimerId } from "./timer.ts";

/** A value as the core needs it to test a trigger: enough to compare, small enough to replay. */
export interface ItemSample {
  /** `waiting`: the server has not delivered a first value yet; neither good nor bad. */
  readonly quality: "good" | "uncertain" | "bad" | "waiting";
  /** The scalar as text in its canonical form ("true", "12.5", "abc"); null where there is none. */
  readonly value: string | null;
  readonly isArray: boolean;
}

/**
 * What the host tells the core. Inputs that answer an effect carry the `linkId`, `probeId` or
 * `switchId` of that effect; answers to an older one are ignored, so an effect may fail, come late
 * or come twice.
 */
export type Input =
  | { readonly kind: "linkUp"; readonly member: Role; readonly linkId: number }
  | { readonly kind: "linkFailed"; readonly member: Role; readonly linkId: number; readonly detail: string }
  | { readonly kind: "linkLost"; readonly member: Role; readonly linkId: number; readonly detail: string }
  | {
      readonly kind: "shutdownNotified";
      readonly member: Role;
      readonly linkId: number;
      readonly detail: string;
    }
  | { readonly kind: "probeAnswered"; readonly member: Role; readonly probeId: number }
  /** A definite miss known before the timeout (error answer); the core's own timer covers silence. */
  | { readonly kind: "probeMissed"; readonly member: Role; readonly probeId: number; readonly detail: string }
  /** The query could be neither sent nor missed: the host itself is cut off. It counts neither way. */
  | { readonly kind: "probeInconclusive"; readonly member: Role; readonly probeId: number }
  | {
      readonly kind: "itemSample";
      readonly member: Role;
      readonly linkId: number;
      readonly item: string;
      readonly sample: ItemSample;
    }
  | { readonly kind: "itemAdded"; readonly member: Role; readonly linkId: number; readonly item: string }
  | {
      readonly kind: "itemAddFailed";
      readonly member: Role;
      readonly linkId: number;
      readonly item: string;
      readonly detail: string;
    }
  | { readonly kind: "subscribeDone"; readonly member: Role; readonly linkId: number }
  | {
      readonly kind: "subscribeFailed";
      readonly member: Role;
      readonly linkId: number;
      readonly detail: string;
    }
  | { readonly kind: "promoteDone"; readonly member: Role; readonly switchId: number }
  | {
      readonly kind: "promoteFailed";
      readonly member: Role;
      readonly switchId: number;
      readonly detail: string;
    }
  | { readonly kind: "timerFired"; readonly timer: TimerId }
  | { readonly kind: "settings"; readonly policy: Policy }
  | OperatorInput;

/**
 * Operator commands; `reason` is what the operator said and ends up in the records. A command that changes
 * nothing (enable of an enabled pair, ...) does nothing.
 */
export type OperatorInput =
  /** `lastActive`: the member that served before the host was started anew; it is preferred to serve again. */
  | { readonly kind: "enable"; readonly reason: string; readonly lastActive?: Role }
  | { readonly kind: "disable"; readonly reason: string }
  | { readonly kind: "suspend"; readonly reason: string }
  /** Back to automatic operation: ends a suspension, a lock and an operator's choice; evaluated at once. */
  | { readonly kind: "resume"; readonly reason: string }
  /**
   * `to: null` = the other one. Refused to a known-worse member unless `force`. Unlocks an exhausted budget.
   * The member so chosen is not left for the primary's sake until it fails or an operator acts again.
   */
  | {
      readonly kind: "switchover";
      readonly to: Role | null;
      readonly force: boolean;
      readonly reason: string;
    }
  /** Carries out the switchover that waits for approval. */
  | { readonly kind: "approve"; readonly reason: string };
