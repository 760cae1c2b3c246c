import type { Cause } from "../../src/core/cause.ts";
import type { Input } from "../../src/core/input.ts";
import type { Policy } from "../../src/core/policy.ts";
import type { CoreRecord } from "../../src/core/record.ts";
import type { Role } from "../../src/core/role.ts";
import type { Health, Link } from "../../src/core/state.ts";
import type { TimerId } from "../../src/core/timer.ts";

/** A rule that the core broke. */
export class Violation extends Error {
  readonly rule: string;

  constructor(rule: string, detail: string) {
    super(`${rule}: ${detail}`);
    this.rule = rule;
  }
}

export function must(condition: boolean, rule: string, detail: string | (() => string)): asserts condition {
  if (!condition) throw new Violation(rule, typeof detail === "string" ? detail : detail());
}

/** What an onlooker knows of a member from inputs, effects and records alone. */
export interface MemberModel {
  link: Link;
  linkId: number;
  health: Health;
  test: "untested" | "passed" | "error";
  stopping: boolean;
  subscribed: boolean;
  probing: boolean;
  connectFailed: boolean;
  readonly refusedItems: Set<string>;
  readonly arrayItems: Set<string>;
}

/** What an onlooker knows of the pair. It shares no code with the core, so that it cannot share its mistakes. */
export interface Model {
  policy: Policy;
  enabled: boolean;
  suspended: boolean;
  locked: boolean;
  routed: Role | null;
  /** Last member whose promotion was recorded since enable. */
  confirmed: Role | null;
  promotion: { readonly member: Role; readonly cause: Cause } | null;
  approvalTo: Role | null;
  /** An operator asked for or approved this one (cold: it is not linked yet). */
  granted: Role | null;
  /** The other member was left for this one while it still served (cold). */
  departedFor: Role | null;
  switchovers: number[];
  lastId: number;
  readonly timers: Set<TimerId>;
  readonly members: Record<Role, MemberModel>;
}

export function newModel(policy: Policy): Model {
  return {
    policy,
    enabled: false,
    suspended: false,
    locked: false,
    routed: null,
    confirmed: null,
    promotion: null,
    approvalTo: null,
    granted: null,
    departedFor: null,
    switchovers: [],
    lastId: 0,
    timers: new Set(),
    members: { primary: newMember(), secondary: newMember() },
  };
}

function newMember(): MemberModel {
  return {
    link: "down",
    linkId: 0,
    health: "unknown",
    test: "untested",
    stopping: false,
    subscribed: false,
    probing: false,
    connectFailed: false,
    refusedItems: new Set(),
    arrayItems: new Set(),
  };
}

/** What the input itself makes known, before the core has said anything. */
export function noteInput(model: Model, input: Input): void {
  switch (input.kind) {
    case "linkUp": {
      const member = model.members[input.member];
      if (member.linkId === input.linkId && member.link === "connecting") member.link = "up";
      break;
    }
    case "linkFailed":
    case "linkLost":
      if (model.members[input.member].linkId === input.linkId) endLink(model.members[input.member]);
      break;
    case "probeAnswered":
    case "probeMissed":
    case "probeInconclusive":
      break;
    case "itemAdded":
      if (isCurrent(model, input)) model.members[input.member].refusedItems.delete(input.item);
      break;
    case "itemSample":
      if (!isCurrent(model, input)) break;
      model.members[input.member].refusedItems.delete(input.item);
      if (!input.sample.isArray && input.sample.quality !== "waiting") {
        model.members[input.member].arrayItems.delete(input.item);
      }
      break;
    case "settings":
      noteSettings(model, input.policy);
      break;
    case "approve":
      if (model.approvalTo !== null) model.granted = model.approvalTo;
      model.approvalTo = null;
      break;
    default:
      break;
  }
}

function noteSettings(model: Model, policy: Policy): void {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  const before = model.policy.monitor.items;
  for (const member of [model.members.primary, model.members.secondary]) {
    for (const item of before) {
      if (policy.monitor.items.some((other) => same(item, other))) continue;
      member.refusedItems.delete(item.item);
      member.arrayItems.delete(item.item);
    }
    if (policy.monitor.items.length === 0) member.test = "untested";
  }
  model.policy = policy;
}

function isCurrent(model: Model, input: { readonly member: Role; readonly linkId: number }): boolean {
  const member = model.members[input.member];
  return member.link === "up" && member.linkId === input.linkId;
}

