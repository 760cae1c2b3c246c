import type { Effect } from "../../src/core/effect.ts";
import type { Input } from "../../src/core/input.ts";
import { otherRole, type Role, roles } from "../../src/core/role.ts";
import type { PairState } from "../../src/core/state.ts";
import type { Step } from "../../src/core/step.ts";
import { checkDeparture, checkSwitch } from "./check-switch.ts";
import { endLink, type Model, must, newModel, noteInput, noteRecord } from "./model.ts";

/** Watches a core from outside; `check` throws a Violation at the first rule that a step breaks. */
export interface Checker {
  check(before: PairState, input: Input, now: number, result: Step): void;
  readonly model: Model;
}

export function createChecker(initial: PairState): Checker {
  const model = newModel(initial.policy);
  return { model, check: (before, input, now, result) => check(model, before, input, now, result) };
}

/** It closes what the effects of a step did; all others say what was known when they were decided. */
const closingRecords: ReadonlySet<string> = new Set(["disabled"]);

function check(model: Model, before: PairState, input: Input, now: number, result: Step): void {
  const { state, effects, records } = result;
  const wasEnabled = model.enabled;
  if (input.kind === "timerFired" && now >= (before.timers[input.timer] ?? Infinity))
    model.timers.delete(input.timer);
  noteInput(model, input);
  checkRoutingFirst(effects);
  const failing = new Set<Role>();
  for (const record of records) {
    if (closingRecords.has(record.kind)) continue;
    noteRecord(model, record, input);
    if (record.kind === "statusQueryFailed" || record.kind === "promotionFailed") failing.add(record.member);
    if (record.kind === "connectFailed" && model.granted === record.member) model.granted = null;
  }
  for (const effect of effects) {
    must(wasEnabled || model.enabled, "nothing is done for a disabled pair", () => JSON.stringify(effect));
    follow(model, effect, { before, state, input, now, failing });
  }
  if (input.kind === "switchover" && state.intent !== null) {
    model.granted = state.intent.to;
    if (model.approvalTo === model.granted) model.approvalTo = null;
  }
  for (const record of records) if (closingRecords.has(record.kind)) noteRecord(model, record, input);
  if (input.kind === "disable") model.routed = null;
  checkNothingActive(input, result);
  checkState(model, state);
}

/** Clients are told and the journal is told: both or neither. */
function checkNothingActive(input: Input, { effects, records }: Step): void {
  const demoted = effects.filter((effect) => effect.kind === "demote").length;
  const recorded = records.filter((record) => record.kind === "nothingActive").length;
  const expected = input.kind === "disable" ? 0 : demoted;
  must(
    recorded === expected,
    "each record once per transition",
    `${demoted} demote, ${recorded} nothingActive`,
  );
}

/** The host routes the clients before it does anything else, and at most once per step. */
function checkRoutingFirst(effects: readonly Effect[]): void {
  const isRouting = (effect: Effect): boolean => effect.kind === "promote" || effect.kind === "demote";
  const routing = effects.filter(isRouting).length;
  must(routing <= 1, "at most one active", () => `${routing} routing effects in one step`);
  must(routing === 0 || effects.slice(0, routing).every(isRouting), "promote comes first", () =>
    JSON.stringify(effects),
  );
}

export interface Scene {
  readonly before: PairState;
  readonly state: PairState;
  readonly input: Input;
  readonly now: number;
  /** Members that failed by this very step. */
  readonly failing: ReadonlySet<Role>;
}

