import type { WorkKind, WorkStatus } from "../../../control/servers-api.ts";
import { timeText } from "../parts/time.ts";

const names: Readonly<Record<WorkKind, string>> = Object.freeze({
  takeover: "Takeover",
  failback: "Failback",
  test: "Test of the takeover",
  replicateFromLive: "Replicate from live",
  replicateToLive: "Replicate to live",
});

/** One line: what, and how far. */
export function WorkLine({ work }: { readonly work: WorkStatus }) {
  return (
    <span class="work-line">
      {names[work.kind]}
      <progress max={100} value={work.percent} aria-label={names[work.kind]} />
      {Math.round(work.percent)} %
    </span>
  );
}

/** A plan or a whole copy, step by step; `onCancel` where it can be broken off. */
export function Work(props: { readonly work: WorkStatus; readonly onCancel?: () => void }) {
  const { work, onCancel } = props;
  const isRunning = work.outcome === null;
  return (
    <section class={`card work ${work.outcome ?? "running"}`} aria-label={names[work.kind]}>
      <div class="row">
        <strong>{names[work.kind]}</strong>
        <span class={work.outcome === "failed" ? "error" : "muted"}>
          {isRunning ? `${Math.round(work.percent)} %` : work.outcome}
        </span>
        <span class="grow" />
        {isRunning && onCancel ? (
          <button type="button" class="danger" onClick={onCancel}>
            Break off
          </button>
        ) : null}
      </div>
      {isRunning ? (
        <progress max={100} value={work.percent} aria-label={`${names[work.kind]} in percent`} />
      ) : null}
      <p role="status">{work.detail}</p>
      <p class="hint">
        Begun {timeText(work.startedAt)}
        {work.reason === "" ? "" : `: ${work.reason}`}
      </p>
      {work.steps.length === 0 ? null : (
        <ol class="steps">
          {work.steps.map(({ name, outcome, detail }) => (
            <li key={name} class={`step-${outcome}`}>
              <strong>{name}</strong> <span class="outcome">{outcomeText(outcome)}</span>
              {detail === "" ? null : <small>{detail}</small>}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function outcomeText(outcome: string): string {
  return outcome === "undoFailed" ? "could not be undone" : outcome;
}
