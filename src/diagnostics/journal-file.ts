import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { UnderstudyError } from "../core/error.ts";
import type { DiagnosticEvent } from "./event.ts";

/**
 * Writes the events as JSON lines, all or nothing (seed: Preserve events to disk on shutdown).
 * Throws JOURNAL_NOT_SAVED.
 */
export async function saveJournal(path: string, events: readonly DiagnosticEvent[]): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new UnderstudyError("JOURNAL_NOT_SAVED", `The events could not be saved to ${path}.`, { cause });
  }
}

/** Events of an earlier run; none where there is no file. Lines that are no events are left out. */
export async function loadJournal(path: string): Promise<readonly DiagnosticEvent[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    return [];
  }
  return text.split("\n").flatMap((line) => {
    const event = parseEvent(line);
    return event === null ? [] : [event];
  });
}

function parseEvent(line: string): DiagnosticEvent | null {
  try {
    const value: unknown = JSON.parse(line);
    // events of versions that told no causes have none
    return isEvent(value) ? Object.freeze({ ...value, causes: value.causes ?? [] }) : null;
  } catch {
    return null;
  }
}

function isEvent(value: unknown): value is DiagnosticEvent {
  if (typeof value !== "object" || value === null) return false;
  const event = value as Partial<Record<keyof DiagnosticEvent, unknown>>;
  return (
    Number.isSafeInteger(event.id) &&
    typeof event.time === "string" &&
    typeof event.code === "string" &&
    typeof event.message === "string" &&
    (event.severity === "information" || event.severity === "warning" || event.severity === "error") &&
    isTextOrNull(event.pair) &&
    isTextOrNull(event.machine) &&
    isTextOrNull(event.client) &&
    (event.member === "primary" || event.member === "secondary" || event.member === null) &&
    typeof event.record === "object" &&
    event.record !== null &&
    (event.causes === undefined || Array.isArray(event.causes))
  );
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}
