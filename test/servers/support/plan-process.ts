import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { PlannedStep, PlanProgress, PlanResult, Standing } from "../../../src/servers/seams.ts";
import type { Lab } from "./lab.ts";
import type { PlanOrder } from "./plan-child.ts";

const program = fileURLToPath(new URL("plan-child.js", import.meta.url));

export interface PlanProcessEnd {
  readonly progress: readonly PlanProgress[];
  readonly result: PlanResult | null;
  readonly standing: Standing | null;
  readonly plan: readonly PlannedStep[];
  /** How many points there were to be killed at; null = it was killed. */
  readonly points: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Runs the real runner on the lab's stand-in (null: here), in a process of its own that can be killed at any point. */
export async function runPlan(
  lab: Lab | null,
  order: Pick<PlanOrder, "server" | "directory" | "what"> & Partial<PlanOrder>,
): Promise<PlanProcessEnd> {
  const whole: PlanOrder = {
    kind: "takeover",
    killAt: null,
    cancelAt: null,
    liveAnswers: true,
    hasSystemd: false,
    ...order,
  };
  const child = start(lab, ["--enable-source-maps", program, JSON.stringify(whole)]);
  let output = "";
  let complaint = "";
  child.stdout?.on("data", (data: Buffer) => {
    output += data.toString();
  });
  child.stderr?.on("data", (data: Buffer) => {
    complaint += data.toString();
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  if (code !== 0 && signal !== "SIGKILL")
    throw new Error(`the plan's process ended with ${code}: ${complaint}`);
  const lines = output
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const last = <T>(key: string): T | null => (lines.findLast((line) => key in line)?.[key] as T) ?? null;
  return {
    progress: lines.flatMap((line) => ("progress" in line ? [line["progress"] as PlanProgress] : [])),
    result: last<PlanResult>("result"),
    standing: last<Standing>("standing"),
    plan: last<PlannedStep[]>("plan") ?? [],
    points: last<number>("points"),
    signal,
  };
}

function start(lab: Lab | null, args: readonly string[]): ChildProcess {
  if (lab !== null) return lab.spawn("standin", process.execPath, args);
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
}
