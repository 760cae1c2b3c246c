import type { Role } from "./role.ts";

/** Why the active member changed. Exactly one per switchover. `sinceMs` is the core's time of the first sign. */
export type Cause =
  /** The first member to be promoted after enable. */
  | { readonly kind: "startup" }
  /** The transport to the active member broke. */
  | { readonly kind: "linkLost"; readonly member: Role; readonly sinceMs: number; readonly detail: string }
  /** Cold: the member that was to be linked instead could not be connected (ping-pong). */
  | {
      readonly kind: "connectFailed";
      readonly member: Role;
      readonly sinceMs: number;
      readonly detail: string;
    }
  /** The active member's status queries went unanswered. */
  | { readonly kind: "statusQuery"; readonly member: Role; readonly sinceMs: number; readonly missed: number }
  /** The active member said that it shuts down; also when its link then broke. */
  | { readonly kind: "shutdown"; readonly member: Role; readonly sinceMs: number; readonly detail: string }
  /** As many monitor items as the failure count are in error on the active member. */
  | {
      readonly kind: "monitorItems";
      readonly member: Role;
      readonly sinceMs: number;
      readonly items: readonly string[];
    }
  /** Making the member active, or getting the clients' data from it, did not work. */
  | {
      readonly kind: "promotionFailed";
      readonly member: Role;
      readonly sinceMs: number;
      readonly detail: string;
    }
  /** The primary is well again and the policy prefers it. */
  | { readonly kind: "preferPrimary"; readonly sinceMs: number }
  /** Nothing was active since `sinceMs`, and this member became available. */
  | { readonly kind: "onlyAvailable"; readonly sinceMs: number }
  /** An operator asked for it. */
  | { readonly kind: "operator"; readonly reason: string; readonly forced: boolean };

export type CauseKind = Cause["kind"];
