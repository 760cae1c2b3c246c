import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ServerSettings } from "../../../src/project/server.ts";
import type { Journal } from "../../../src/servers/plan/journal.ts";
import type { PlanKind } from "../../../src/servers/seams.ts";
import type { RunProgram } from "../../../src/servers/takeover/program.ts";
import { createTakeoverRunner } from "../../../src/servers/takeover/runner.ts";

/** What a child is to do: see plan-process.ts. */
export interface PlanOrder {
  readonly server: ServerSettings;
  readonly directory: string;
  /** `resume` = go on with what is under way. */
  readonly what: PlanKind | "resume" | "standing" | "plan";
  readonly kind: PlanKind;
  /** Kill this process at the nth point (1-based), counting both sides of every journal write and every program run. */
  readonly killAt: number | null;
  /** Cancel when this step has begun. */
  readonly cancelAt: string | null;
  readonly liveAnswers: boolean;
  readonly hasSystemd: boolean;
}

/** Where scripts of a test find the process to kill. */
const pidFile = "executor.pid";

const order = JSON.parse(process.argv[2] ?? "") as PlanOrder;
let points = 0;
await writeFile(join(order.directory, pidFile), String(process.pid));

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function point(): void {
  points += 1;
  if (points === order.killAt) process.kill(process.pid, "SIGKILL");
}

function watched(journal: Journal): Journal {
  return {
    get state() {
      return journal.state;
    },
    async append(record) {
      point();
      await journal.append(record);
      point();
    },
  };
}

function counted(run: RunProgram): RunProgram {
  return async (call) => {
    const end = await run(call);
    point();
    return end;
  };
}

const abort = new AbortController();
const runner = createTakeoverRunner(
  {
    projectFile: `${order.directory}/redundancymaster.xml`,
    stateDirectory: `${order.directory}/state`,
    report: () => undefined,
    clock: { nowMs: () => performance.now(), wallMs: () => Date.now() },
    replication: {
      stop: () => Promise.resolve(),
      toLive: (_server, onProgress) => {
        onProgress(50, "half");
        return Promise.resolve();
      },
    },
    askLive: () => Promise.resolve(order.liveAnswers),
  },
  { journal: watched, programs: counted, hasSystemd: order.hasSystemd },
);

const options = {
  reason: "a test",
  signal: abort.signal,
  onProgress: (progress: { readonly name: string }) => {
    say({ progress });
    if (progress.name === order.cancelAt) abort.abort();
  },
};

switch (order.what) {
  case "standing":
    say({ standing: await runner.standing(order.server) });
    break;
  case "plan":
    say({ plan: await runner.plan(order.server, order.kind) });
    break;
  case "resume":
    say({ result: await runner.resume(order.server, options) });
    break;
  case "takeover":
  case "failback":
  case "test":
    say({ result: await runner.run(order.server, order.what, options) });
    break;
}
say({ points });
// What still repeats that an address has moved is not waited for.
process.stdout.write("", () => process.exit(0));
