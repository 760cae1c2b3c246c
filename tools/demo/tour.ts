import { setTimeout as delay } from "node:timers/promises";
import { UnderstudyError } from "../../src/core/error.ts";
import { duration } from "../../src/diagnostics/duration.ts";
import type { DiagnosticEvent } from "../../src/diagnostics/event.ts";
import type { BrokerView } from "./broker-view.ts";
import type { Narrator } from "./narrator.ts";
import type { Stage, Step } from "./steps.ts";
import type { Seen, Watcher } from "./watcher.ts";

const settleTimeoutMs = 15_000;
const switchTimeoutMs = 15_000;
/** How long the client is watched after a switchover, so that the end of the silence is in it, in ms. */
const watchAfterMs = 1200;

/** What came of one step. */
export interface StepResult {
  readonly name: string;
  readonly to: string;
  readonly switchedAfterMs: number;
  readonly seen: Seen;
}

export interface TourParts {
  readonly stage: Stage;
  readonly view: BrokerView;
  readonly watcher: Watcher;
  readonly narrator: Narrator;
}

/** Takes the pair through all steps. @throws Error where a step does not end as it should. */
export async function runTour(steps: readonly Step[], parts: TourParts): Promise<StepResult[]> {
  const { view, narrator } = parts;
  const results: StepResult[] = [];
  const off = view.onEvent((event) => {
    if (isWorthTelling(event)) narrator.line("broker", event.message);
  });
  try {
    for (const [index, step] of steps.entries()) {
      narrator.heading(`${index + 1} of ${steps.length}: ${step.name}`);
      narrator.say(step.what);
      const result = await runStep(step, parts);
      narrator.result(resultText(result));
      results.push(result);
    }
  } finally {
    off();
  }
  return results;
}

async function runStep(step: Step, { stage, view, watcher }: TourParts): Promise<StepResult> {
  const active = step.to === "primary" ? "secondary" : "primary";
  if (active === "primary") await view.settled(active, settleTimeoutMs);
  const span = watcher.span();
  const promotion = view.promotionOf(step.to);
  const startedMs = Date.now();
  await step.act(stage);
  const event = await within(switchTimeoutMs, promotion, step);
  await step.after?.(stage);
  await delay(watchAfterMs);
  const seen = span.seen();
  span.end();
  const switchedAfterMs = Math.max(0, Date.parse(event.time) - startedMs);
  return { name: step.name, to: step.to, switchedAfterMs, seen };
}

async function within(
  timeoutMs: number,
  promotion: Promise<DiagnosticEvent>,
  step: Step,
): Promise<DiagnosticEvent> {
  const timeout = new AbortController();
  const late = delay(timeoutMs, null, { signal: timeout.signal }).catch(() => null);
  const event = await Promise.race([promotion, late]);
  timeout.abort();
  if (event !== null) return event;
  throw new UnderstudyError(
    "DEMO_NO_SWITCHOVER",
    `"${step.name}": the ${step.to} did not become active within ${duration(timeoutMs)}`,
  );
}

/** What a plant engineer would want to read; the rest is in the events. */
function isWorthTelling(event: DiagnosticEvent): boolean {
  switch (event.code) {
    case "connectionLost":
    case "statusQueryFailed":
    case "shutdownReceived":
    case "monitorTestInError":
    case "monitorTestPassed":
    case "connected":
    case "promoted":
    case "nothingActive":
    case "clientSwitchFailed":
    case "switchRefused":
      return true;
    default:
      return false;
  }
}

function resultText({ to, switchedAfterMs, seen }: StepResult): string {
  const bad = seen.bad === 0 ? "" : `, ${seen.bad} with bad quality`;
  return (
    `=> The ${to} served ${duration(switchedAfterMs)} after this began. Longest silence at the client: ` +
    `${duration(seen.longestSilenceMs)}; ${seen.values} values${bad}, ${seen.lost} lost, ${seen.duplicated} twice.`
  );
}

/** All steps at a glance. */
export function summary(results: readonly StepResult[]): string[] {
  const rows = results.map(({ name, to, switchedAfterMs, seen }) => [
    name,
    `to the ${to}`,
    duration(switchedAfterMs),
    duration(seen.longestSilenceMs),
    String(seen.lost),
    String(seen.duplicated),
  ]);
  const all = [["what was done", "switched", "after", "longest silence", "lost", "twice"], ...rows];
  const width = (column: number) => Math.max(...all.map((row) => row[column]?.length ?? 0));
  return all.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(width(column)) : cell.padStart(width(column))))
      .join("  "),
  );
}
