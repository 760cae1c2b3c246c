import type { Cause } from "../../src/core/cause.ts";
import { otherRole, type Role } from "../../src/core/role.ts";
import type { Scene } from "./checker.ts";
import { type Model, must } from "./model.ts";

/** Worst first, as an operator would judge from what is known. */
function rank(model: Model, role: Role): number {
  const { link, stopping, test, health } = model.members[role];
  if (link !== "up" || stopping) return 0;
  if (test === "error") return 1;
  return health === "suspect" ? 2 : 3;
}

/** The rules for making `to` active. */
export function checkSwitch(model: Model, to: Role, cause: Cause, scene: Scene): void {
  const text = `promote ${to} because ${JSON.stringify(cause)}, active ${model.routed}`;
  must(
    model.members[to].link === "up" && !model.members[to].stopping,
    "only a usable member is promoted",
    text,
  );
  must(model.routed !== to, "only another member is promoted", text);
  checkCause(model, to, cause, text);

  const from = model.routed;
  const serving = from !== null && rank(model, from) > 0 && !scene.failing.has(from);
  checkLimits(model, to, cause, from !== null && isLinked(model, from, scene), scene, text);
  if (serving && !isForced(cause)) {
    const gain = rank(model, to) - rank(model, from);
    must(gain >= 0, "never to a known-worse member", text);
    if (cause.kind === "monitorItems") {
      const lessBad = gain > 0 || (rank(model, to) === 1 && model.policy.bothBad === "bestAvailable");
      must(lessBad, "never to a known-worse member", text);
    }
    if (cause.kind === "preferPrimary") must(rank(model, to) === 3, "never to a known-worse member", text);
  }
  checkStartup(model, to, cause, text);
}

/** The rules for leaving the active member without having another one. */
export function checkDeparture(model: Model, from: Role, cause: Cause, scene: Scene): void {
  if (scene.input.kind === "disable") return;
  const text = `demote ${from} because ${JSON.stringify(cause)}`;
  if (scene.failing.has(from)) return;
  if (model.members[from].link !== "up") return;
  // The member still serves: only a cold pair leaves it, on the way to the other one.
  const to = otherRole(from);
  must(model.policy.mode === "cold", "a serving member is not left for nothing", text);
  must(scene.state.intent?.to === to, "a serving member is not left for nothing", text);
  if (cause.kind === "operator" && scene.input.kind === "switchover") model.granted = to;
  model.departedFor = to;
  checkLimits(model, to, cause, true, scene, text);
  const { health, test } = scene.before.members[to];
  const serves = rank(model, from) > 0;
  const worse = serves && (health === "failed" || (test === "error" && model.members[from].test !== "error"));
  must(isForced(cause) || !worse, "never to a known-worse member", text);
  const hopeless = health === "failed" || (test === "error" && cause.kind === "monitorItems");
  must(cause.kind === "operator" || model.granted === to || !hopeless, "never to a known-worse member", text);
}

function isForced(cause: Cause): boolean {
  return cause.kind === "operator" && cause.forced;
}

/** The active member could go on for now, whatever is known against it. */
function isLinked(model: Model, from: Role, scene: Scene): boolean {
  return model.members[from].link === "up" && !scene.failing.has(from);
}

/** A cause speaks of the member that is left, or of nothing being active. */
function checkCause(model: Model, to: Role, cause: Cause, text: string): void {
  const rule = "each switch has exactly one cause";
  if ("member" in cause) must(cause.member !== to || model.routed === null, rule, text);
  if (cause.kind === "startup") must(model.confirmed === null, rule, text);
  if (cause.kind === "onlyAvailable") must(model.routed === null, rule, text);
  if (cause.kind === "preferPrimary") must(to === "primary" && model.policy.mode !== "cold", rule, text);
}

/** Limits bind automatic changes to another member than the one last active. */
function checkLimits(
  model: Model,
  to: Role,
  cause: Cause,
  serving: boolean,
  scene: Scene,
  text: string,
): void {
  const isChange = model.confirmed !== null && model.confirmed !== to;
  const byOperator =
    scene.input.kind === "approve" || scene.input.kind === "switchover" || model.granted === to;
  must(model.enabled, "no switch while disabled", text);
  if (!isChange || byOperator) return;
  must(cause.kind !== "operator", "each switch has exactly one cause", text);
  must(!model.suspended, "no automatic switch while suspended", text);
  must(!model.locked, "no automatic switch while locked", text);
  must(model.policy.approval === "automatic", "no automatic switch without approval", text);
  const { minBetweenMs, budget } = model.policy.limits;
  const last = model.switchovers.at(-1);
  must(!serving || last === undefined || scene.now >= last + minBetweenMs, "no switch while held down", text);
  if (budget !== null) {
    const recent = model.switchovers.filter((atMs) => atMs > scene.now - budget.windowMs).length;
    must(recent < budget.switchovers, "no switch out of budget", `${text}, ${recent} before`);
  }
  if (text.startsWith("promote")) model.switchovers.push(scene.now);
}

/** Warm and hot do not start on the secondary before the primary had its chance. */
function checkStartup(model: Model, to: Role, cause: Cause, text: string): void {
  if (cause.kind !== "startup" || to === "primary" || model.policy.mode === "cold") return;
  const primary = model.members.primary;
  must(primary.link !== "connecting" || primary.health === "failed", "startup prefers the primary", text);
}
