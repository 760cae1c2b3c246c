import type { CommandSettings, ServerSettings } from "../../project/server.ts";
import { completeBefore, type Step, type StepIo } from "../plan/step.ts";
import type { StepTools } from "./step-tools.ts";

/** Time beyond a command's own limit for it to be killed, in ms. */
const killMs = 5000;

export interface CommandStep {
  readonly name: string;
  /** What the command is for, e.g. `fence the live server`. */
  readonly purpose: string;
  readonly command: CommandSettings;
  readonly mayFail: boolean;
}

/** Runs a command of the project once. There is no undoing it: what it did is the business of another command. */
export function commandStep(of: CommandStep, server: ServerSettings, tools: StepTools): Step {
  const { name, purpose, command, mayFail } = of;
  return {
    name,
    weight: 2,
    timeoutMs: command.timeout + killMs,
    mayFail,
    interruptible: false,
    reverses: null,
    describe: () => `${purpose}: ${commandText(command)}`,
    prepare: () => Promise.resolve(null),
    check: completeBefore,
    do: async (io) => `${command.program} ended well${colon(await runJob(command, name, server, tools, io))}`,
    undo: () => Promise.resolve("a command cannot be undone"),
  };
}

/** Runs a command with what scripts are told of the plan. */
export function runJob(
  command: CommandSettings,
  step: string,
  server: ServerSettings,
  tools: StepTools,
  io: StepIo,
): Promise<string> {
  return tools.jobs.run({
    id: io.attempt,
    command,
    environment: commandEnvironment(server, tools, step),
    signal: io.signal,
  });
}

/** The variables of the environment that docs/takeover-plan.md promises to commands. */
export function commandEnvironment(
  server: ServerSettings,
  { kind, reason }: Pick<StepTools, "kind" | "reason">,
  step: string,
): Readonly<Record<string, string>> {
  return {
    UNDERSTUDY_SERVER: server.name,
    UNDERSTUDY_PLAN: kind,
    UNDERSTUDY_STEP: step,
    UNDERSTUDY_REASON: reason,
    UNDERSTUDY_LIVE_ADDRESS: server.address,
    UNDERSTUDY_MAINTENANCE_ADDRESS: server.maintenanceAddress ?? "",
    UNDERSTUDY_ADDRESSES: server.takeover.addresses.map(({ address }) => address).join(" "),
  };
}

export function commandText({ program, arguments: args }: CommandSettings): string {
  return [program, ...args.map((text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : JSON.stringify(text)))].join(
    " ",
  );
}

function colon(text: string): string {
  return text === "" ? "" : `: ${text}`;
}
