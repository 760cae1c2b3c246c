import type { Effect } from "./effect.ts";
import type { CoreRecord } from "./record.ts";
import { type Role, roles } from "./role.ts";
import type { Health, MemberState, PairState } from "./state.ts";
import type { TimerId } from "./timer.ts";

/**
 * One step in the making. The state is replaced, never changed; what a turn collects leaves `step` as its
 * result. Routing effects (promote, demote) go out before all others, so that a host routes at once.
 */
export interface Turn {
  readonly now: number;
  state: PairState;
  readonly routing: Effect[];
  readonly effects: Effect[];
  readonly records: CoreRecord[];
  /** Some switchover was put off in this turn for want of approval, or by the hold-down. */
  approvalWanted: boolean;
  holdDownWanted: boolean;
  /** The running timers, once some of them changed. */
  timers: Timers | null;
}

type Timers = Partial<Record<TimerId, number>>;

export function beginTurn(state: PairState, now: number): Turn {
  return {
    now,
    state,
    routing: [],
    effects: [],
    records: [],
    approvalWanted: false,
    holdDownWanted: false,
    timers: null,
  };
}

export function update(turn: Turn, change: Partial<PairState>): void {
  turn.state = Object.freeze({ ...turn.state, ...change });
}

export function memberOf(turn: Turn, role: Role): MemberState {
  return turn.state.members[role];
}

export function updateMember(turn: Turn, role: Role, change: Partial<MemberState>): void {
  const member: MemberState = Object.freeze({ ...turn.state.members[role], ...change });
  const members =
    role === "primary"
      ? { primary: member, secondary: turn.state.members.secondary }
      : { primary: turn.state.members.primary, secondary: member };
  update(turn, { members: Object.freeze(members) });
}

export function record(turn: Turn, entry: CoreRecord): void {
  turn.records.push(freeze(entry));
}

export function effect(turn: Turn, wanted: Effect): void {
  const list = wanted.kind === "promote" || wanted.kind === "demote" ? turn.routing : turn.effects;
  list.push(freeze(wanted));
}

/** Freezes a record or effect with the cause and the lists in it. */
function freeze<T extends object>(entry: T): T {
  for (const part of Object.values(entry)) {
    if (typeof part === "object" && part !== null && !Object.isFrozen(part)) freeze(part);
  }
  return Object.freeze(entry);
}

export function nextId(turn: Turn): number {
  const id = turn.state.lastId + 1;
  update(turn, { lastId: id });
  return id;
}

export function setHealth(turn: Turn, role: Role, to: Health): void {
  const from = memberOf(turn, role).health;
  if (from === to) return;
  updateMember(turn, role, { health: to });
  record(turn, { kind: "healthChanged", member: role, from, to });
}

/** Starts or restarts a timer; times in the past fire at once. */
export function startTimer(turn: Turn, timer: TimerId, afterMs: number): void {
  const delayMs = Math.max(0, afterMs);
  draftTimers(turn)[timer] = turn.now + delayMs;
  effect(turn, { kind: "startTimer", timer, afterMs: delayMs });
}

export function stopTimer(turn: Turn, timer: TimerId): void {
  if (!isRunning(turn, timer)) return;
  forgetTimer(turn, timer);
  effect(turn, { kind: "stopTimer", timer });
}

/** Takes a timer that has fired off the list of running ones. */
export function forgetTimer(turn: Turn, timer: TimerId): void {
  delete draftTimers(turn)[timer];
}

/** Makes a timer run until `dueMs`, or not at all for null; leaves it alone where that is so already. */
export function keepTimer(turn: Turn, timer: TimerId, dueMs: number | null): void {
  if (dueMs === null) stopTimer(turn, timer);
  else if (dueMsOf(turn, timer) !== dueMs) startTimer(turn, timer, dueMs - turn.now);
}

export function isRunning(turn: Turn, timer: TimerId): boolean {
  return dueMsOf(turn, timer) !== undefined;
}

export function dueMsOf(turn: Turn, timer: TimerId): number | undefined {
  return (turn.timers ?? turn.state.timers)[timer];
}

export function timersOf(turn: Turn): TimerId[] {
  return Object.keys(turn.timers ?? turn.state.timers) as TimerId[];
}

/** Timers change several times in most turns: they are copied once, and put into the state at the end. */
function draftTimers(turn: Turn): Timers {
  turn.timers ??= { ...turn.state.timers };
  return turn.timers;
}

/** The state as the turn leaves it. */
export function endTurn(turn: Turn): PairState {
  if (turn.timers !== null) update(turn, { timers: Object.freeze(turn.timers) });
  return turn.state;
}

/** `parseTimer("watchdog:primary:A")` = `["watchdog", "primary", "A"]`; item names may hold colons. */
export function parseTimer(timer: TimerId): readonly [name: string, role: Role | null, item: string] {
  const [name = "", role = "", ...item] = timer.split(":");
  return [name, roles.find((known) => known === role) ?? null, item.join(":")];
}
