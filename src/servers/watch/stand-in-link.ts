import type { MemberLink, MemberLinkEvents } from "../../host/member-link.ts";
import type { ServerSettings } from "../../project/server.ts";
import type { Stage } from "./stage.ts";

/**
 * The core's link to the stand-in, which is this machine: up while it is free to stand in for the server. While it
 * stands in for another one in its way, the stand-in is no member that could be made active.
 */
export function standInLink(server: ServerSettings, stage: Stage, events: MemberLinkEvents): MemberLink {
  let closed = false;
  let up = false;
  let unlisten: () => void = () => undefined;
  const blocked = (): string | null => {
    const blocker = stage.blockerOf(server);
    return blocker === null ? null : `this machine stands in for ${blocker.name}; both need ${blocker.need}`;
  };
  return {
    open(): void {
      setImmediate(() => {
        if (closed) return;
        const detail = blocked();
        if (detail !== null) {
          events.failed(detail);
          return;
        }
        up = true;
        unlisten = stage.onChange(() => {
          const why = up ? blocked() : null;
          if (why === null) return;
          up = false;
          events.lost(why);
        });
        events.up();
      });
    },
    probe: async () => 0,
    addMonitorItems: () => undefined,
    removeMonitorItems: () => undefined,
    close(): void {
      closed = true;
      up = false;
      unlisten();
    },
  };
}
