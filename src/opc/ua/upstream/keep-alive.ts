import { readRequest, serverNodes } from "./server-object.ts";
import type { UpstreamSession } from "./upstream-session.ts";

/** A request per third of the session timeout keeps a session even if one of them is lost. */
const requestsPerTimeout = 3;
const shortestIntervalMs = 100;

/**
 * Keeps a session from timing out on the server: reads ServerStatus.State whenever nothing was sent for a
 * third of the revised timeout. The answer does not matter here; a lost session reports itself.
 * Ends with the session, or when the returned function is called.
 */
export function keepAlive(session: UpstreamSession): () => void {
  const intervalMs = Math.max(shortestIntervalMs, session.revisedSessionTimeoutMs / requestsPerTimeout);
  let timer: NodeJS.Timeout | null = null;
  const schedule = (): void => {
    const dueInMs = Math.max(1, intervalMs - session.idleMs);
    timer = setTimeout(() => {
      timer = null;
      if (!session.isOpen) return;
      if (session.idleMs >= intervalMs - 1)
        session.send(readRequest([serverNodes.state]), intervalMs, () => {});
      schedule();
    }, dueInMs);
    // The connection itself keeps the process alive for as long as there is something to keep.
    timer.unref();
    timer.unref();
  };
  schedule();
  return () => {
    if (timer) clearTimeout(timer);
    timer = null;
  };
}
