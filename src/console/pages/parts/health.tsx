import type { ConsolePair } from "../../contract.ts";

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
  if (pair.active === null) return "unserved";
  if (pair.awaitingApproval !== null) return "approval";
  if (pair.locked) return "locked";
  const health = pair.members.map((member) => member.health);
  if (health.includes("failed")) return "failed";
  if (health.includes("suspect") || pair.members.some((member) => member.monitorItemsInError.length > 0)) {
    return "suspect";
  }
  return pair.suspended ? "suspended" : "ok";
}

const words: Readonly<Record<PairState, string>> = {
  ok: "OK",
  suspect: "Suspect",
  failed: "Member failed",
  unserved: "Not served",
  suspended: "Suspended",
  locked: "Locked",
  approval: "Needs approval",
  disabled: "Disabled",
};

/** Different in form, not only in colour. */
const shapes: Readonly<Record<PairState, string>> = {
  ok: "M4 8.5l3 3 5-7",
  suspect: "M8 3v6M8 12v.5",
  failed: "M4 4l8 8M12 4l-8 8",
  unserved: "M4 4l8 8M12 4l-8 8",
  suspended: "M6 4v8M10 4v8",
  locked: "M5 8h6v5h-6zM6 8v-2a2 2 0 0 1 4 0v2",
  approval: "M6 6a2 2 0 1 1 2.5 2l-.5 1.500M8 12v.5",
  disabled: "M4 8h8",
};

export function StateBadge({ state }: { readonly state: PairState }) {
  return (
    <span class={`badge state-${state}`}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d={shapes[state]} fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" />
      </svg>
      {words[state]}
    </span>
  );
}
