import type { ConflictAnswer, ErrorAnswer, ProjectAnswer, SessionAnswer } from "../contract.ts";
import { Store } from "./store.ts";

/** What the broker answered instead of what was asked for. */
export class ApiError extends Error {
  readonly code: string;
  /** What somebody else has saved meanwhile (PROJECT_CHANGED). */
  readonly current: ProjectAnswer | null;

  constructor({ code, message }: ErrorAnswer, current: ProjectAnswer | null = null) {
    super(message);
    this.code = code;
    this.current = current;
  }
}

export const session = new Store<SessionAnswer>({ user: null, csrfToken: "", hasUsers: false });
/** A login that is asked for, and who is told of its end. */
export interface WantedLogin {
  readonly end: (loggedIn: boolean) => void;
}

export const loginWanted = new Store<WantedLogin | null>(null);

export interface AskOptions {
  /** The version of the project that a change is meant for. */
  readonly ifMatch?: string;
  readonly signal?: AbortSignal;
}

/** Asks the broker. A change that needs a login asks for it and goes on after it. Throws ApiError. */
export async function ask<T>(
  method: string,
  path: string,
  body?: unknown,
  options: AskOptions = {},
): Promise<T> {
  const answer = await send(method, path, body, options);
  if (answer.status === 401 && path !== "/api/v1/session" && (await login())) {
    return await read<T>(await send(method, path, body, options));
  }
  return await read<T>(answer);
}

async function send(
  method: string,
  path: string,
  body: unknown,
  { ifMatch, signal }: AskOptions,
): Promise<Response> {
  const isText = typeof body === "string";
  try {
    return await fetch(path, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": isText ? "application/xml" : "application/json" }),
        ...(method === "GET" ? {} : { "x-csrf-token": session.value.csrfToken }),
        ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
      },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch {
    if (signal?.aborted) throw new ApiError({ code: "CANCELLED", message: "It was cancelled." });
    throw new ApiError({ code: "CONNECTION", message: "The broker does not answer. Is it running?" });
  }
}

async function read<T>(response: Response): Promise<T> {
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  if (response.ok) return (isJson ? JSON.parse(text) : text) as T;
  if (!isJson) throw new ApiError({ code: "INTERNAL", message: `The broker answered ${response.status}.` });
  const error = JSON.parse(text) as ErrorAnswer & Partial<ConflictAnswer>;
  throw new ApiError(error, error.current ?? null);
}

export async function loadSession(): Promise<void> {
  session.set(await ask<SessionAnswer>("GET", "/api/v1/session"));
}

/** Asks for a login; false where it was given up. */
export function login(): Promise<boolean> {
  return new Promise((resolve) => {
    loginWanted.set({
      end: (loggedIn) => {
        loginWanted.set(null);
        resolve(loggedIn);
      },
    });
  });
}

export async function logout(): Promise<void> {
  session.set(await ask<SessionAnswer>("DELETE", "/api/v1/session"));
}
