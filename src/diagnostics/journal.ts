import type { DiagnosticEvent } from "./event.ts";
import { type EventFilter, matchesFilter } from "./filter.ts";
import { createFollower, type Follower, type FollowerQueue } from "./follower.ts";
import { createRing, type Ring } from "./ring.ts";

/** Seed: Diagnostics Settings, maximum number of events to capture. */
export const journalLimits = Object.freeze({ minimum: 1000, maximum: 30_000, default: 5000 });

/** How many events are kept. A pair with a limit of its own does not compete with the others. */
export interface JournalLimits {
  readonly maximumEvents: number;
  readonly pairs: Readonly<Record<string, number>>;
}

export interface Journal {
  /** Gives the event the next id, keeps it, and hands it to the followers. */
  append(event: Omit<DiagnosticEvent, "id">): DiagnosticEvent;
  /** Oldest first; with `newest`, only that many of the newest that match. */
  query(filter?: EventFilter, newest?: number): readonly DiagnosticEvent[];
  /** New events from now on. `capacity`: how many are kept for a busy reader (default 1000). */
  follow(filter?: EventFilter, capacity?: number): Follower;
  /** Applies new limits at once; where they shrink, the oldest events go. */
  configure(limits: JournalLimits): void;
  /** Puts back events of an earlier run, before anything is appended. */
  restore(events: readonly DiagnosticEvent[]): void;
  /** Forgets all events, or those of one pair. */
  clear(pair?: string | null): void;
}

const followerCapacity = 1000;

export function createJournal(
  limits: JournalLimits = { maximumEvents: journalLimits.default, pairs: {} },
): Journal {
  let pairLimits = new Map(Object.entries(limits.pairs));
  const shared = createRing<DiagnosticEvent>(limits.maximumEvents);
  const ofPair = new Map<string, Ring<DiagnosticEvent>>();
  const followers = new Map<FollowerQueue, EventFilter>();
  let lastId = 0;

  function ringFor(pair: string | null): Ring<DiagnosticEvent> {
    const limit = pair === null ? undefined : pairLimits.get(pair);
    if (pair === null || limit === undefined) return shared;
    const known = ofPair.get(pair);
    if (known !== undefined) return known;
    const ring = createRing<DiagnosticEvent>(limit);
    ofPair.set(pair, ring);
    return ring;
  }

  function all(): DiagnosticEvent[] {
    const events = [shared, ...ofPair.values()].flatMap((ring) => ring.toArray());
    return ofPair.size === 0 ? events : events.sort((a, b) => a.id - b.id);
  }

  function keepAll(events: readonly DiagnosticEvent[]): void {
    for (const event of events) ringFor(event.pair).push(event);
  }

  return {
    append(event) {
      const numbered = Object.freeze({ id: ++lastId, ...event });
      ringFor(numbered.pair).push(numbered);
      for (const [queue, filter] of followers) {
        if (matchesFilter(filter, numbered)) queue.offer(numbered);
      }
      return numbered;
    },
    query(filter = {}, newest) {
      const found = all().filter((event) => matchesFilter(filter, event));
      return newest === undefined ? found : newest <= 0 ? [] : found.slice(-newest);
    },
    follow(filter = {}, capacity = followerCapacity) {
      const queue = createFollower(capacity, () => followers.delete(queue));
      followers.set(queue, filter);
      return queue.follower;
    },
    configure(next) {
      const events = all();
      pairLimits = new Map(Object.entries(next.pairs));
      shared.clear();
      shared.resize(next.maximumEvents);
      ofPair.clear();
      keepAll(events);
    },
    restore(events) {
      keepAll(events);
      for (const event of events) lastId = Math.max(lastId, event.id);
    },
    clear(pair = null) {
      const kept = pair === null ? [] : all().filter((event) => !matchesFilter({ pair }, event));
      shared.clear();
      for (const ring of ofPair.values()) ring.clear();
      keepAll(kept);
    },
  };
}
