import { createInterface } from "node:readline";

/** Signals as a broker process understands them. */
export interface Signals {
  /** The name of the first signal that asks the process to end. */
  readonly stop: Promise<NodeJS.Signals>;
  /** Puts the system's own handling back. */
  release(): void;
}

/** Numbers of the signals in exit codes, as shells give them (128 + number). */
const numbers: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 2, SIGBREAK: 21, SIGTERM: 15, SIGHUP: 1 };

/** Set by the service host of Windows, which has no signals: what it is asked comes as lines of standard input. */
const hostVariable = "UNDERSTUDY_SERVICE_HOST";

/**
 * SIGTERM, SIGINT and on Windows a closed console (SIGHUP) or Ctrl-Break end the process in good order, the
 * second one at once. Elsewhere SIGHUP asks for a reload. Below a service host the lines "stop" and "reload" do the same, and
 * the host's end ends the process.
 */
export function listenToSignals(onReload: () => void): Signals {
  const windows = process.platform === "win32";
  const stopSignals: readonly NodeJS.Signals[] = windows
    ? ["SIGTERM", "SIGINT", "SIGBREAK", "SIGHUP"]
    : ["SIGTERM", "SIGINT"];
  let resolveStop: (signal: NodeJS.Signals) => void = () => undefined;
  const stop = new Promise<NodeJS.Signals>((resolve) => {
    resolveStop = resolve;
  });
  let stopping = false;
  const onStop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(128 + (numbers[signal] ?? 0));
    stopping = true;
    resolveStop(signal);
  };
  for (const signal of stopSignals) process.on(signal, onStop);
  if (!windows) process.on("SIGHUP", onReload);
  const releaseHost = listenToHost(() => onStop("SIGTERM"), onReload);
  return {
    stop,
    release() {
      releaseHost();
      for (const signal of stopSignals) process.off(signal, onStop);
      process.off("SIGHUP", onReload);
    },
  };
}

function listenToHost(onStop: () => void, onReload: () => void): () => void {
  if (process.env[hostVariable] !== "stdin") return () => undefined;
  const lines = createInterface({ input: process.stdin });
  let isReleased = false;
  lines.on("line", (line) => {
    if (line.trim() === "stop") onStop();
    else if (line.trim() === "reload") onReload();
  });
  lines.on("close", () => {
    if (!isReleased) onStop();
  });
  return () => {
    isReleased = true;
    lines.close();
    process.stdin.destroy();
  };
}
