import type { ServerCondition, ServerStatus } from "../../../control/servers-api.ts";
import { Badge, type StateWord } from "./badge.tsx";

/** The seed's status icons: how a protected server is found to be. */
const conditions: Readonly<Record<ServerCondition, StateWord>> = Object.freeze({
  ok: { word: "OK", tone: "good", sign: "tick" },
  unknown: { word: "Unknown", tone: "neutral", sign: "question" },
  suspect: { word: "Suspect", tone: "warning", sign: "mark" },
  failure: { word: "Failure", tone: "bad", sign: "cross" },
  replicating: { word: "Replicating", tone: "neutral", sign: "arrows" },
  suspended: { word: "Suspended", tone: "warning", sign: "pause" },
  stopped: { word: "Stopped", tone: "warning", sign: "stop" },
  disabled: { word: "Disabled", tone: "neutral", sign: "dash" },
});

const roles: Readonly<Record<ServerStatus["role"], StateWord>> = Object.freeze({
  live: { word: "Live server", tone: "neutral", sign: "dash" },
  takingOver: { word: "Being taken over", tone: "warning", sign: "swap" },
  standIn: { word: "This machine stands in", tone: "warning", sign: "swap" },
  failingBack: { word: "Being given back", tone: "warning", sign: "swap" },
  partly: { word: "Broken off: decide", tone: "bad", sign: "mark" },
});

export function ConditionBadge({ server }: { readonly server: ServerStatus }) {
  return <Badge {...conditions[server.condition]} />;
}

/** Who plays the role, where it is not the live server as ever; and what keeps it so. */
export function RoleBadges({ server }: { readonly server: ServerStatus }) {
  return (
    <>
      {server.role === "live" ? null : <Badge {...roles[server.role]} />}
      {server.awaitingApproval ? <Badge word="Needs approval" tone="warning" sign="question" /> : null}
      {server.locked ? <Badge word="Locked" tone="bad" sign="lock" /> : null}
      {server.cutOff ? <Badge word="This machine is cut off" tone="bad" sign="cross" /> : null}
    </>
  );
}

export function roleText({ role }: ServerStatus): string {
  return roles[role].word;
}

/** Somebody should look. */
export function isServerTrouble(server: ServerStatus): boolean {
  const { condition, role, awaitingApproval, locked, cutOff, copies } = server;
  if (!server.enabled) return false;
  if (awaitingApproval || locked || cutOff || role === "partly" || role === "standIn") return true;
  return condition === "failure" || copies.some(({ phase }) => phase === "retrying");
}
