import type { ConsolePair } from "../../contract.ts";
import { Badge, type StateWord } from "./badge.tsx";

export type PairState =
  | "ok"
  | "suspect"
  | "failed"
  | "unserved"
  | "suspended"
  | "locked"
  | "approval"
  | "disabled";

/** The one word that says how a pair is; the worst that is true of it. */
export function stateOf(pair: ConsolePair): PairState {
  if (!pair.enabled) return "disabled";
  // first, even where nothing serves: it is what somebody has to do about it
  if (pair.awaitingApproval !== null) return "approval";
  if (pair.active === null) return "unserved";
  if (pair.locked) return "locked";
  const health = pair.members.map((member) => member.health);
  if (health.includes("failed")) return "failed";
  if (health.includes("suspect") || pair.members.some((member) => member.monitorItemsInError.length > 0)) {
    return "suspect";
  }
  return pair.suspended ? "suspended" : "ok";
}

const words: Readonly<Record<PairState, StateWord>> = Object.freeze({
  ok: { word: "OK", tone: "good", sign: "tick" },
  suspect: { word: "Suspect", tone: "warning", sign: "mark" },
  failed: { word: "Member failed", tone: "bad", sign: "cross" },
  unserved: { word: "Not served", tone: "bad", sign: "cross" },
  suspended: { word: "Suspended", tone: "warning", sign: "pause" },
  locked: { word: "Locked", tone: "bad", sign: "lock" },
  approval: { word: "Needs approval", tone: "bad", sign: "question" },
  disabled: { word: "Disabled", tone: "neutral", sign: "dash" },
});

/** The worst first. */
export const pairStatesByTrouble: readonly PairState[] = [
  "approval",
  "unserved",
  "failed",
  "locked",
  "suspect",
  "suspended",
  "ok",
  "disabled",
];

/** Somebody should look. */
export function isTrouble(pair: ConsolePair): boolean {
  return ["failed", "unserved", "locked", "approval"].includes(stateOf(pair));
}

export function StateBadge({ state }: { readonly state: PairState }) {
  return <Badge {...words[state]} />;
}

export function stateText(pair: ConsolePair): string {
  return words[stateOf(pair)].word;
}