/** Follows an effect; throws where it makes no sense. */
function follow(model: Model, effect: Effect, scene: Scene): void {
  const text = (): string => JSON.stringify(effect);
  switch (effect.kind) {
    case "openLink": {
      const member = model.members[effect.member];
      must(member.link === "down", "a link is opened only when it is down", text);
      must(effect.linkId > model.lastId, "ids are never used twice", text);
      const other = model.members[otherRole(effect.member)];
      must(model.policy.mode !== "cold" || other.link === "down", "cold holds one link at a time", text);
      model.lastId = effect.linkId;
      member.link = "connecting";
      member.linkId = effect.linkId;
      break;
    }
    case "closeLink": {
      const member = model.members[effect.member];
      must(member.link !== "down" && member.linkId === effect.linkId, "only a held link is closed", text);
      endLink(member);
      break;
    }
    case "probe":
    case "addMonitorItems":
    case "removeMonitorItems":
    case "subscribe":
    case "unsubscribe": {
      const member = model.members[effect.member];
      must(member.link === "up" && member.linkId === effect.linkId, "only a linked member is asked", text);
      if (effect.kind === "subscribe") {
        must(!member.subscribed, "subscribed once", text);
        must(
          model.policy.mode === "hot" || model.routed === effect.member,
          "warm and cold subscribe the active",
          text,
        );
        member.subscribed = true;
      }
      if (effect.kind === "unsubscribe") {
        must(member.subscribed, "unsubscribed once", text);
        member.subscribed = false;
      }
      if (effect.kind === "probe") {
        must(effect.probeId > model.lastId, "ids are never used twice", text);
        model.lastId = effect.probeId;
      }
      break;
    }
    case "promote":
      must(effect.switchId > model.lastId || effect.switchId > 0, "ids are never used twice", text);
      checkSwitch(model, effect.member, effect.cause, scene);
      model.routed = effect.member;
      model.promotion = { member: effect.member, cause: effect.cause };
      if (model.granted === effect.member) model.granted = null;
      if (model.approvalTo === effect.member) model.approvalTo = null;
      model.departedFor = null;
      break;
    case "demote":
      must(model.routed === effect.member, "only the active member is demoted", text);
      checkDeparture(model, effect.member, effect.cause, scene);
      if (scene.state.intent?.to === model.approvalTo) model.approvalTo = null;
      model.routed = null;
      model.promotion = null;
      break;
    case "startTimer":
      must(effect.afterMs >= 0, "timers lie ahead", text);
      model.timers.add(effect.timer);
      break;
    case "stopTimer":
      must(model.timers.has(effect.timer), "only a running timer is stopped", text);
      model.timers.delete(effect.timer);
      break;
  }
}

/** What must hold between any two steps. */
function checkState(model: Model, state: PairState): void {
  must(
    state.active === model.routed,
    "at most one active",
    () => `state says ${state.active}, effects ${model.routed}`,
  );
  must(state.enabled === model.enabled, "enabled is recorded", String(state.enabled));
  must(state.locked === model.locked, "locked is recorded", String(state.locked));
  must(state.suspended === model.suspended, "suspended is recorded", String(state.suspended));
  must(
    (state.approval?.to ?? null) === model.approvalTo,
    "approval is recorded",
    () => `${JSON.stringify(state.approval)} ${model.approvalTo}`,
  );
  const timers = Object.keys(state.timers);
  must(timers.length === model.timers.size, "timers are started and stopped by effects", () =>
    timers.join(" "),
  );
  if (!state.enabled) must(timers.length === 0, "no timer alive after stop", () => timers.join(" "));
  for (const role of roles) checkMember(model, state, role);
}

function checkMember(model: Model, state: PairState, role: Role): void {
  const { link, health, test, subscription, probe, items } = state.members[role];
  const seen = model.members[role];
  must(
    link === seen.link,
    "links are opened and closed by effects",
    () => `${role} ${link}, seen ${seen.link}`,
  );
  must(health === seen.health, "health is recorded", () => `${role} ${health}, recorded ${seen.health}`);
  must(
    link === "up" ? health !== "failed" : health === "unknown" || health === "failed",
    "health fits the link",
    () => `${role} ${link} ${health}`,
  );
  if (link === "up")
    must(test === seen.test, "the monitor test is recorded", () => `${role} ${test}, recorded ${seen.test}`);
  must(
    (subscription !== "none") === seen.subscribed,
    "subscriptions are kept by effects",
    () => `${role} ${subscription}`,
  );
  if (!state.enabled) {
    must(link === "down", "a disabled pair holds no link", role);
    return;
  }
  const runs = (name: string): boolean => model.timers.has(`${name}:${role}` as never);
  if (link === "connecting") must(runs("connectTimeout"), "connecting is bounded", role);
  if (link === "up") {
    must(runs(probe === null ? "probe" : "probeTimeout"), "a linked member is asked for its status", role);
    must(
      items.length === state.policy.monitor.items.length,
      "all monitor items are on a linked member",
      role,
    );
    if (subscription === "pending") must(runs("subscribeTimeout"), "subscribing is bounded", role);
    const open = items.some((item) => item.phase !== "added");
    must(!open || runs("addItems"), "adding items is bounded", role);
  }
  if (link === "down" && state.policy.mode !== "cold") {
    must(runs("reconnect"), "a lost link is opened again", role);
  }
  if (state.switching !== null) must(model.timers.has("promoteTimeout"), "promoting is bounded", role);
}
