import type { ItemSample } from "../core/input.ts";

/** What a member link tells its pair host. Calls come on the event loop, never from within `open` itself. */
export interface MemberLinkEvents {
  up(): void;
  failed(detail: string): void;
  lost(detail: string): void;
  shutdown(detail: string): void;
  itemAdded(item: string): void;
  itemAddFailed(item: string, detail: string): void;
  itemSample(item: string, sample: ItemSample): void;
}

/** Thrown by `probe` where the host itself is cut off, so that the silence says nothing of the member. */
export class ProbeInconclusive extends Error {}

/**
 * The broker's own connection to one member: status queries and monitor items, no client's data.
 * One object serves one `openLink`; it never reconnects by itself (the core does).
 */
export interface MemberLink {
  open(): void;
  /** Resolves with the round trip in ms when the server answered its status; rejects on an error answer. May hang. */
  probe(): Promise<number>;
  addMonitorItems(items: readonly string[]): void;
  removeMonitorItems(items: readonly string[]): void;
  /** Ends the connection at once, without waiting for the server. Idempotent; no events after it. */
  close(): void;
}
