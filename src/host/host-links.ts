import type { Input } from "../core/input.ts";
import { type Role, roles } from "../core/role.ts";
import { detailOf } from "../diagnostics/detail-of.ts";
import { type MemberLink, type MemberLinkEvents, ProbeInconclusive } from "./member-link.ts";

/** Makes the link that serves one `openLink` of a member. Nothing may be connected before its `open`. */
export type MemberLinkFactory = (role: Role, events: MemberLinkEvents) => MemberLink;

interface CurrentLink {
  readonly linkId: number;
  readonly link: MemberLink;
}

/** The links of one pair, at most one for each member, and the inputs they give rise to. */
export class HostLinks {
  readonly #create: MemberLinkFactory;
  readonly #feed: (input: Input) => void;
  readonly #current: Record<Role, CurrentLink | null> = { primary: null, secondary: null };
  readonly #pingMs: Record<Role, number | null> = { primary: null, secondary: null };

  constructor(create: MemberLinkFactory, feed: (input: Input) => void) {
    this.#create = create;
    this.#feed = feed;
  }

  /** Round trip of the last answered status query, in ms. */
  pingMs(role: Role): number | null {
    return this.#pingMs[role];
  }

  open(role: Role, linkId: number): void {
    this.#current[role]?.link.close();
    this.#current[role] = null;
    const link = this.#create(role, this.#events(role, linkId));
    this.#current[role] = { linkId, link };
    link.open();
  }

  /** Idempotent, and without effect on a later link of the member. */
  close(role: Role, linkId: number): void {
    const current = this.#current[role];
    if (current?.linkId !== linkId) return;
    this.#current[role] = null;
    current.link.close();
  }

  closeAll(): void {
    for (const role of roles) {
      const current = this.#current[role];
      if (current) this.close(role, current.linkId);
    }
  }

  /** Asks the server's status; answers with `probeAnswered` or `probeMissed`, or not at all. */
  probe(role: Role, linkId: number, probeId: number): void {
    const link = this.#linkOf(role, linkId);
    if (!link) return;
    link.probe().then(
      (roundTripMs) => {
        if (this.#linkOf(role, linkId) === link) this.#pingMs[role] = roundTripMs;
        this.#feed({ kind: "probeAnswered", member: role, probeId });
      },
      (error: unknown) => {
        if (error instanceof ProbeInconclusive) {
          this.#feed({ kind: "probeInconclusive", member: role, probeId });
          return;
        }
        this.#feed({ kind: "probeMissed", member: role, probeId, detail: detailOf(error) });
      },
    );
  }

  addMonitorItems(role: Role, linkId: number, items: readonly string[]): void {
    this.#linkOf(role, linkId)?.addMonitorItems(items);
  }

  removeMonitorItems(role: Role, linkId: number, items: readonly string[]): void {
    this.#linkOf(role, linkId)?.removeMonitorItems(items);
  }

  #linkOf(role: Role, linkId: number): MemberLink | null {
    const current = this.#current[role];
    return current?.linkId === linkId ? current.link : null;
  }

  #events(member: Role, linkId: number): MemberLinkEvents {
    const feed = this.#feed;
    return {
      up: () => feed({ kind: "linkUp", member, linkId }),
      failed: (detail) => feed({ kind: "linkFailed", member, linkId, detail }),
      lost: (detail) => feed({ kind: "linkLost", member, linkId, detail }),
      shutdown: (detail) => feed({ kind: "shutdownNotified", member, linkId, detail }),
      itemAdded: (item) => feed({ kind: "itemAdded", member, linkId, item }),
      itemAddFailed: (item, detail) => feed({ kind: "itemAddFailed", member, linkId, item, detail }),
      itemSample: (item, sample) => feed({ kind: "itemSample", member, linkId, item, sample }),
    };
  }
}
