import { dropFailed } from "./disconnect.ts";
import { answerTimeoutMs } from "./policy.ts";
import { otherRole, type Role } from "./role.ts";
import { effect, memberOf, record, startTimer, stopTimer, type Turn, updateMember } from "./turn.ts";

/** Hot: both linked members deliver; warm and cold: the active one. The active one comes first. */
export function settleSubscriptions(turn: Turn): void {
  const first = turn.state.active ?? "primary";
  settle(turn, first);
  settle(turn, otherRole(first));
}

function settle(turn: Turn, role: Role): void {
  const { link, linkId, subscription } = memberOf(turn, role);
  if (link !== "up") return;
  const wanted = turn.state.policy.mode === "hot" || turn.state.active === role;
  if (wanted && subscription === "none") {
    updateMember(turn, role, { subscription: "pending" });
    effect(turn, { kind: "subscribe", member: role, linkId });
    startTimer(turn, `subscribeTimeout:${role}`, answerTimeoutMs(turn.state.policy));
  } else if (!wanted && subscription !== "none") {
    stopTimer(turn, `subscribeTimeout:${role}`);
    updateMember(turn, role, { subscription: "none" });
    effect(turn, { kind: "unsubscribe", member: role, linkId });
  }
}

export function onSubscribeDone(turn: Turn, role: Role, linkId: number): void {
  const member = memberOf(turn, role);
  if (member.linkId !== linkId || member.subscription !== "pending") return;
  stopTimer(turn, `subscribeTimeout:${role}`);
  updateMember(turn, role, { subscription: "done" });
}

/** A member from which the clients get no data is of no use on this link. */
export function onSubscribeFailed(turn: Turn, role: Role, linkId: number, detail: string): void {
  const member = memberOf(turn, role);
  if (member.linkId !== linkId || member.subscription !== "pending") return;
  const why = `subscribe: ${detail}`;
  if (turn.state.active === role) record(turn, { kind: "promotionFailed", member: role, detail: why });
  const trouble = { kind: "promotionFailed", member: role, sinceMs: turn.now, detail: why } as const;
  dropFailed(turn, role, trouble, why);
}

export function onSubscribeTimeout(turn: Turn, role: Role): void {
  const detail = `no answer within ${answerTimeoutMs(turn.state.policy)} ms`;
  onSubscribeFailed(turn, role, memberOf(turn, role).linkId, detail);
}
