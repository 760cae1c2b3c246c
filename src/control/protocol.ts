import { UnderstudyError } from "../core/error.ts";
import type { DiagnosticEvent } from "../diagnostics/event.ts";

/**
 * The control protocol: one JSON object a line (UTF-8, ended by LF) in both directions over a local socket.
 * A request has an id of the client's choice; every answer repeats it. The first request is `hello`.
 * docs/control.md describes it for other clients.
 */
export const protocolVersion = 1;

/** Bytes a request line may have. */
export const requestLimitBytes = 64 * 1024;
/** Bytes an answer line may have. */
export const answerLimitBytes = 16 * 1024 * 1024;
/** Connections served at a time. */
export const connectionLimit = 64;
/** Requests of one connection in progress at a time. */
export const pendingLimit = 32;

export interface Request {
  readonly id: number;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** `id: null` = the request could not be read. */
export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number | null; readonly error: { readonly code: string; readonly message: string } }
  /** Answers of `events` before its result. */
  | { readonly id: number; readonly event: DiagnosticEvent }
  | { readonly id: number; readonly missed: number };

/** Who answers at the other end. */
export interface BrokerInfo {
  readonly protocol: number;
  readonly version: string;
  readonly pid: number;
  /** Absolute path of the project file the broker runs on. */
  readonly projectFile: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

/** Reads one request line. Throws CONTROL_BAD_REQUEST. */
export function parseRequest(line: string): Request {
  const value = parseObject(line);
  if (value === null) throw badRequest("a line is not a JSON object");
  const { id, method, params } = value;
  if (typeof id !== "number" || !Number.isSafeInteger(id)) throw badRequest("id must be an integer");
  if (typeof method !== "string") throw badRequest("method must be a text");
  if (params !== undefined && !isObject(params)) throw badRequest("params must be an object");
  return { id, method, params: params ?? {} };
}

export function badRequest(what: string): UnderstudyError {
  return new UnderstudyError("CONTROL_BAD_REQUEST", `The request cannot be understood: ${what}.`);
}

export function parseObject(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
