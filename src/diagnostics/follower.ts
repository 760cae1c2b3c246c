import type { DiagnosticEvent } from "./event.ts";
import { createRing } from "./ring.ts";

/** What a follower reads: an event, or the number of events it was too slow for. */
export type FollowItem =
  | { readonly kind: "event"; readonly event: DiagnosticEvent }
  | { readonly kind: "missed"; readonly count: number };

/** A subscription to new events. Iterate it; `close` (or leaving the loop) ends it. */
export interface Follower extends AsyncIterableIterator<FollowItem> {
  close(): void;
}

/** The journal's side of a follower. */
export interface FollowerQueue {
  readonly follower: Follower;
  /** Never blocks: where the queue is full, the oldest event in it is given up and counted. */
  offer(event: DiagnosticEvent): void;
}

/** `capacity`: events kept for a reader that is busy. */
export function createFollower(capacity: number, onClose: () => void): FollowerQueue {
  const queue = createRing<DiagnosticEvent>(capacity);
  const waiting: ((result: IteratorResult<FollowItem, undefined>) => void)[] = [];
  let missed = 0;
  let closed = false;

  function take(): FollowItem | undefined {
    if (missed > 0) {
      // What was given up is older than all that waits, so the gap is told first.
      const count = missed;
      missed = 0;
      return { kind: "missed", count };
    }
    const event = queue.shift();
    return event === undefined ? undefined : { kind: "event", event };
  }

  function close(): void {
    if (closed) return;
    closed = true;
    queue.clear();
    missed = 0;
    onClose();
    for (const resolve of waiting.splice(0)) resolve({ done: true, value: undefined });
  }

  const follower: Follower = {
    next() {
      const value = take();
      if (value !== undefined) return Promise.resolve({ done: false, value });
      if (closed) return Promise.resolve({ done: true, value: undefined });
      return new Promise((resolve) => waiting.push(resolve));
    },
    return() {
      close();
      return Promise.resolve({ done: true, value: undefined });
    },
    close,
    [Symbol.asyncIterator]() {
      return follower;
    },
  };

  return {
    follower,
    offer(event) {
      if (closed) return;
      const resolve = waiting.shift();
      if (resolve !== undefined) resolve({ done: false, value: { kind: "event", event } });
      else if (queue.push(event) !== undefined) missed++;
    },
  };
}
