/** At most one message per event and pair in this time, in ms. */
export const stormWindowMs = 60_000;

/** What is held of one kind of event of one pair since its last message. */
export interface HeldEvents<Event> {
  readonly windowEndsMs: number;
  readonly count: number;
  readonly last: Event | null;
}

export type StormState<Event> = ReadonlyMap<string, HeldEvents<Event>>;

export interface StormStep<Event> {
  readonly state: StormState<Event>;
  /** To be sent now; `count`: so many of a kind since the last message, of which this is the newest. */
  readonly send: readonly { readonly event: Event; readonly count: number }[];
}

/** An event happened: its message goes at once, or is held until the window of the one before has ended. */
export function happened<Event>(
  state: StormState<Event>,
  key: string,
  event: Event,
  nowMs: number,
): StormStep<Event> {
  const held = state.get(key);
  const next = new Map(state);
  if (held && nowMs < held.windowEndsMs) {
    next.set(key, { ...held, count: held.count + 1, last: event });
    return { state: next, send: [] };
  }
  next.set(key, { windowEndsMs: nowMs + stormWindowMs, count: 0, last: null });
  return { state: next, send: [{ event, count: (held?.count ?? 0) + 1 }] };
}

/** Time has passed: what was held in windows that have ended goes, each as one message, and begins a new window. */
export function passed<Event>(state: StormState<Event>, nowMs: number): StormStep<Event> {
  const next = new Map(state);
  const send: { readonly event: Event; readonly count: number }[] = [];
  for (const [key, held] of state) {
    if (nowMs < held.windowEndsMs) continue;
    if (held.last === null) {
      next.delete(key);
    } else {
      send.push({ event: held.last, count: held.count });
      next.set(key, { windowEndsMs: nowMs + stormWindowMs, count: 0, last: null });
    }
  }
  return { state: next, send };
}

/** When `passed` is due next; null while nothing is held. */
export function nextDueMs(state: StormState<unknown>): number | null {
  const ends = [...state.values()]
    .filter(({ last }) => last !== null)
    .map(({ windowEndsMs }) => windowEndsMs);
  return ends.length === 0 ? null : Math.min(...ends);
}
