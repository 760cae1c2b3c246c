import type { Health } from "../core/state.ts";
import type { DiagnosticRecord, Severity } from "./event.ts";
import { serverEvents } from "./server-catalogue.ts";

export type EventCode = DiagnosticRecord["kind"];
export type RecordOf<Code extends EventCode> = Extract<DiagnosticRecord, { readonly kind: Code }>;

/** What is known of one kind of event before it happens. */
export interface EventDefinition<Code extends EventCode = EventCode> {
  /** Fixed, or decided by the record where the same event can be good or bad news. */
  readonly severity: Severity | ((record: RecordOf<Code>) => Severity);
  /** Part of the seed's list of runtime events, with the seed's severity. */
  readonly seed: boolean;
  /** What happened and what follows from it, for the documentation. */
  readonly description: string;
}

export type EventCatalogue = { readonly [Code in EventCode]: EventDefinition<Code> };

const healthSeverity: Readonly<Record<Health, Severity>> = {
  unknown: "information",
  ok: "information",
  suspect: "warning",
  failed: "error",
};

/**
 * Every event Understudy can record. The mapped type makes a record kind without an entry a compile error.
 * Severities of the seed's events are the seed's (Runtime Diagnostics: Informational, Error).
 */
export const eventCatalogue: EventCatalogue = Object.freeze<EventCatalogue>({
  connected: {
    severity: "information",
    seed: true,
    description: "The broker has connected to the server on this machine.",
  },
  disconnected: {
    severity: "information",
    seed: true,
    description:
      "The broker itself closed the connection to the server on this machine: the pair was disabled, its settings changed, or a failed connection was cleared away.",
  },
  connectFailed: {
    severity: "error",
    seed: true,
    description:
      "The server on this machine could not be connected. Attempts go on; the event comes once, on the first failed attempt or when a connected server is lost.",
  },
  statusQueryFailed: {
    severity: "error",
    seed: true,
    description:
      "A connected server left as many status queries unanswered as its settings allow. Communication counts as lost, the other member takes over where it can, and reconnection starts.",
  },
  shutdownReceived: {
    severity: "information",
    seed: true,
    description:
      "The server announced that it shuts down (stopped by a user, end of a demonstration period, machine going down). The other member takes over where it can.",
  },
  monitorItemAddFailed: {
    severity: "error",
    seed: true,
    description:
      "The server did not accept a monitor item. The item counts as in error on this member until it can be added.",
  },
  monitorItemArrayData: {
    severity: "error",
    seed: true,
    description:
      "A monitor item with the trigger 'specific value' delivered an array. Arrays cannot be compared with the trigger data; choose another item or another trigger.",
  },
  monitorTestInError: {
    severity: "error",
    seed: true,
    description:
      "As many monitor items as the failure count are in error on this member. Comes once, when the test goes from passed to failed.",
  },
  monitorTestPassed: {
    severity: "information",
    seed: true,
    description:
      "Fewer monitor items than the failure count are in error on this member. Comes once, on the first test or when the test goes from failed to passed.",
  },
  promoted: {
    severity: "information",
    seed: true,
    description:
      "This member now serves the clients. The message names the one cause of the change, its first sign, and the time the change took.",
  },
  connectionLost: {
    severity: "error",
    seed: false,
    description:
      "The connection to the server on this machine broke. The other member takes over where it can, and reconnection starts.",
  },
  healthChanged: {
    severity: (record) => healthSeverity[record.to],
    seed: false,
    description:
      "The member's health, judged by its status queries, went from one of unknown, ok, suspect, failed to another. Severity follows the new health.",
  },
  watchdogPeriodRaised: {
    severity: "information",
    seed: false,
    description:
      "The period of a 'no change' trigger was shorter than twice the item's update rate and is used as twice the update rate.",
  },
  promotionFailed: {
    severity: "error",
    seed: false,
    description: "A member was to become active and did not.",
  },
  nothingActive: {
    severity: "error",
    seed: false,
    description:
      "No member serves the clients. They see bad quality and Bad status codes until a member can be promoted.",
  },
  switchRefused: {
    severity: "warning",
    seed: false,
    description: "An operator's command was not carried out; the message says why.",
  },
  switchHeldDown: {
    severity: "warning",
    seed: false,
    description:
      "An automatic switchover waits because the minimum time between two switchovers has not passed.",
  },
  switchLocked: {
    severity: "error",
    seed: false,
    description:
      "The pair has used up its automatic switchovers for the window. It stays as it is until an operator switches it over.",
  },
  lockedByFailure: {
    severity: "error",
    seed: false,
    description:
      "A change of the active member did not work, and automatic ones are locked until an operator acts.",
  },
  switchUnlocked: {
    severity: "information",
    seed: false,
    description: "Automatic switchovers are possible again.",
  },
  approvalNeeded: {
    severity: "warning",
    seed: false,
    description: "A switchover waits for an operator: `understudy approve <pair>`.",
  },
  approvalWithdrawn: {
    severity: "information",
    seed: false,
    description: "A switchover that waited for an operator is no longer needed.",
  },
  suspended: {
    severity: "warning",
    seed: false,
    description:
      "An operator suspended automatic switchovers; the pair is not protected until it is resumed.",
  },
  resumed: {
    severity: "information",
    seed: false,
    description: "An operator resumed automatic switchovers.",
  },
  enabled: {
    severity: "information",
    seed: false,
    description: "The pair was enabled on this machine.",
  },
  disabled: {
    severity: "information",
    seed: false,
    description: "The pair was disabled on this machine; its clients are disconnected.",
  },
  settingsApplied: {
    severity: "information",
    seed: false,
    description: "Changed settings of the pair are in force.",
  },
  brokerStarted: {
    severity: "information",
    seed: false,
    description: "The broker process has started.",
  },
  brokerStopped: {
    severity: "information",
    seed: false,
    description: "The broker process ends in good order.",
  },
  brokerFailed: {
    severity: "error",
    seed: false,
    description:
      "An internal error ends the broker process with a non-zero exit code, so that a service manager starts it again. Please report it with the stack from the log.",
  },
  logFailed: {
    severity: "error",
    seed: false,
    description:
      "The log file cannot be written (disk full, missing rights). The broker goes on, keeps its events in memory and tries the file again from time to time.",
  },
  logRecovered: {
    severity: "information",
    seed: false,
    description: "The log file is written again; the message says how many lines are missing from it.",
  },
  journalFailed: {
    severity: "error",
    seed: false,
    description:
      "Events cannot be kept on disk (disk full, missing rights). The broker goes on, keeps them in memory and tries again every few seconds.",
  },
  journalRecovered: {
    severity: "information",
    seed: false,
    description: "Events are kept on disk again, those of the meantime included.",
  },
  notificationFailed: {
    severity: "error",
    seed: false,
    description:
      "Neither the primary nor the secondary mail server took a message, or the broker stopped before one did; it is dropped. `understudy notify test` shows what the servers say. Never sent by e-mail itself.",
  },
  notificationServerChanged: {
    severity: "warning",
    seed: false,
    description:
      "The mail server in use failed and the other one took the message; it stays in use until it fails in turn. Never sent by e-mail itself.",
  },
  consoleListening: {
    severity: "information",
    seed: false,
    description: "The web console can be opened at this address.",
  },
  consoleFailed: {
    severity: "error",
    seed: false,
    description:
      "The web console cannot be reached; most often another program uses its port. The broker itself is not affected.",
  },
  consoleLoginFailed: {
    severity: "warning",
    seed: false,
    description: "Somebody tried to log in to the console with a wrong user name or password.",
  },
  listening: {
    severity: "information",
    seed: false,
    description: "Clients can reach the broker at this address.",
  },
  listenFailed: {
    severity: "error",
    seed: false,
    description:
      "The broker cannot listen at an address; most often another program uses the port. Clients cannot connect there.",
  },
  pipeNotGuarded: {
    severity: "error",
    seed: false,
    description:
      "The access list of the named pipe for OPC DA clients could not be set. The broker's own user and administrators can connect, others cannot.",
  },
  clientConnected: {
    severity: "information",
    seed: false,
    description: "A client has opened a session.",
  },
  clientDisconnected: {
    severity: "information",
    seed: false,
    description: "A client's session has ended.",
  },
  clientRefused: {
    severity: "warning",
    seed: false,
    description:
      "A client was not admitted: unknown endpoint name, untrusted certificate, missing or wrong user, disabled pair.",
  },
  clientSwitched: {
    severity: "information",
    seed: false,
    description:
      "A client's session and subscriptions go on at the newly active member. The message says how many values were delivered after the fact and how many doubles were held back.",
  },
  clientSwitchFailed: {
    severity: "error",
    seed: false,
    description: "A client's session could not be taken over to the newly active member.",
  },
  namespaceMismatch: {
    severity: "error",
    seed: false,
    description:
      "The members' namespace tables differ, so the same NodeId could mean different things. Make the servers' configurations equal, or set namespaceMismatch to warn.",
  },
  projectApplied: {
    severity: "information",
    seed: false,
    description: "A changed project file is in force.",
  },
  internalError: {
    severity: "error",
    seed: false,
    description:
      "A defect in Understudy. A client's request was answered BadInternalError; all else goes on.",
  },
  pairNotStarted: {
    severity: "error",
    seed: false,
    description: "An enabled pair could not be started. The other pairs are not affected.",
  },
  projectRefused: {
    severity: "error",
    seed: false,
    description: "A changed project file is faulty. The settings in force stay.",
  },
  ...serverEvents,
});

/** All codes, the seed's first, in the order of the catalogue. */
export const eventCodes: readonly EventCode[] = Object.freeze(
  (Object.keys(eventCatalogue) as EventCode[]).slice(),
);

/** Severity of one record. */
export function severityOf(record: DiagnosticRecord): Severity {
  return severityBy(record.kind, record as RecordOf<typeof record.kind>);
}

function severityBy<Code extends EventCode>(code: Code, record: RecordOf<Code>): Severity {
  const definition: EventDefinition<Code> = eventCatalogue[code];
  return typeof definition.severity === "function" ? definition.severity(record) : definition.severity;
}
