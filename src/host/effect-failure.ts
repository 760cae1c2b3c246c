import type { Effect } from "../core/effect.ts";
import type { Input } from "../core/input.ts";

/** The input that says an effect did not work; null where the core wants no answer. */
export function failureOf(effect: Effect, detail: string): Input | null {
  switch (effect.kind) {
    case "openLink":
      return { kind: "linkFailed", member: effect.member, linkId: effect.linkId, detail };
    case "probe":
      return { kind: "probeMissed", member: effect.member, probeId: effect.probeId, detail };
    case "subscribe":
      return { kind: "subscribeFailed", member: effect.member, linkId: effect.linkId, detail };
    case "promote":
      return { kind: "promoteFailed", member: effect.member, switchId: effect.switchId, detail };
    case "addMonitorItems":
    case "closeLink":
    case "removeMonitorItems":
    case "unsubscribe":
    case "demote":
    case "startTimer":
    case "stopTimer":
      return null;
  }
}
