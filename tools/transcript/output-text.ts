import type { Cause } from "../../src/core/cause.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { CoreRecord } from "../../src/core/record.ts";
import { quote } from "./words.ts";

/** `openLink primary link=1`, `promote secondary switch=9 because linkLost primary since 1200 "cable pulled"`. */
export function writeEffect(effect: Effect): string {
  switch (effect.kind) {
    case "openLink":
    case "closeLink":
    case "subscribe":
    case "unsubscribe":
      return `${effect.kind} ${effect.member} link=${effect.linkId}`;
    case "probe":
      return `probe ${effect.member} link=${effect.linkId} probe=${effect.probeId}`;
    case "addMonitorItems":
    case "removeMonitorItems":
      return `${effect.kind} ${effect.member} link=${effect.linkId} ${effect.items.join(", ")}`;
    case "promote":
    case "demote":
      return `${effect.kind} ${effect.member} switch=${effect.switchId} because ${writeCause(effect.cause)}`;
    case "startTimer":
      return `startTimer ${effect.timer} ${effect.afterMs}`;
    case "stopTimer":
      return `stopTimer ${effect.timer}`;
  }
}

export function writeRecord(record: CoreRecord): string {
  switch (record.kind) {
    case "connected":
    case "monitorTestPassed":
      return `${record.kind} ${record.member}`;
    case "disconnected":
    case "connectFailed":
    case "shutdownReceived":
    case "connectionLost":
    case "promotionFailed":
      return `${record.kind} ${record.member} ${quote(record.detail)}`;
    case "statusQueryFailed":
      return `${record.kind} ${record.member} after ${record.missed} missed`;
    case "monitorItemAddFailed":
      return `${record.kind} ${record.member} ${record.item} ${quote(record.detail)}`;
    case "monitorItemArrayData":
      return `${record.kind} ${record.member} ${record.item}`;
    case "monitorTestInError":
      return `${record.kind} ${record.member} ${record.items.join(", ")}`;
    case "promoted": {
      const from = record.from === null ? "nothing" : record.from;
      return `promoted ${record.member} from ${from} in ${record.tookMs} ms because ${writeCause(record.cause)}`;
    }
    case "healthChanged":
      return `healthChanged ${record.member} from ${record.from} to ${record.to}`;
    case "watchdogPeriodRaised":
      return `watchdogPeriodRaised ${record.item} from ${record.fromMs} to ${record.toMs}`;
    case "nothingActive":
      return `nothingActive from ${record.from} because ${writeCause(record.cause)}`;
    case "switchRefused":
      return `switchRefused to ${record.to}: ${record.why} ${quote(record.reason)}`;
    case "switchHeldDown":
      return `switchHeldDown to ${record.to} for ${record.forMs} because ${writeCause(record.cause)}`;
    case "switchLocked": {
      const budget = `${record.switchovers} in ${record.windowMs}`;
      return `switchLocked to ${record.to} after ${budget} because ${writeCause(record.cause)}`;
    }
    case "approvalNeeded":
      return `approvalNeeded to ${record.to} because ${writeCause(record.cause)}`;
    case "lockedByFailure":
      return `lockedByFailure to ${record.to}`;
    case "approvalWithdrawn":
      return `approvalWithdrawn to ${record.to}`;
    case "switchUnlocked":
    case "suspended":
    case "resumed":
    case "enabled":
    case "disabled":
      return `${record.kind} ${quote(record.reason)}`;
    case "settingsApplied":
      return record.kind;
  }
}

export function writeCause(cause: Cause): string {
  switch (cause.kind) {
    case "startup":
      return cause.kind;
    case "linkLost":
    case "connectFailed":
    case "shutdown":
    case "promotionFailed":
      return `${cause.kind} ${cause.member} since ${cause.sinceMs} ${quote(cause.detail)}`;
    case "statusQuery":
      return `${cause.kind} ${cause.member} since ${cause.sinceMs}, ${cause.missed} missed`;
    case "monitorItems":
      return `${cause.kind} ${cause.member} since ${cause.sinceMs}: ${cause.items.join(", ")}`;
    case "preferPrimary":
    case "onlyAvailable":
      return `${cause.kind} since ${cause.sinceMs}`;
    case "operator":
      return `operator${cause.forced ? " (forced)" : ""} ${quote(cause.reason)}`;
  }
}