export function endLink(member: MemberModel): void {
  member.link = "down";
  member.stopping = false;
  member.subscribed = false;
  member.probing = false;
}

/** Follows a record; throws where it does not tell of a transition. */
export function noteRecord(model: Model, record: CoreRecord, input: Input): void {
  const rule = "each record once per transition";
  const text = (): string => JSON.stringify(record);
  switch (record.kind) {
    case "connected": {
      const member = model.members[record.member];
      must(input.kind === "linkUp" && member.link === "up", rule, text);
      member.connectFailed = false;
      member.test = "untested";
      member.refusedItems.clear();
      member.arrayItems.clear();
      break;
    }
    case "connectionLost":
      must(input.kind === "linkLost" || input.kind === "linkFailed", rule, text);
      break;
    case "disconnected":
      break;
    case "connectFailed": {
      const member = model.members[record.member];
      must(!member.connectFailed, rule, text);
      member.connectFailed = true;
      break;
    }
    case "statusQueryFailed":
      must(input.kind === "probeMissed" || input.kind === "timerFired", rule, text);
      break;
    case "shutdownReceived": {
      const member = model.members[record.member];
      must(input.kind === "shutdownNotified" && !member.stopping, rule, text);
      member.stopping = true;
      break;
    }
    case "healthChanged": {
      const member = model.members[record.member];
      must(record.from === member.health && record.from !== record.to, rule, text);
      member.health = record.to;
      if (record.to === "unknown" && member.link === "down")
        member.test = member.test === "error" ? "error" : "untested";
      break;
    }
    case "monitorItemAddFailed": {
      const { refusedItems } = model.members[record.member];
      must(!refusedItems.has(record.item), rule, text);
      refusedItems.add(record.item);
      break;
    }
    case "monitorItemArrayData": {
      const { arrayItems } = model.members[record.member];
      must(!arrayItems.has(record.item), rule, text);
      arrayItems.add(record.item);
      break;
    }
    case "monitorTestInError":
    case "monitorTestPassed": {
      const member = model.members[record.member];
      const to = record.kind === "monitorTestPassed" ? "passed" : "error";
      must(member.test !== to && member.link === "up", rule, text);
      member.test = to;
      break;
    }
    case "promoted": {
      const { promotion } = model;
      const matches = promotion?.member === record.member && promotion.cause === record.cause;
      must(matches && input.kind === "promoteDone", "each switch has exactly one cause", text);
      model.promotion = null;
      model.confirmed = record.member;
      break;
    }
    case "promotionFailed":
    case "nothingActive":
    case "switchHeldDown":
      break;
    case "watchdogPeriodRaised":
      must(input.kind === "enable" || input.kind === "settings", rule, text);
      break;
    case "switchRefused":
      must(input.kind === "switchover" || input.kind === "approve", rule, text);
      break;
    case "switchLocked":
    case "lockedByFailure":
      must(!model.locked, rule, text);
      model.locked = true;
      break;
    case "switchUnlocked":
      must(model.locked, rule, text);
      model.locked = false;
      model.switchovers = [];
      break;
    case "approvalNeeded":
      must(model.approvalTo === null, rule, text);
      model.approvalTo = record.to;
      break;
    case "approvalWithdrawn":
      must(model.approvalTo === record.to, rule, text);
      model.approvalTo = null;
      break;
    case "suspended":
      must(!model.suspended, rule, text);
      model.suspended = true;
      break;
    case "resumed":
      must(input.kind === "resume", rule, text);
      model.suspended = false;
      break;
    case "enabled":
      must(!model.enabled && input.kind === "enable", rule, text);
      resetForEnable(model, true);
      break;
    case "disabled":
      must(model.enabled && input.kind === "disable", rule, text);
      resetForEnable(model, false);
      break;
    case "settingsApplied":
      must(input.kind === "settings", rule, text);
      break;
  }
}

function resetForEnable(model: Model, enabled: boolean): void {
  model.enabled = enabled;
  model.locked = false;
  model.confirmed = null;
  model.promotion = null;
  model.approvalTo = null;
  model.granted = null;
  model.departedFor = null;
  model.switchovers = [];
  for (const role of ["primary", "secondary"] as const) {
    const { linkId } = model.members[role];
    model.members[role] = { ...newMember(), linkId };
  }
}
