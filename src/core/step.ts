import type { Effect } from "./effect.ts";
import { preferPrimaryDueMs } from "./elect.ts";
import { isWell } from "./fitness.ts";
import type { Input } from "./input.ts";
import { onItemAdded, onItemAddFailed, onItemSample } from "./items.ts";
import { withdrawApproval } from "./limits.ts";
import { settleColdKnowledge, settleLinks } from "./link-plan.ts";
import { onLinkFailed, onLinkLost, onLinkUp, onShutdownNotified } from "./links.ts";
import { onOperator } from "./operator.ts";
import { onProbeAnswered, onProbeInconclusive, onProbeMissed } from "./probes.ts";
import type { CoreRecord } from "./record.ts";
import { type Role, roles } from "./role.ts";
import { onSettings } from "./settings.ts";
import type { PairState } from "./state.ts";
import { onSubscribeDone, onSubscribeFailed, settleSubscriptions } from "./subscriptions.ts";
import { onPromoteDone, onPromoteFailed, settleActive } from "./switching.ts";
import { onTimerFired } from "./timers.ts";
import {
  beginTurn,
  endTurn,
  keepTimer,
  memberOf,
  stopTimer,
  type Turn,
  update,
  updateMember,
} from "./turn.ts";

/** Result of one step. `state` is the same object as before where nothing changed. */
export interface Step {
  readonly state: PairState;
  /** To be carried out in this order; promote and demote come first. */
  readonly effects: readonly Effect[];
  readonly records: readonly CoreRecord[];
}

/**
 * The failover core: what one input at core time `now` (ms, never going back) makes of a pair. Pure: equal
 * arguments give equal results. See README.md beside this file for the contract.
 */
export function step(state: PairState, input: Input, now: number): Step {
  const turn = beginTurn(state, now);
  take(turn, input);
  if ((turn.state !== state || turn.timers !== null) && turn.state.enabled) settle(turn);
  return {
    state: endTurn(turn),
    effects: Object.freeze([...turn.routing, ...turn.effects]),
    records: Object.freeze(turn.records),
  };
}

/** Notes what the input says. */
function take(turn: Turn, input: Input): void {
  switch (input.kind) {
    case "linkUp":
      onLinkUp(turn, input.member, input.linkId);
      break;
    case "linkFailed":
      onLinkFailed(turn, input.member, input.linkId, input.detail);
      break;
    case "linkLost":
      onLinkLost(turn, input.member, input.linkId, input.detail);
      break;
    case "shutdownNotified":
      onShutdownNotified(turn, input.member, input.linkId, input.detail);
      break;
    case "probeAnswered":
      onProbeAnswered(turn, input.member, input.probeId);
      break;
    case "probeMissed":
      onProbeMissed(turn, input.member, input.probeId, input.detail);
      break;
    case "probeInconclusive":
      onProbeInconclusive(turn, input.member, input.probeId);
      break;
    case "itemSample":
      onItemSample(turn, input.member, input.linkId, input.item, input.sample);
      break;
    case "itemAdded":
      onItemAdded(turn, input.member, input.linkId, input.item);
      break;
    case "itemAddFailed":
      onItemAddFailed(turn, input.member, input.linkId, input.item, input.detail);
      break;
    case "subscribeDone":
      onSubscribeDone(turn, input.member, input.linkId);
      break;
    case "subscribeFailed":
      onSubscribeFailed(turn, input.member, input.linkId, input.detail);
      break;
    case "promoteDone":
      onPromoteDone(turn, input.member, input.switchId);
      break;
    case "promoteFailed":
      onPromoteFailed(turn, input.member, input.switchId, input.detail);
      break;
    case "timerFired":
      onTimerFired(turn, input.timer);
      break;
    case "settings":
      onSettings(turn, input.policy);
      break;
    case "enable":
    case "disable":
    case "suspend":
    case "resume":
    case "switchover":
    case "approve":
      onOperator(turn, input);
      break;
  }
}

/** Draws the consequences, always in the same order. */
function settle(turn: Turn): void {
  for (const role of roles) settleWell(turn, role);
  settleActive(turn);
  settleLinks(turn);
  settleSubscriptions(turn);
  settleColdKnowledge(turn);
  settlePreferPrimary(turn);
  settleWaiting(turn);
}

function settleWell(turn: Turn, role: Role): void {
  const { wellSinceMs } = memberOf(turn, role);
  const well = isWell(turn.state, role);
  if (well !== (wellSinceMs !== null)) updateMember(turn, role, { wellSinceMs: well ? turn.now : null });
  const { choice, members } = turn.state;
  if (choice?.member === role && choice.despiteItems && members[role].test === "passed") {
    update(turn, { choice: Object.freeze({ member: role, despiteItems: false }) });
  }
}

function settlePreferPrimary(turn: Turn): void {
  const dueMs = preferPrimaryDueMs(turn.state);
  keepTimer(turn, "stable:primary", dueMs !== null && dueMs > turn.now ? dueMs : null);
}

/** What waited for approval or for the end of the hold-down is dropped when this turn no longer asked for it. */
function settleWaiting(turn: Turn): void {
  if (!turn.approvalWanted) withdrawApproval(turn);
  if (turn.holdDownWanted || turn.state.held === null) return;
  stopTimer(turn, "holdDown");
  update(turn, { held: null });
}
