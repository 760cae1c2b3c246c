import type { Policy } from "../../core/policy.ts";
import type { ServerSettings } from "../../project/server.ts";

/** The core's own time limits are for a host that hangs; rounds of probes and plans end by themselves before. */
const reserveMs = 5_000;
const planReserveMs = 60_000;

/**
 * The failover core's policy of a protected server: the live server is the primary, the stand-in on this machine
 * the secondary. Making one active is a plan that may take long, and is not repeated by itself after a failure.
 */
export function serverPolicy(server: ServerSettings): Policy {
  const { pingInterval, pingTimeout, failover } = server;
  const longestRoundMs = 2 * pingTimeout + reserveMs;
  return Object.freeze<Policy>({
    mode: "warm",
    preferPrimary: failover.automaticallyStopFailover
      ? Object.freeze({ when: "stable", forMs: failover.liveStableFor })
      : Object.freeze({ when: "never" }),
    probe: Object.freeze({
      intervalMs: pingInterval,
      timeoutMs: longestRoundMs,
      suspectIntervalMs: pingInterval,
    }),
    counts: Object.freeze({
      warnAfter: failover.warnAfter,
      failAfter: failover.failAfter,
      failAfterStartup: failover.failAfterStartup,
      recoverAfter: failover.recoverAfter,
    }),
    connectTimeoutMs: longestRoundMs,
    reconnectIntervalMs: pingInterval,
    monitor: Object.freeze({ items: Object.freeze([]), failureCount: 1 }),
    limits: Object.freeze({ minBetweenMs: 0, budget: null }),
    approval: failover.approval,
    bothBad: "stay",
    promoteTimeoutMs: failover.takeoverTimeout + planReserveMs,
    afterFailedPromotion: "lock",
  });
}
