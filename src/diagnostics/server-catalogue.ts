import type { Severity } from "./event.ts";
import type { ServerRecord, ServerRecordKind } from "./server-record.ts";

interface ServerEventDefinition<Code extends ServerRecordKind> {
  readonly severity: Severity | ((record: Extract<ServerRecord, { readonly kind: Code }>) => Severity);
  readonly seed: false;
  readonly description: string;
}

interface PlainDefinition {
  readonly severity: Severity;
  readonly seed: false;
  readonly description: string;
}

function event(severity: Severity, description: string): PlainDefinition {
  return Object.freeze({ severity, seed: false, description });
}

/** The events of protected servers, a part of the event catalogue. */
export const serverEvents: { readonly [Code in ServerRecordKind]: ServerEventDefinition<Code> } =
  Object.freeze<{ readonly [Code in ServerRecordKind]: ServerEventDefinition<Code> }>({
    serverWatched: event("information", "The protected server is watched and replicated from now on."),
    serverNotWatched: event(
      "information",
      "The protected server is neither watched nor replicated any more.",
    ),
    serverNotStarted: event(
      "error",
      "An enabled protected server could not be started; it is not protected. The others are not affected.",
    ),
    serverSuspended: event(
      "warning",
      "An operator suspended the watch over a server for maintenance: it is not failed over, its files are not copied; its databases still are.",
    ),
    serverStopped: event(
      "warning",
      "An operator stopped the watch over a server for maintenance: it is not failed over, and nothing is copied.",
    ),
    serverResumed: event("information", "The server is watched again; its copies are brought up to date."),
    serverSuspect: event(
      "warning",
      "The server has missed as many rounds of probes as the failure count for the warning e-mail.",
    ),
    serverWell: event("information", "The server answers (again)."),
    serverFailed: event(
      "error",
      "The server has missed as many rounds of probes as the failure count for failover. This machine takes over its role if it can.",
    ),
    serverCutOff: event(
      "error",
      "The server does not answer, but no witness does either: this machine is cut off from the network, and nobody is failed over.",
    ),
    serverReachableAgain: event("information", "The server or a witness answers again; the watch goes on."),
    serverProbeUndecided: event(
      "error",
      "The probes cannot tell whether the server serves (a program is missing, a command says so). It counts neither as well nor as failed.",
    ),
    takeoverNeedsApproval: event(
      "warning",
      "The takeover of a failed server waits for an operator: `understudy failover approve <server>`.",
    ),
    takeoverApprovalWithdrawn: event(
      "information",
      "A takeover that waited for an operator is no longer needed.",
    ),
    takeoverStarted: event("warning", "This machine begins to take over the role of a server."),
    takeoverDone: event("warning", "This machine stands in for the server."),
    takeoverFailed: event(
      "error",
      "A step of a takeover failed. The message says whether what was done stands or was undone.",
    ),
    takeoverResumed: event("warning", "A plan that the end of this process had broken off is carried on."),
    takeoverLocked: event(
      "error",
      "After a takeover or a failback that failed, none starts by itself until an operator acts.",
    ),
    takeoverUnlocked: event("information", "Takeovers may start by themselves again."),
    takeoverRefused: event("warning", "An operator's command was not carried out; the message says why."),
    takeoverTested: {
      severity: (record) => (record.ok ? "information" : "error"),
      seed: false,
      description: "A takeover was tested, cut off from the network. An error where a step failed.",
    },
    secondServerFailed: event(
      "error",
      "A server has failed while this machine stands in for another one whose takeover would collide with its own. Nobody stands in for it.",
    ),
    failbackStarted: event("information", "The live server begins to get its role back."),
    serverReset: event("information", "The live server has its role again, and is watched as before."),
    failbackFailed: event(
      "error",
      "A step of a failback failed; this machine goes on standing in where it can.",
    ),
    replicationFailed: event(
      "error",
      "A copy could not be brought up to date. It is tried again; the event comes once, at the first failure.",
    ),
    replicationRecovered: event(
      "information",
      "A copy is complete: for the first time since the start, or again after failures.",
    ),
    replicationWarning: event(
      "warning",
      "Something of the original is not in the copy, or not as it should be; the message says what.",
    ),
    replicationDone: event("information", "A whole copy that was asked for is done."),
    dailyReplicationFailed: event("error", "The daily copy of a database failed."),
    replicationRolledBack: event(
      "warning",
      "A copy of a database that failed was undone; the last good one is in its place.",
    ),
  });

const kinds: ReadonlySet<string> = new Set(Object.keys(serverEvents));

export function isServerRecord<T extends { readonly kind: string }>(record: T): record is T & ServerRecord {
  return kinds.has(record.kind);
}
