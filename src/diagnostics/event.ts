import type { CoreRecord } from "../core/record.ts";
import type { Role } from "../core/role.ts";
import type { CauseLink } from "./cause-chain.ts";
import type { ServerRecord } from "./server-record.ts";

/** Severity of an event; the seed knows `information` and `error`. */
export type Severity = "information" | "warning" | "error";

/** What hosts report beside the core's records: things of one client, the process or the project. */
export type HostRecord =
  | { readonly kind: "brokerStarted"; readonly version: string }
  | { readonly kind: "brokerStopped"; readonly detail: string }
  /** An internal error ends the process; a service manager starts it again. */
  | { readonly kind: "brokerFailed"; readonly detail: string }
  /** The log file cannot be written; the broker goes on without it. */
  | { readonly kind: "logFailed"; readonly detail: string }
  /** The log file is written again; `lost` lines are missing from it. */
  | { readonly kind: "logRecovered"; readonly lost: number }
  /** Events cannot be kept on disk; the broker goes on with those in memory. */
  | { readonly kind: "journalFailed"; readonly detail: string }
  | { readonly kind: "journalRecovered" }
  /** No mail server took a message about that event, or none in time before the broker's end; it is given up. */
  | { readonly kind: "notificationFailed"; readonly event: string; readonly detail: string }
  /** From now on mail goes through the other mail server, since the one in use failed. */
  | {
      readonly kind: "notificationServerChanged";
      readonly server: "primary" | "secondary";
      readonly detail: string;
    }
  | { readonly kind: "consoleListening"; readonly url: string }
  | { readonly kind: "consoleFailed"; readonly detail: string }
  | { readonly kind: "consoleLoginFailed"; readonly user: string; readonly address: string }
  | { readonly kind: "listening"; readonly url: string }
  | { readonly kind: "listenFailed"; readonly url: string; readonly detail: string }
  /** Who may connect to the named pipe for OPC DA proxies could not be set. */
  | { readonly kind: "pipeNotGuarded"; readonly url: string; readonly detail: string }
  | { readonly kind: "clientConnected" }
  | { readonly kind: "clientDisconnected"; readonly detail: string }
  | { readonly kind: "clientRefused"; readonly detail: string }
  | {
      readonly kind: "clientSwitched";
      readonly member: Role;
      readonly replayed: number;
      readonly suppressed: number;
      readonly tookMs: number;
    }
  | { readonly kind: "clientSwitchFailed"; readonly member: Role; readonly detail: string }
  | { readonly kind: "namespaceMismatch"; readonly member: Role; readonly detail: string }
  | { readonly kind: "projectApplied"; readonly changed: readonly string[] }
  | { readonly kind: "internalError"; readonly detail: string }
  | { readonly kind: "pairNotStarted"; readonly code: string; readonly detail: string }
  | { readonly kind: "projectRefused"; readonly code: string; readonly detail: string };

export type DiagnosticRecord = CoreRecord | HostRecord | ServerRecord;

/** One line of the journal: a record with who, where and when. */
export interface DiagnosticEvent {
  /** Increases by one per event within a journal. */
  readonly id: number;
  /** ISO 8601, UTC, ms. */
  readonly time: string;
  readonly severity: Severity;
  /** Stable code of the event catalogue, e.g. `promoted`; the `kind` of the record. */
  readonly code: DiagnosticRecord["kind"];
  /** Name of the pair or protected server; null for events of the broker itself. */
  readonly pair: string | null;
  readonly member: Role | null;
  readonly machine: string | null;
  /** The client process or client application the event is about; null where it is about none. */
  readonly client: string | null;
  /** The sentence for people, made from the record. */
  readonly message: string;
  readonly record: DiagnosticRecord;
  /** Why a switchover happened, waits or failed, newest first; empty for events that have no cause. */
  readonly causes: readonly CauseLink[];
}

/** Context a host adds to a record when it reports it. */
export interface EventContext {
  readonly pair: string | null;
  readonly server: string | null;
  readonly machine: string | null;
  readonly client: string | null;
}

/** Where hosts report to. Never throws, never blocks. */
export type ReportEvent = (record: DiagnosticRecord, context: EventContext) => void;
