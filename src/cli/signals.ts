/** Signals as a broker process understands them. */
export interface Signals {
  /** The name of the first signal that asks the process to end. */
  readonly stop: Promise<NodeJS.Signals>;
  /** Puts the system's own handling back. */
  release(): void;
}

/** Numbers of the signals in exit codes, as shells give them (128 + number). */
const numbers: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 2, SIGBREAK: 21, SIGTERM: 15, SIGHUP: 1 };

/**
 * SIGTERM, SIGINT and on Windows a closed console (SIGHUP) or Ctrl-Break end the process in good order, the
 * second one at once. Elsewhere SIGHUP asks for a reload.
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
  return {
    stop,
    release() {
      for (const signal of stopSignals) process.off(signal, onStop);
      process.off("SIGHUP", onReload);
    },
  };
}
