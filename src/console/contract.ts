import type {
  BrowsedItem,
  FoundEndpoint,
  FoundProgId,
  PairStatus,
  ReloadAnswer,
} from "../control/broker-api.ts";
import type { ServerStatus } from "../control/servers-api.ts";
import type { Role } from "../core/role.ts";
import type { Health, Link } from "../core/state.ts";
import type { DiagnosticEvent } from "../diagnostics/event.ts";
import type { MailTest } from "../notify/test-mail.ts";
import type { ProjectChanges } from "../project/difference-text.ts";
import type { Project } from "../project/project.ts";

// What console and browser say to each other (docs/http-api.md). Types only: the pages are built from them, too.

/** Every error, whatever its HTTP status. */
export interface ErrorAnswer {
  readonly code: string;
  readonly message: string;
}

/** `GET /api/v1/session` */
export interface SessionAnswer {
  /** null = nobody is logged in. */
  readonly user: string | null;
  /** Goes into the header `x-csrf-token` of every change. */
  readonly csrfToken: string;
  /** Whether there is anybody who could log in. */
  readonly hasUsers: boolean;
}

/** A pair as the console shows it. */
export interface ConsolePair extends PairStatus {
  readonly valuesPerSecond: number;
}

/** `GET /api/v1/status`, and the event `status` of the stream */
export interface StatusAnswer {
  readonly broker: {
    readonly version: string;
    readonly startedAt: string;
    readonly projectFile: string;
    /** Changes with every change of the project file; the `If-Match` of a save. */
    readonly projectVersion: string;
  };
  readonly pairs: readonly ConsolePair[];
  /** The protected servers; orders to them are `POST /api/v1/servers/{name}/...`. */
  readonly servers: readonly ServerStatus[];
}

/** Event `events` of the stream: what happened since the one before, oldest first. */
export interface EventBatch {
  readonly events: readonly DiagnosticEvent[];
  /** Events that came faster than they could be sent. */
  readonly missed: number;
}

/** `GET /api/v1/events` */
export interface EventsAnswer {
  readonly events: readonly DiagnosticEvent[];
}

/** `GET /api/v1/pairs/{name}/history` */
export interface HistoryAnswer {
  readonly switches: readonly {
    readonly atMs: number;
    readonly to: Role | null;
    readonly cause: string;
    readonly tookMs: number | null;
  }[];
  readonly health: readonly { readonly atMs: number; readonly member: Role; readonly health: string }[];
  /** Columns, oldest first; about one sample in five seconds for an hour. */
  readonly samples: {
    readonly atMs: readonly number[];
    readonly valuesPerSecond: readonly number[];
    readonly primaryPingMs: readonly (number | null)[];
    readonly secondaryPingMs: readonly (number | null)[];
  };
}

/** `GET /api/v1/project` */
export interface ProjectAnswer {
  readonly version: string;
  readonly file: string;
  readonly project: Project;
}

/** Answer to a change of the project */
export interface SaveAnswer {
  readonly version: string;
  readonly reload: ReloadAnswer;
}

/** 412: somebody else saved first. */
export interface ConflictAnswer extends ErrorAnswer {
  readonly current: ProjectAnswer;
}

/** `POST /api/v1/project/import` and `POST /api/v1/project/undo`; as `understudy deploy` does it. */
export interface ImportAnswer {
  readonly changes: ProjectChanges;
  readonly text: string;
  /** false = a dry run: nothing was changed. */
  readonly applied: boolean;
  /** Of the project file now. */
  readonly version: string;
  /** Pairs enabled on this machine before and after. */
  readonly enabledBefore: readonly string[];
  readonly enabledAfter: readonly string[];
  /** Secrets that cannot be resolved here, OPC DA servers that are not installed, ...; one sentence each. */
  readonly warnings: readonly string[];
  /** OPC DA servers of the project that are not installed on this machine. */
  readonly serversNotInstalled: readonly string[];
  /** Where the project before is kept for `undo`; null = it is not. */
  readonly kept: string | null;
  /** What the broker made of it; null = a dry run. */
  readonly reload: ReloadAnswer | null;
}

/**
 * A line of an answer to whoever accepts `application/x-ndjson`, where the work takes its time: steps as they begin,
 * then once the result (as without) or the error. Going away breaks the work off.
 */
export type WorkLine =
  | { readonly progress: string }
  | { readonly result: unknown }
  | { readonly error: ErrorAnswer };

/** `GET /api/v1/pairs/{name}/browse` */
export interface BrowseAnswer {
  readonly nodes: readonly BrowsedItem[];
}

/** `GET /api/v1/browse/endpoints?url=` */
export interface EndpointsAnswer {
  readonly endpoints: readonly FoundEndpoint[];
}

/** `GET /api/v1/browse/progids?machine=` */
export interface ProgIdsAnswer {
  readonly servers: readonly FoundProgId[];
}

/** `POST /api/v1/notifications/test` */
export interface MailTestsAnswer {
  readonly tests: readonly MailTest[];
}

/** `GET /health` */
export interface HealthAnswer {
  readonly status: "alive";
  readonly version: string;
  readonly startedAt: string;
}

/** `GET /ready`: 200, or 503 where a pair or server that is enabled here is not served. */
export interface ReadyAnswer {
  readonly status: "ready" | "not ready";
  readonly pairs: number;
  readonly withoutActive: readonly string[];
  readonly servers: number;
  /** Servers whose role nobody plays, as far as this machine can tell. */
  readonly serversWithoutPlayer: readonly string[];
}

/** `GET /pairs/{name}/primary` and `/secondary`: 200 if that member is active, else 503. */
export interface MemberAnswer {
  readonly pair: string;
  readonly member: Role;
  readonly active: boolean;
  readonly link: Link;
  readonly health: Health;
}

/** `GET /servers/{name}`, `/live` and `/stand-in`: 200 if somebody, or that one, plays the server's role, else 503. */
export interface ServerRoleAnswer {
  readonly server: string;
  readonly playedBy: "live" | "stand-in" | null;
  readonly role: ServerStatus["role"];
  readonly condition: ServerStatus["condition"];
}
