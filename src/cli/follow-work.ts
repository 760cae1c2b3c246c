import { setTimeout as delay } from "node:timers/promises";
import type { ControlClient } from "../control/client.ts";
import type { ServerAnswer, WorkStatus } from "../control/servers-api.ts";
import { UnderstudyError } from "../core/error.ts";
import { answer, type CliContext, type GlobalOptions, withBroker } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { serverAnswerText, stepText, workText } from "./server-text.ts";

const pollMs = 200;

/**
 * Gives an order for a protected server and, unless told not to wait, follows the work begun to its end: progress
 * goes to standard output as lines (with --json as objects `{"work": ...}`), the last one says how it ended.
 */
export async function orderAndFollow(
  { terminal, setExitCode }: CliContext,
  options: GlobalOptions,
  wait: boolean,
  order: (broker: ControlClient) => Promise<ServerAnswer>,
): Promise<void> {
  await withBroker(options, async (broker) => {
    const result = await order(broker);
    await answer(terminal, options, result, () => serverAnswerText(result));
    if (!result.accepted) setExitCode(exitCodes.failed);
    if (result.workId === null || !wait) return;
    const shown = new Set<string>();
    for (;;) {
      const work = await workOf(broker, result.server, result.workId);
      await show(work, shown);
      if (work.outcome !== null) {
        if (work.outcome !== "done") setExitCode(exitCodes.failed);
        return;
      }
      await delay(pollMs);
    }
  });

  async function show(work: WorkStatus, shown: Set<string>): Promise<void> {
    const key = JSON.stringify([work.percent, work.detail, work.outcome]);
    if (shown.has(key)) return;
    shown.add(key);
    if (options.json) {
      await terminal.print(`${JSON.stringify({ work })}\n`);
      return;
    }
    if (options.quiet && work.outcome === null) return;
    await terminal.print(`${workText(work)}\n`);
    if (work.outcome === null || work.outcome === "done") return;
    for (const step of work.steps) {
      await terminal.print(`  ${stepText(step.name, step.outcome, step.detail)}\n`);
    }
  }
}

async function workOf(broker: ControlClient, name: string, id: number): Promise<WorkStatus> {
  const servers = await broker.serverStatus();
  const server = servers.find((each) => each.name === name);
  const work = [server?.work, server?.lastWork].find((each) => each?.id === id);
  if (work) return work;
  throw new UnderstudyError(
    "SERVER_WORK_UNKNOWN",
    `What was begun for ${name} is no longer known; 'understudy events --pair ${name}' says what became of it.`,
  );
}
