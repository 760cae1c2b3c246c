import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const longestRunMs = 300_000;

/** A file that is made by a command from others. */
export interface Step {
  readonly output: string;
  /** Known inputs; a `.d` file beside an object names the rest. */
  readonly inputs: readonly string[];
  readonly command: string;
  readonly arguments: readonly string[];
}

/** A command that failed, with what it said. */
export class StepFailed extends Error {
  constructor(step: Step, output: string) {
    super(`${step.command} failed for ${step.output}:\n${output}`);
    this.name = "StepFailed";
  }
}

/** Runs the steps whose output is older than an input or was made by another command, `jobs` at a time. */
export async function make(steps: readonly Step[], jobs: number): Promise<number> {
  const due = steps.filter((step) => !isCurrent(step));
  const queue = [...due];
  const failures: unknown[] = [];
  // One file's errors do not hide those of the others.
  const work = async () => {
    for (let step = queue.shift(); step; step = queue.shift()) {
      await runStep(step).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, queue.length) }, work));
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("\n"));
  return due.length;
}

async function runStep(step: Step): Promise<void> {
  mkdirSync(dirname(step.output), { recursive: true });
  const beganAt = new Date();
  try {
    await run(step.command, [...step.arguments], { timeout: longestRunMs, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const { stderr, stdout, message } = error as Error & {
      readonly stderr?: string;
      readonly stdout?: string;
    };
    throw new StepFailed(step, `${stderr ?? ""}${stdout ?? ""}` || message);
  }
  // An input that was changed while the command ran makes it due again.
  utimesSync(step.output, beganAt, beganAt);
  writeFileSync(commandFile(step), commandOf(step));
}

const commandFile = (step: Step) => `${step.output}.cmd`;
const commandOf = (step: Step) => [step.command, ...step.arguments].join("\n");

function isCurrent(step: Step): boolean {
  if (!existsSync(step.output) || !existsSync(commandFile(step))) return false;
  if (readFileSync(commandFile(step), "utf8") !== commandOf(step)) return false;
  const madeMs = statSync(step.output).mtimeMs;
  return [...step.inputs, ...discovered(step.output)].every(
    (input) => existsSync(input) && statSync(input).mtimeMs <= madeMs,
  );
}

/** What the compiler found to be included: the dependency file it wrote (-MMD). */
function discovered(output: string): string[] {
  const file = output.replace(/\.o$/, ".d");
  if (file === output || !existsSync(file)) return [];
  const text = readFileSync(file, "utf8").replaceAll("\\\n", " ");
  return text
    .slice(text.indexOf(":") + 1)
    .split(/\s+/)
    .filter((name) => name !== "");
}
