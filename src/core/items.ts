import { itemsInError } from "./fitness.ts";
import type { ItemSample } from "./input.ts";
import type { MonitorItemPolicy } from "./policy.ts";
import type { Role } from "./role.ts";
import type { ItemState, Verdict } from "./state.ts";
import { allowedSilenceMs, judge, judgeSilence, watchdogPeriodMs } from "./trigger.ts";
import {
  effect,
  memberOf,
  record,
  startTimer,
  stopTimer,
  type Turn,
  timersOf,
  updateMember,
} from "./turn.ts";

/** Adds all monitor items on a member that has just been linked. */
export function startAddingItems(turn: Turn, role: Role): void {
  updateMember(turn, role, { items: Object.freeze([]) });
  addItems(turn, role, turn.state.policy.monitor.items);
}

/** Adds items on a linked member, after those it has. */
export function addItems(turn: Turn, role: Role, items: readonly MonitorItemPolicy[]): void {
  if (items.length === 0) return;
  const added = items.map(
    ({ item }): ItemState =>
      Object.freeze({
        item,
        phase: "adding",
        verdict: "untested",
        errorSinceMs: null,
        updatedMs: turn.now,
        arrayReported: false,
      }),
  );
  updateMember(turn, role, { items: Object.freeze([...memberOf(turn, role).items, ...added]) });
  askToAdd(
    turn,
    role,
    items.map((item) => item.item),
  );
}

/** Takes items off a linked member. */
export function removeItems(turn: Turn, role: Role, items: readonly string[]): void {
  if (items.length === 0) return;
  for (const item of items) stopTimer(turn, `watchdog:${role}:${item}`);
  const { linkId, items: all } = memberOf(turn, role);
  updateMember(turn, role, { items: Object.freeze(all.filter((state) => !items.includes(state.item))) });
  effect(turn, { kind: "removeMonitorItems", member: role, linkId, items });
}

/** The link is gone, and the items with it. */
export function stopItems(turn: Turn, role: Role): void {
  stopTimer(turn, `addItems:${role}`);
  for (const timer of timersOf(turn)) if (timer.startsWith(`watchdog:${role}:`)) stopTimer(turn, timer);
  updateMember(turn, role, { items: Object.freeze([]) });
}

export function onItemAdded(turn: Turn, role: Role, linkId: number, name: string): void {
  const found = findItem(turn, role, linkId, name);
  if (found === null || found.state.phase === "added") return;
  replaceItem(turn, role, { ...judged(turn, found.state, "untested"), phase: "added", updatedMs: turn.now });
  watch(turn, role, found.policy);
  if (memberOf(turn, role).items.every((item) => item.phase === "added")) stopTimer(turn, `addItems:${role}`);
  settleTest(turn, role);
}

export function onItemAddFailed(turn: Turn, role: Role, linkId: number, name: string, detail: string): void {
  const found = findItem(turn, role, linkId, name);
  if (found === null || found.state.phase !== "adding") return;
  refuse(turn, role, found.state, detail);
  settleTest(turn, role);
}

/** Items still unanswered count as refused; the refused ones are added again. */
export function onAddItemsTimer(turn: Turn, role: Role): void {
  const within = `no answer within ${turn.state.policy.connectTimeoutMs} ms`;
  for (const item of memberOf(turn, role).items) {
    if (item.phase === "adding") refuse(turn, role, item, within);
  }
  settleTest(turn, role);
  const refused = memberOf(turn, role).items.filter((item) => item.phase === "refused");
  for (const item of refused) replaceItem(turn, role, { ...item, phase: "adding" });
  askToAdd(
    turn,
    role,
    refused.map((item) => item.item),
  );
}

export function onItemSample(turn: Turn, role: Role, linkId: number, name: string, sample: ItemSample): void {
  // A sample that overtakes the confirmation is as good as one.
  onItemAdded(turn, role, linkId, name);
  const found = findItem(turn, role, linkId, name);
  if (found === null || sample.quality === "waiting") return;
  const { state, policy } = found;
  const unsupported = policy.trigger.on === "specificValue" && sample.isArray;
  if (unsupported && !state.arrayReported) {
    record(turn, { kind: "monitorItemArrayData", member: role, item: name });
  }
  const verdict = judge(policy.trigger, sample, state.verdict);
  if (verdict === state.verdict && unsupported === state.arrayReported && policy.trigger.on !== "noChange") {
    return;
  }
  replaceItem(turn, role, {
    ...judged(turn, state, verdict),
    updatedMs: turn.now,
    arrayReported: unsupported,
  });
  if (verdict === state.verdict) return;
  if (policy.trigger.on !== "noChange") stopTimer(turn, `watchdog:${role}:${name}`);
  else if (state.verdict === "error") watch(turn, role, policy);
  settleTest(turn, role);
}

