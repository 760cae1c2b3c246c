import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

/** What a service manager is told of the broker (sd_notify(3)). */
export interface ServiceNotifier {
  /** Clients can connect. `status` is shown by `systemctl status`. */
  ready(status: string): void;
  reloading(): void;
  stopping(): void;
  /**
   * Begins to say that the broker is alive, where the service manager wants to hear it. Each time `isWell` is asked
   * first, and must have answered true; when it does not, or the process hangs, nothing is said and the service
   * manager starts the broker anew.
   */
  watch(isWell: () => Promise<boolean>, status: () => Promise<string>): void;
  end(): void;
}

export interface NotifierOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /** Sends one message; rejects where that is not possible. */
  readonly send: (assignments: readonly string[]) => Promise<void>;
  readonly onError: (error: Error) => void;
}

const silent: ServiceNotifier = Object.freeze({
  ready: () => undefined,
  reloading: () => undefined,
  stopping: () => undefined,
  watch: () => undefined,
  end: () => undefined,
});

/** A notifier for this process; one that says nothing where no service manager has asked for it. */
export function serviceNotifier(options: NotifierOptions): ServiceNotifier {
  const { NOTIFY_SOCKET: socket } = options.environment;
  if (socket === undefined || socket === "") return silent;
  let tail: Promise<void> = Promise.resolve();
  let hasComplained = false;
  let timer: NodeJS.Timeout | null = null;
  let shown = "";
  /** One after another: READY=1 must not overtake RELOADING=1. */
  const send = (...assignments: readonly string[]): Promise<void> => {
    tail = tail
      .then(() => options.send(assignments))
      .catch((error: Error) => {
        if (!hasComplained) options.onError(error);
        hasComplained = true;
      });
    return tail;
  };
  const withStatus = (status: string): string[] => {
    if (status === shown) return [];
    shown = status;
    return [`STATUS=${status.replace(/[\r\n]+/g, " ")}`];
  };
  return {
    ready: (status) => void send("READY=1", ...withStatus(status)),
    reloading: () => void send("RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => void send("STOPPING=1"),
    watch(isWell, status) {
      const intervalMs = watchdogIntervalMs(options);
      if (intervalMs === null) return;
      let isBusy = false;
      const look = async (): Promise<void> => {
        const well = await Promise.race([isWell(), delay(intervalMs, false, { ref: false })]);
        if (well) await send("WATCHDOG=1", ...withStatus(await status()));
      };
      timer = setInterval(() => {
        if (isBusy) return;
        isBusy = true;
        look()
          .catch(() => undefined)
          .finally(() => {
            isBusy = false;
          });
      }, intervalMs);
      timer.unref();
    },
    end() {
      if (timer !== null) clearInterval(timer);
      timer = null;
    },
  };
}

/** A third of the time after which the service manager loses patience, in ms; null = it wants to hear nothing. */
function watchdogIntervalMs({ environment, pid }: NotifierOptions): number | null {
  const { WATCHDOG_USEC: microseconds, WATCHDOG_PID: watched } = environment;
  const us = Number(microseconds ?? "");
  if (!(us > 0) || (watched !== undefined && watched !== String(pid))) return null;
  return Math.max(100, Math.floor(us / 3000));
}

/** Longest time for one message, in ms. */
const sendTimeoutMs = 5000;

/**
 * Sends by systemd's own program: Node.js has no datagram sockets of the local kind, and a message is rare enough for
 * a process of its own. The unit must say NotifyAccess=all.
 */
export function sendBySystemdNotify(assignments: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("systemd-notify", ["--no-block", ...assignments], {
      stdio: "ignore",
      timeout: sendTimeoutMs,
    });
    child.once("error", (error) => reject(new Error(`systemd-notify cannot be started: ${error.message}`)));
    child.once("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`systemd-notify ended with ${code ?? "a signal"}`));
    });
  });
}
