import { onAddItemsTimer, onWatchdog } from "./items.ts";
import { onForget } from "./link-plan.ts";
import { onConnectTimeout } from "./links.ts";
import { onProbeTimeout, sendProbe } from "./probes.ts";
import { onSubscribeTimeout } from "./subscriptions.ts";
import { onPromoteTimeout } from "./switching.ts";
import type { TimerId } from "./timer.ts";
import { dueMsOf, effect, forgetTimer, parseTimer, type Turn } from "./turn.ts";

/** A timer that fires before its time (an older one, or a hasty clock) is set again for the rest. */
export function onTimerFired(turn: Turn, timer: TimerId): void {
  const dueMs = dueMsOf(turn, timer);
  if (dueMs === undefined) return;
  if (turn.now < dueMs) {
    effect(turn, { kind: "startTimer", timer, afterMs: dueMs - turn.now });
    return;
  }
  forgetTimer(turn, timer);
  const [name, role, item] = parseTimer(timer);
  if (role === null) {
    if (name === "promoteTimeout") onPromoteTimeout(turn);
    // holdDown only bring about a new election.
    return;
  }
  switch (name) {
    case "connectTimeout":
      onConnectTimeout(turn, role);
      break;
    case "probe":
      sendProbe(turn, role);
      break;
    case "probeTimeout":
      onProbeTimeout(turn, role);
      break;
    case "subscribeTimeout":
      onSubscribeTimeout(turn, role);
      break;
    case "addItems":
      onAddItemsTimer(turn, role);
      break;
    case "watchdog":
      onWatchdog(turn, role, item);
      break;
    case "forget":
      onForget(turn, role);
      break;
    default:
      // reconnect and stable:primary only bring about new links or a new election.
      break;
  }
}
