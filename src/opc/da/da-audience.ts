import type { Role } from "../../core/role.ts";
import { SessionAudience } from "../relay/session-audience.ts";
import type { DaSession } from "./relay/da-session.ts";

/** The DA clients of one pair, and the helper processes that serve them. */
export class DaAudience extends SessionAudience<DaSession> {
  readonly #endHelper: (role: Role) => void;

  /** `endHelper` ends the process that makes the clients' calls on a member, whatever it is doing. */
  constructor(endHelper: (role: Role) => void) {
    super();
    this.#endHelper = endHelper;
  }

  override memberDown(role: Role): void {
    super.memberDown(role);
    // a call that hangs in COM can only be ended with its process
    this.#endHelper(role);
  }
}
