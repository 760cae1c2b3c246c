import type { Cause } from "../core/cause.ts";
import type { Role } from "../core/role.ts";

/**
 * The clients of one pair, seen from its host: what carries out the core's decisions on their sessions
 * and subscriptions. All methods may be called at any time and in any order the core allows.
 */
export interface Audience {
  /** The member is linked: client sessions may be opened on it (warm and hot keep both). */
  memberUp(role: Role): void;
  /** The member's link is gone: drop all client-side connections to it at once. */
  memberDown(role: Role): void;
  /** Let subscriptions deliver from this member. Resolves once they do. */
  subscribe(role: Role): Promise<void>;
  unsubscribe(role: Role): void;
  /** Route all clients to this member; resolves when requests and data go there. */
  promote(role: Role, cause: Cause): Promise<void>;
  /** Nothing is active: answer requests with a Bad status, give the clients' items a bad quality. */
  demote(cause: Cause): void;
}
