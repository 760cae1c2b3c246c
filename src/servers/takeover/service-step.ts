import { setTimeout as delay } from "node:timers/promises";
import { UnderstudyError } from "../../core/error.ts";
import type { ProbeSettings, ServerSettings, ServiceSettings } from "../../project/server.ts";
import { limitOf } from "../plan/limit.ts";
import type { Step, StepIo } from "../plan/step.ts";
import { commandText, runJob } from "./command-step.ts";
import type { StepTools } from "./step-tools.ts";

/** Pause between two questions whether a service answers, in ms. */
const askAgainMs = 50;
/** Most time for stopping where nothing else is said, and beyond a command's own limit, in ms. */
const stopLimitMs = 60_000;

/** Starts a service and waits until it answers. Undone, it is stopped, unless it ran before. */
export function serviceStep(
  name: string,
  service: ServiceSettings,
  server: ServerSettings,
  tools: StepTools,
): Step {
  const commandMs = Math.max(service.start?.timeout ?? 0, service.stop?.timeout ?? 0);
  const isOutOfReach = tools.kind === "test" && service.unit !== null;
  return {
    name,
    weight: 10,
    timeoutMs: service.timeout + commandMs + stopLimitMs,
    mayFail: false,
    interruptible: false,
    reverses: null,
    describe: () =>
      isOutOfReach
        ? `leave ${service.unit} alone: systemd would start it outside of the test`
        : `start ${service.name} (${startText(service)})${readinessText(service.readiness)}`,
    prepare: () => Promise.resolve(null),
    check: async (io) => isOutOfReach || (await isRunning(service, tools, io)),
    do: async (io) => {
      await start(service, server, name, tools, io);
      return service.readiness === null ? "started" : await awaitReady(service, service.readiness, tools, io);
    },
    undo: (io) => stop(service, server, name, tools, io),
  };
}

function startText({ unit, start }: ServiceSettings): string {
  return unit ?? (start === null ? "nothing to start" : commandText(start));
}

function readinessText(readiness: ProbeSettings | null): string {
  return readiness === null ? "" : " and wait until it answers";
}

/** What has no way to show itself is taken as not running. */
async function isRunning(service: ServiceSettings, tools: StepTools, io: StepIo): Promise<boolean> {
  if (service.unit !== null && !(await isActive(service.unit, tools, io))) return false;
  if (service.readiness !== null) return (await tools.askService(service.readiness, io.signal)).isReady;
  return service.unit !== null;
}

async function isActive(unit: string, tools: StepTools, io: StepIo): Promise<boolean> {
  const { code } = await systemctl(["is-active", "--quiet", unit], stopLimitMs, tools, io);
  return code === 0;
}

async function start(
  service: ServiceSettings,
  server: ServerSettings,
  step: string,
  tools: StepTools,
  io: StepIo,
): Promise<void> {
  if (service.start !== null) {
    await runJob(service.start, step, server, tools, io);
    return;
  }
  if (service.unit === null) return;
  const { code, complaint } = await systemctl(["start", service.unit], service.timeout, tools, io);
  if (code !== 0) throw new UnderstudyError("SERVICE_NOT_STARTED", `${service.unit}: ${complaint}`);
}

async function awaitReady(
  service: ServiceSettings,
  readiness: ProbeSettings,
  tools: StepTools,
  io: StepIo,
): Promise<string> {
  const limit = limitOf(io.signal, service.timeout);
  const { signal } = limit;
  let last = "it was not asked";
  while (!signal.aborted) {
    const { isReady, detail } = await tools.askService(readiness, signal);
    if (isReady) {
      limit.end();
      return `started; it answers (${detail})`;
    }
    if (!signal.aborted) last = detail;
    await delay(askAgainMs, undefined, { signal }).catch(() => undefined);
  }
  limit.end();
  throw new UnderstudyError(
    "SERVICE_NOT_READY",
    `${service.name} was started and did not answer within ${service.timeout} ms (${last})`,
  );
}

async function stop(
  service: ServiceSettings,
  server: ServerSettings,
  step: string,
  tools: StepTools,
  io: StepIo,
): Promise<string> {
  if (service.unit !== null) {
    const { code, complaint } = await systemctl(["stop", service.unit], stopLimitMs, tools, io);
    if (code !== 0) throw new UnderstudyError("SERVICE_NOT_STOPPED", `${service.unit}: ${complaint}`);
    return `stopped ${service.unit}`;
  }
  if (service.stop === null) return "there is no command to stop it: it goes on";
  try {
    await runJob(service.stop, step, server, tools, io);
    return `stopped ${service.name}`;
  } catch (error) {
    // A service that could not be started cannot always be stopped; what counts is that it does not answer.
    if (service.readiness === null || io.signal.aborted) throw error;
    const { isReady, detail } = await tools.askService(service.readiness, io.signal);
    if (isReady) throw error;
    return `its stop command failed, but ${service.name} does not answer (${detail})`;
  }
}

async function systemctl(
  args: readonly string[],
  timeoutMs: number,
  tools: StepTools,
  io: StepIo,
): Promise<{ readonly code: number | null; readonly complaint: string }> {
  if (!tools.hasSystemd) {
    throw new UnderstudyError(
      "SYSTEMD_NOT_RUNNING",
      `systemctl ${args.join(" ")}: systemd does not run on this machine; give the service a start and a stop command instead of a unit`,
    );
  }
  return tools.runOutside({ program: "systemctl", args, timeoutMs, signal: io.signal });
}
