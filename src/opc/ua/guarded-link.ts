import type { MemberLink, MemberLinkEvents } from "../../host/member-link.ts";
import type { UaMemberLink } from "./member-link.ts";
import type { NamespaceFacts } from "./namespace-guard.ts";

/**
 * A member link that is up only when the member's namespaces were found to be the other member's too.
 * `check` returns why not, or null.
 */
export class GuardedLink implements MemberLink {
  readonly #link: UaMemberLink;
  readonly #onClose: () => void;

  constructor(
    create: (events: MemberLinkEvents) => UaMemberLink,
    events: MemberLinkEvents,
    check: (server: NamespaceFacts) => string | null,
    onClose: () => void,
  ) {
    this.#onClose = onClose;
    this.#link = create({
      ...events,
      up: () => {
        const refusal = this.#link.server ? check(this.#link.server) : null;
        if (refusal === null) events.up();
        else {
          this.close();
          events.failed(refusal);
        }
      },
      failed: (detail) => {
        onClose();
        events.failed(detail);
      },
      lost: (detail) => {
        onClose();
        events.lost(detail);
      },
    });
  }

  open(): void {
    this.#link.open();
  }

  probe(): Promise<number> {
    return this.#link.probe();
  }

  addMonitorItems(items: readonly string[]): void {
    this.#link.addMonitorItems(items);
  }

  removeMonitorItems(items: readonly string[]): void {
    this.#link.removeMonitorItems(items);
  }

  close(): void {
    this.#onClose();
    this.#link.close();
  }
}
