import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { UnderstudyError } from "../core/error.ts";
import { writeFileAtomically } from "./atomic-file.ts";
import { ensureStateDirectory } from "./state-directory.ts";

/** Whose role this machine plays: the live server plays its own, or the stand-in does, or it is changing. */
export type ServerRole = "live" | "takingOver" | "standIn" | "failingBack" | "partly";

export type Maintenance = "none" | "suspended" | "stopped";

/** What this machine remembers of one protected server; it does not move with the project. */
export interface ServerState {
  readonly enabled: boolean;
  readonly maintenance: Maintenance;
  readonly role: ServerRole;
  /** The run of the operating system in which this was noted; null = not known. */
  readonly boot: string | null;
}

/** By the server's name in small letters. */
export type ServerStates = Readonly<Record<string, ServerState>>;

export const unknownServerState: ServerState = Object.freeze({
  enabled: false,
  maintenance: "none",
  role: "live",
  boot: null,
});

const version = 1;
const roles: readonly unknown[] = ["live", "takingOver", "standIn", "failingBack", "partly"];
const maintenances: readonly unknown[] = ["none", "suspended", "stopped"];

export function serverStatesFile(directory: string): string {
  return join(directory, "servers.json");
}

export function serverStateOf(states: ServerStates, name: string): ServerState {
  return states[name.toLowerCase()] ?? unknownServerState;
}

export function withServerState(states: ServerStates, name: string, state: ServerState): ServerStates {
  return Object.freeze({ ...states, [name.toLowerCase()]: Object.freeze(state) });
}

/** Without a file no server is enabled. Throws UnderstudyError `SERVER_STATE_DAMAGED`, `SERVER_STATE_UNREADABLE`. */
export async function readServerStates(directory: string): Promise<ServerStates> {
  const file = serverStatesFile(directory);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return Object.freeze({});
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new UnderstudyError(
      "SERVER_STATE_UNREADABLE",
      `${file}: cannot be read (${detail}); check its owner and mode`,
      { cause },
    );
  }
  const states = parse(text);
  if (states !== null) return states;
  throw new UnderstudyError(
    "SERVER_STATE_DAMAGED",
    `${file}: expected {"version": ${version}, "servers": {...}}. Mend the file; or delete it, if this machine stands in for no server now, and enable the servers again`,
  );
}

/** Replaces the file in one step. */
export async function saveServerStates(directory: string, servers: ServerStates): Promise<void> {
  await ensureStateDirectory(directory);
  const text = `${JSON.stringify({ version, servers }, null, 2)}\n`;
  await writeFileAtomically(serverStatesFile(directory), text, 0o600);
}

function parse(text: string): ServerStates | null {
  try {
    const { version: found, servers } = JSON.parse(text) as {
      readonly version?: unknown;
      readonly servers?: Readonly<Record<string, Partial<Record<keyof ServerState, unknown>>>>;
    };
    if (found !== version || typeof servers !== "object" || servers === null) return null;
    const good = Object.values(servers).every(
      (state) =>
        typeof state.enabled === "boolean" &&
        maintenances.includes(state.maintenance) &&
        roles.includes(state.role) &&
        (state.boot === null || typeof state.boot === "string"),
    );
    return good ? (Object.freeze(servers) as ServerStates) : null;
  } catch {
    return null;
  }
}