/** Samples do not restart the timer (they are many); it is set again for the rest when it fires early. */
export function onWatchdog(turn: Turn, role: Role, name: string): void {
  const found = findItem(turn, role, memberOf(turn, role).linkId, name);
  if (found === null) return;
  const { state, policy } = found;
  const restMs = state.updatedMs + allowedSilenceMs(policy) - turn.now;
  if (policy.trigger.on === "noChange" && restMs > 0) {
    startTimer(turn, `watchdog:${role}:${name}`, restMs);
    return;
  }
  replaceItem(turn, role, judged(turn, state, judgeSilence(policy.trigger)));
  settleTest(turn, role);
}

/** Says, once, which watchdog periods are too short for their update rate and what is used instead. */
export function recordRaisedWatchdogs(turn: Turn, items: readonly MonitorItemPolicy[]): void {
  for (const { item, trigger, ...policy } of items) {
    if (trigger.on !== "noChange") continue;
    const toMs = watchdogPeriodMs({ item, trigger, ...policy }, trigger.withinMs);
    if (toMs === trigger.withinMs) continue;
    record(turn, { kind: "watchdogPeriodRaised", item, fromMs: trigger.withinMs, toMs });
  }
}

/**
 * Sets the member's test against the failure count: in error when enough items are, passed when the items
 * still untested could no longer make it so, else as before.
 */
export function settleTest(turn: Turn, role: Role): void {
  const { items, test } = memberOf(turn, role);
  const { failureCount } = turn.state.policy.monitor;
  const inError = itemsInError(items);
  const untested = items.filter((item) => item.verdict === "untested").length;
  let to: Verdict = test;
  if (items.length === 0) to = "untested";
  else if (inError.length >= failureCount) to = "error";
  else if (inError.length + untested < failureCount) to = "passed";
  if (to === test) return;
  updateMember(turn, role, { test: to });
  if (to === "error") record(turn, { kind: "monitorTestInError", member: role, items: inError });
  if (to === "passed") record(turn, { kind: "monitorTestPassed", member: role });
}

function askToAdd(turn: Turn, role: Role, items: readonly string[]): void {
  if (items.length === 0) return;
  const { linkId } = memberOf(turn, role);
  effect(turn, { kind: "addMonitorItems", member: role, linkId, items });
  startTimer(turn, `addItems:${role}`, turn.state.policy.connectTimeoutMs);
}

/** Recorded the first time only: an item that was refused before is in error already. */
function refuse(turn: Turn, role: Role, item: ItemState, detail: string): void {
  if (item.verdict !== "error") {
    record(turn, { kind: "monitorItemAddFailed", member: role, item: item.item, detail });
  }
  replaceItem(turn, role, { ...judged(turn, item, "error"), phase: "refused" });
}

function watch(turn: Turn, role: Role, policy: MonitorItemPolicy): void {
  startTimer(turn, `watchdog:${role}:${policy.item}`, allowedSilenceMs(policy));
}

function judged(turn: Turn, item: ItemState, verdict: Verdict): ItemState {
  const errorSinceMs = verdict === "error" ? (item.errorSinceMs ?? turn.now) : null;
  return { ...item, verdict, errorSinceMs };
}

function findItem(
  turn: Turn,
  role: Role,
  linkId: number,
  name: string,
): { readonly state: ItemState; readonly policy: MonitorItemPolicy } | null {
  const member = memberOf(turn, role);
  if (member.linkId !== linkId || member.link !== "up") return null;
  const state = member.items.find((item) => item.item === name);
  const policy = turn.state.policy.monitor.items.find((item) => item.item === name);
  return state === undefined || policy === undefined ? null : { state, policy };
}

function replaceItem(turn: Turn, role: Role, item: ItemState): void {
  const items = memberOf(turn, role).items.map((other) =>
    other.item === item.item ? Object.freeze(item) : other,
  );
  updateMember(turn, role, { items: Object.freeze(items) });
}
