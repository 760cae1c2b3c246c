import { type MemberLink, type MemberLinkEvents, ProbeInconclusive } from "../../host/member-link.ts";
import type { Round } from "../probes/rounds.ts";

export interface LiveLinkParts {
  /** One round of probes; what it says is noted by the watch. */
  ask(): Promise<Round>;
  /** Why the live server cannot be asked now; null = it can. */
  blocked(): string | null;
  /** The link is up before the first answer: so the count after start-up begins at once. */
  readonly trusting: boolean;
}

/**
 * The core's link to the live server. There is no connection: a server is linked from its first answer, or from the
 * start where it is `trusting`, until it has missed its rounds of probes.
 */
export function liveLink(parts: LiveLinkParts, events: MemberLinkEvents): MemberLink {
  let closed = false;
  return {
    open(): void {
      if (parts.trusting && parts.blocked() === null) {
        setImmediate(() => {
          if (!closed) events.up();
        });
        return;
      }
      void attempt(parts).then((refusal) => {
        if (closed) return;
        if (refusal === null) events.up();
        else events.failed(refusal);
      });
    },
    async probe(): Promise<number> {
      const why = parts.blocked();
      if (why !== null) {
        setImmediate(() => {
          if (!closed) events.lost(why);
        });
        throw new ProbeInconclusive(why);
      }
      const { verdict, detail, tookMs } = await parts.ask();
      switch (verdict) {
        case "well":
          return tookMs;
        case "failed":
          throw new Error(detail);
        case "unknown":
        case "cutOff":
          throw new ProbeInconclusive(detail);
      }
    },
    addMonitorItems: () => undefined,
    removeMonitorItems: () => undefined,
    close(): void {
      closed = true;
    },
  };
}

/** Why the server is not linked now; null = it answers. */
async function attempt(parts: LiveLinkParts): Promise<string | null> {
  const why = parts.blocked();
  if (why !== null) return await new Promise((resolve) => setImmediate(() => resolve(why)));
  const { verdict, detail } = await parts.ask();
  return verdict === "well" ? null : detail;
}
