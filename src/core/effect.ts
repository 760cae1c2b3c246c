import type { Cause } from "./cause.ts";
import type { Role } from "./role.ts";
import type { TimerId } from "./timer.ts";

/** What the core asks its host to do, in this order. Everything but the timers is answered by an input. */
export type Effect =
  /** Connect; answer `linkUp` or `linkFailed`. */
  | { readonly kind: "openLink"; readonly member: Role; readonly linkId: number }
  /** Disconnect, also while connecting. Not answered. */
  | { readonly kind: "closeLink"; readonly member: Role; readonly linkId: number }
  /** Ask for the server's status; answer `probeAnswered`. The core minds the timeout. */
  | { readonly kind: "probe"; readonly member: Role; readonly linkId: number; readonly probeId: number }
  /** Add the monitor items on a linked member; answer one `itemAdded` or `itemAddFailed` each, then samples. */
  | {
      readonly kind: "addMonitorItems";
      readonly member: Role;
      readonly linkId: number;
      readonly items: readonly string[];
    }
  | {
      readonly kind: "removeMonitorItems";
      readonly member: Role;
      readonly linkId: number;
      readonly items: readonly string[];
    }
  /** Let the clients' subscriptions deliver from this member; answer `subscribeDone` or `subscribeFailed`. */
  | { readonly kind: "subscribe"; readonly member: Role; readonly linkId: number }
  | { readonly kind: "unsubscribe"; readonly member: Role; readonly linkId: number }
  /** Route the clients to this member; answer `promoteDone` or `promoteFailed`. */
  | { readonly kind: "promote"; readonly member: Role; readonly switchId: number; readonly cause: Cause }
  /** No member serves: clients are told (bad quality, Bad status). Not answered. */
  | { readonly kind: "demote"; readonly member: Role; readonly switchId: number; readonly cause: Cause }
  | { readonly kind: "startTimer"; readonly timer: TimerId; readonly afterMs: number }
  | { readonly kind: "stopTimer"; readonly timer: TimerId };
