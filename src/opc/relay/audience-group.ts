import type { Cause } from "../../core/cause.ts";
import type { Role } from "../../core/role.ts";
import type { Audience } from "../../host/audience.ts";

/** The clients of one pair that speak different protocols, as one audience. */
export class AudienceGroup implements Audience {
  readonly #audiences: readonly Audience[];

  constructor(audiences: readonly Audience[]) {
    this.#audiences = audiences;
  }

  memberUp(role: Role): void {
    for (const audience of this.#audiences) audience.memberUp(role);
  }

  memberDown(role: Role): void {
    for (const audience of this.#audiences) audience.memberDown(role);
  }

  async subscribe(role: Role): Promise<void> {
    await Promise.all(this.#audiences.map((audience) => audience.subscribe(role)));
  }

  unsubscribe(role: Role): void {
    for (const audience of this.#audiences) audience.unsubscribe(role);
  }

  async promote(role: Role, cause: Cause): Promise<void> {
    await Promise.all(this.#audiences.map((audience) => audience.promote(role, cause)));
  }

  demote(cause: Cause): void {
    for (const audience of this.#audiences) audience.demote(cause);
  }
}
