import type { CopyStatus, ServerAnswer, ServerStatus, WorkStatus } from "../control/servers-api.ts";
import { duration } from "../diagnostics/duration.ts";
import { table } from "./text.ts";

/** One line a server. */
export function serverTable(servers: readonly ServerStatus[]): string {
  if (servers.length === 0) {
    return "The project has no protected servers. Add one with 'understudy server add'.\n";
  }
  return table([
    ["SERVER", "ADDRESS", "STATE", "ROLE", "TIME TO FAIL", "COPIES", "UNDER WAY"],
    ...servers.map((server) => [
      server.name,
      server.address,
      stateText(server),
      roleText(server),
      server.timeToFailMs === null ? "-" : duration(server.timeToFailMs),
      copiesText(server.copies),
      server.work === null ? "-" : `${server.work.kind} ${server.work.percent} %`,
    ]),
  ]);
}

/** Everything about one server, one fact a line. */
export function serverDetails(server: ServerStatus): string {
  const { lastRound, work, lastWork } = server;
  return table([
    ["Server", server.name],
    ["Address", server.address],
    ["State", stateText(server)],
    ["Role", roleText(server)],
    ["Rounds missed", `${server.missed} of ${server.limit}`],
    ["Time to fail", server.timeToFailMs === null ? "-" : duration(server.timeToFailMs)],
    ...(lastRound === null ? [] : [["Last round", `${lastRound.verdict}: ${lastRound.detail}`]]),
    ...(lastRound?.probes ?? []).map(({ name, verdict, detail }) => ["", `${name}: ${verdict}, ${detail}`]),
    ...server.copies.map((copy) => ["Copy", copyText(copy)]),
    ...(work === null ? [] : [["Under way", workText(work)]]),
    ...(lastWork === null ? [] : [["Last", workText(lastWork)]]),
    ...(lastWork?.steps ?? []).map(({ name, outcome, detail }) => ["", stepText(name, outcome, detail)]),
    ["In one line", server.description],
  ]);
}

/** What an order leads to, before it is carried out. */
export function serverAnswerText(result: ServerAnswer): string {
  const outcome = result.accepted
    ? result.dryRun
      ? "would be done (dry run, nothing was done)"
      : "begun"
    : "refused";
  return [`${result.server}: ${outcome}.`, ...result.explanation].map((line) => `${line}\n`).join("");
}

export function workText({ kind, percent, outcome, detail }: WorkStatus): string {
  return outcome === null ? `${kind} ${percent} %: ${detail}` : `${kind} ${outcome}: ${detail}`;
}

export function stepText(name: string, outcome: string, detail: string): string {
  return detail === "" ? `${name}: ${outcome}` : `${name}: ${outcome}, ${detail}`;
}

function stateText(server: ServerStatus): string {
  const states: string[] = [server.condition];
  if (server.cutOff) states.push("this machine is cut off");
  if (server.awaitingApproval) states.push("waits for approval");
  if (server.locked) states.push("locked");
  if (server.blockedBy !== null) states.push(`behind ${server.blockedBy}`);
  return states.join(", ");
}

function roleText({ role }: ServerStatus): string {
  const texts = {
    live: "live server",
    takingOver: "being taken over",
    standIn: "this machine",
    failingBack: "being given back",
    partly: "broken off",
  } as const;
  return texts[role];
}

function copiesText(copies: readonly CopyStatus[]): string {
  if (copies.length === 0) return "-";
  const bad = copies.filter(({ lastError, phase }) => phase === "retrying" && lastError !== null).length;
  return bad === 0 ? `${copies.length}` : `${copies.length}, ${bad} failing`;
}

function copyText(copy: CopyStatus): string {
  const percent = copy.percent === null ? "" : ` ${copy.percent} %`;
  const lag = copy.lagMs === null ? "" : `, ${duration(copy.lagMs)} behind`;
  const until = copy.completeUntil === null ? "" : `, complete until ${copy.completeUntil}`;
  const error = copy.phase === "retrying" && copy.lastError ? `, ${copy.lastError.message}` : "";
  return `${copy.kind} ${copy.name}: ${copy.phase}${percent}${lag}${until}${error}`;
}
