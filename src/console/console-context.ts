import type { BrokerApi } from "../control/broker-api.ts";
import type { ServersApi } from "../control/servers-api.ts";
import type { DiagnosticEvent, ReportEvent } from "../diagnostics/event.ts";
import type { Journal } from "../diagnostics/journal.ts";
import type { History } from "./history.ts";
import type { Metrics } from "./metrics.ts";
import type { LoginLimiter } from "./security/login-limiter.ts";
import type { Sessions } from "./security/sessions.ts";
import type { ConsoleUsers } from "./security/users.ts";
import type { StatusWatch } from "./status-watch.ts";

/** What the console is given by the process it runs in. */
export interface ConsoleParts {
  readonly api: BrokerApi;
  /** The protected servers. */
  readonly servers: ServersApi;
  readonly journal: Journal;
  readonly report: ReportEvent;
  readonly projectFile: string;
  readonly stateDirectory: string;
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Folder of the built pages; may be missing. */
  readonly pagesFolder: string;
  readonly onInternalError: (error: unknown) => void;
}

/** How the console is reached. */
export interface ConsoleSettings {
  readonly host: string;
  /** 0 = any that is free. */
  readonly port: number;
  /** PEM texts; null = no TLS. */
  readonly tls: { readonly certificate: string; readonly key: string } | null;
}

/** What the routes share. */
export interface ConsoleContext extends ConsoleParts {
  readonly settings: ConsoleSettings;
  readonly users: ConsoleUsers;
  readonly sessions: Sessions;
  readonly limiter: LoginLimiter;
  readonly watch: StatusWatch;
  readonly history: History;
  readonly metrics: Metrics;
}

export type EventListener = (event: DiagnosticEvent) => void;
