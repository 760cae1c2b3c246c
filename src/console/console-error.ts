import { UnderstudyError } from "../core/error.ts";
import type { ConflictAnswer, ErrorAnswer, ProjectAnswer } from "./contract.ts";

/** HTTP status of an error's code; what is not named here is 400 if it is known to us, else 500. */
const statuses: Readonly<Record<string, number>> = Object.freeze({
  PAIR_UNKNOWN: 404,
  SERVER_UNKNOWN: 404,
  CONSOLE_NOT_FOUND: 404,
  CONSOLE_LOGIN_NEEDED: 401,
  CONSOLE_LOGIN_FAILED: 401,
  CONSOLE_LOGIN_SLOWED: 429,
  CONSOLE_FORBIDDEN: 403,
  CONSOLE_HOST_UNKNOWN: 421,
  CONSOLE_BODY_TOO_LARGE: 413,
  PROJECT_CHANGED: 412,
  DEPLOYMENT_NOTHING_KEPT: 404,
  DEPLOYMENT_UNDER_WAY: 409,
  CONSOLE_BUSY: 503,
  SWITCH_REFUSED: 409,
  PAIR_DISABLED: 409,
  SERVER_BUSY: 409,
  SERVER_DISABLED: 409,
  SERVER_STANDING_IN: 409,
  SERVER_NOT_STANDING_IN: 409,
  SERVER_WITHOUT_REPLICATION: 409,
  BROKER_NOT_READY: 503,
  DA_HELPER_MISSING: 501,
  DA_SERVERS_UNAVAILABLE: 502,
  HELPER_FAILED: 502,
});

export function statusOfError(error: unknown): number {
  if (error instanceof UnderstudyError)
    return statuses[error.code] ?? (error.code === "INTERNAL" ? 500 : 400);
  return 500;
}

export function loginNeeded(): UnderstudyError {
  return new UnderstudyError("CONSOLE_LOGIN_NEEDED", "Log in to do that.");
}

export function notFound(what: string): UnderstudyError {
  return new UnderstudyError("CONSOLE_NOT_FOUND", `There is no ${what}.`);
}

/** A save on a version that is not there any more. */
export class ProjectChangedError extends UnderstudyError {
  readonly current: ProjectAnswer;

  constructor(current: ProjectAnswer) {
    super("PROJECT_CHANGED", "Somebody else has saved the project meanwhile. Compare, then save again.");
    this.current = current;
  }
}

/** What a client is told of an error; of one that is a defect no more than that. */
export function errorAnswer(error: unknown): ErrorAnswer | ConflictAnswer {
  if (error instanceof ProjectChangedError) {
    const { code, message, current } = error;
    return { code, message, current };
  }
  const { code, message } = error instanceof UnderstudyError ? error : internalError(error);
  return { code, message };
}

export function internalError(cause: unknown): UnderstudyError {
  return new UnderstudyError("INTERNAL", "Internal error of the broker. Its log has the details.", { cause });
}
