import type { Cause } from "../core/cause.ts";
import type { RefusalKind } from "../core/record.ts";
import type { Role } from "../core/role.ts";
import { duration } from "./duration.ts";
import type { DiagnosticRecord, EventContext } from "./event.ts";
import { isServerRecord } from "./server-catalogue.ts";
import { serverMessageOf } from "./server-message.ts";

/** The sentence for people, made from a record and its context. `nowMs` is in the core's time base. */
export function messageOf(record: DiagnosticRecord, context: EventContext, nowMs: number): string {
  const server = `'${context.server ?? context.pair ?? "unknown"}'`;
  const pair = `'${context.pair ?? context.server ?? "unknown"}'`;
  const on = (role: Role): string => `${role} machine '${context.machine ?? "unknown"}'`;
  const client = context.client === null ? "a client" : `client '${context.client}'`;
  const because = (cause: Cause): string => describeCause(cause, nowMs);

  if (isServerRecord(record)) return serverMessageOf(record, context.pair ?? "unknown");
  switch (record.kind) {
    case "connected":
      return `Connected to ${server} on ${on(record.member)}.`;
    case "disconnected":
      return `Disconnected from ${server} on ${on(record.member)}${after(record.detail)}.`;
    case "connectFailed":
      return `Failed to connect to ${server} on ${on(record.member)}${after(record.detail)}. Attempts go on.`;
    case "statusQueryFailed":
      return `Unable to retrieve status for server ${server} on ${on(record.member)}: ${missed(record.missed)}. Communication with the server is lost.`;
    case "shutdownReceived":
      return `Received shutdown notification from server ${server} on ${on(record.member)}${after(record.detail)}.`;
    case "monitorItemAddFailed":
      return `Monitor item '${record.item}' could not be added for ${server} on ${on(record.member)} and counts as in error${after(record.detail)}.`;
    case "monitorItemArrayData":
      return `Monitor item '${record.item}' for ${server} on ${on(record.member)} contains array data, which the trigger 'specific value' cannot test.`;
    case "monitorTestInError":
      return `Monitor item test in error for ${server} on ${on(record.member)}: ${items(record.items)}.`;
    case "monitorTestPassed":
      return `Monitor item test passed for ${server} on ${on(record.member)}.`;
    case "promoted":
      return `Promoted active connection for server ${server} to ${on(record.member)}${record.from === null ? "" : `, away from the ${record.from}`}: ${because(record.cause)}. The change took ${duration(record.tookMs)}.`;
    case "connectionLost":
      return `Lost the connection to ${server} on ${on(record.member)}${after(record.detail)}.`;
    case "healthChanged":
      return `Health of ${server} on ${on(record.member)} is ${record.to} (was ${record.from}).`;
    case "watchdogPeriodRaised":
      return `Monitor item '${record.item}' of ${pair} must be allowed at least twice its update rate between changes: period raised from ${record.fromMs} ms to ${record.toMs} ms.`;
    case "promotionFailed":
      return `Could not promote ${server} on ${on(record.member)}${after(record.detail)}.`;
    case "nothingActive":
      return `No member of ${pair} is active since the ${record.from} was given up: ${because(record.cause)}.`;
    case "switchRefused":
      return `Switchover of ${pair} to the ${record.to} refused: ${describeRefusal(record.why, record.to)}${reason(record.reason)}.`;
    case "switchHeldDown":
      return `Switchover of ${pair} to the ${record.to} is held back for ${duration(record.forMs)} (minimum time between switchovers): ${because(record.cause)}.`;
    case "switchLocked":
      return `Switchover of ${pair} to the ${record.to} is locked: ${record.switchovers} automatic switchovers within ${duration(record.windowMs)} are used up; an operator must switch over. It was due because ${because(record.cause)}.`;
    case "lockedByFailure":
      return `Automatic switchovers of ${pair} are locked, since the one to the ${record.to} did not work; an operator must act.`;
    case "switchUnlocked":
      return `Automatic switchovers of ${pair} are unlocked${reason(record.reason)}.`;
    case "approvalNeeded":
      return `Switchover of ${pair} to the ${record.to} waits for approval: ${because(record.cause)}.`;
    case "approvalWithdrawn":
      return `Switchover of ${pair} to the ${record.to} no longer waits for approval.`;
    case "suspended":
      return `Automatic switchovers of ${pair} are suspended${reason(record.reason)}.`;
    case "resumed":
      return `Automatic switchovers of ${pair} are resumed${reason(record.reason)}.`;
    case "enabled":
      return `Pair ${pair} is enabled${reason(record.reason)}.`;
    case "disabled":
      return `Pair ${pair} is disabled${reason(record.reason)}.`;
    case "settingsApplied":
      return `Changed settings of ${pair} are in force.`;
    case "brokerStarted":
      return `Understudy ${record.version} has started.`;
    case "brokerStopped":
      return `Understudy has stopped${after(record.detail)}.`;
    case "brokerFailed":
      return `Understudy ends because of an internal error${after(record.detail)}.`;
    case "logFailed":
      return `The log file cannot be written${after(record.detail)}. The broker goes on without it.`;
    case "logRecovered":
      return `The log file is written again; ${count(record.lost, "line is", "lines are")} missing from it.`;
    case "journalFailed":
      return `Events cannot be kept on disk${after(record.detail)}. The broker goes on without.`;
    case "journalRecovered":
      return "Events are kept on disk again.";
    case "notificationFailed":
      return `A mail about the event ${record.event}${context.pair === null ? "" : ` of ${pair}`} was dropped, no mail server took it${after(record.detail)}.`;
    case "notificationServerChanged":
      return `Mail goes through the ${record.server} mail server now${after(record.detail)}.`;
    case "consoleListening":
      return `The console is at ${record.url}`;
    case "consoleFailed":
      return `The console cannot be reached${after(record.detail)}. The broker goes on without it.`;
    case "consoleLoginFailed":
      return `Wrong login to the console as '${record.user}' from ${record.address}.`;
    case "listening":
      return `Listening at ${record.url}${context.pair === null ? "" : ` for ${pair}`}.`;
    case "listenFailed":
      return `Cannot listen at ${record.url}${after(record.detail)}.`;
    case "pipeNotGuarded":
      return `Who may connect to ${record.url} could not be set${after(record.detail)}.`;
    case "clientConnected":
      return `${capital(client)} connected to ${pair}.`;
    case "clientDisconnected":
      return `${capital(client)} disconnected from ${pair}${after(record.detail)}.`;
    case "clientRefused":
      return `Refused ${client}${context.pair === null ? "" : ` for ${pair}`}${after(record.detail)}.`;
    case "clientSwitched":
      return `${capital(client)} of ${pair} goes on at the ${on(record.member)} after ${duration(record.tookMs)}: ${count(record.replayed, "value", "values")} delivered after the fact, ${count(record.suppressed, "double", "doubles")} held back.`;
    case "clientSwitchFailed":
      return `${capital(client)} of ${pair} could not be taken over to the ${on(record.member)}${after(record.detail)}.`;
    case "namespaceMismatch":
      return `The namespace table of ${server} on ${on(record.member)} differs from the other member's${after(record.detail)}.`;
    case "projectApplied":
      return record.changed.length === 0
        ? "The project was read again; nothing had changed."
        : `The changed project is in force: ${record.changed.join(", ")}.`;
    case "internalError":
      return `Internal error, please report it: ${sentence(record.detail)}.`;
    case "pairNotStarted":
      return `Pair '${context.pair}' could not be started: ${sentence(record.detail)} (${record.code}).`;
    case "projectRefused":
      return `The changed project was refused and the settings in force stay: ${sentence(record.detail)} (${record.code}).`;
    default:
      return unknownRecord(record);
  }
}

/** Why the active member changed, as the second half of a sentence. */
export function describeCause(cause: Cause, nowMs: number): string {
  switch (cause.kind) {
    case "startup":
      return "first member available after the pair was enabled";
    case "linkLost":
      return `the connection to the ${cause.member} broke${bracket(cause.detail, ago(cause.sinceMs, nowMs))}`;
    case "connectFailed":
      return `the ${cause.member} could not be connected${bracket(cause.detail, ago(cause.sinceMs, nowMs))}`;
    case "statusQuery":
      return `${missed(cause.missed)} by the ${cause.member}${bracket(ago(cause.sinceMs, nowMs))}`;
    case "shutdown":
      return `the ${cause.member} announced its shutdown${bracket(cause.detail, ago(cause.sinceMs, nowMs))}`;
    case "monitorItems":
      return `monitor items in error on the ${cause.member}: ${items(cause.items)}${bracket(ago(cause.sinceMs, nowMs))}`;
    case "promotionFailed":
      return `the ${cause.member} could not be promoted${bracket(cause.detail, ago(cause.sinceMs, nowMs))}`;
    case "preferPrimary":
      return `the primary is available again and preferred${bracket(ago(cause.sinceMs, nowMs))}`;
    case "onlyAvailable":
      return `it is the only member available${bracket(ago(cause.sinceMs, nowMs))}`;
    case "operator":
      return `an operator asked for it${cause.forced ? ", forced" : ""}${reason(cause.reason)}`;
    default:
      return unknownRecord(cause);
  }
}

/** Why an operator's command was refused, and what would help. */
export function describeRefusal(why: RefusalKind, to: Role): string {
  switch (why) {
    case "disabled":
      return "the pair is disabled; enable it first";
    case "alreadyActive":
      return `the ${to} is active already`;
    case "notLinked":
      return `the ${to} is not connected`;
    case "knownWorse":
      return `the ${to} is known to be in a worse state; use force to switch over all the same`;
    case "switchInProgress":
      return "a switchover is in progress";
    case "nothingToApprove":
      return "no switchover waits for approval";
    default:
      return unknownRecord(why);
  }
}

/** Only reached with data from a newer version (a preserved journal, another process). */
function unknownRecord(record: never): string {
  return `Unknown event ${JSON.stringify(record)}`;
}

function after(detail: string): string {
  return detail === "" ? "" : `: ${sentence(detail)}`;
}

function reason(text: string): string {
  return text === "" ? "" : ` (reason: ${sentence(text)})`;
}

function bracket(...parts: readonly string[]): string {
  const present = parts.filter((part) => part !== "").map(sentence);
  return present.length === 0 ? "" : ` (${present.join("; ")})`;
}

/** Without the full stop that the message sets itself. */
function sentence(text: string): string {
  return text.replace(/[.\s]+$/, "");
}

function ago(sinceMs: number, nowMs: number): string {
  const ageMs = nowMs - sinceMs;
  return ageMs >= 0 ? `first sign ${duration(ageMs)} before` : "";
}

function missed(times: number): string {
  return times === 1
    ? "a status query was not answered"
    : `${times} status queries in a row were not answered`;
}

function items(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(", ");
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
