import { copyFile, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { UnderstudyError } from "../core/error.ts";
import { writeFileAtomically } from "./atomic-file.ts";
import { ensureStateDirectory } from "./state-directory.ts";

/** What belongs to this machine and not to the project (seed: Enable/Disable Redundancy, Deployment). */
export interface MachineState {
  readonly version: 1;
  /** Names of the pairs that are enabled here. A pair not named is disabled, as after deploying a project. */
  readonly enabledPairs: readonly string[];
}

export const emptyMachineState: MachineState = Object.freeze({
  version: 1,
  enabledPairs: Object.freeze([]),
});

const fileName = "machine-state.json";
const version = 1;

export function isPairEnabled(state: MachineState, name: string): boolean {
  return state.enabledPairs.some((enabled) => sameName(enabled, name));
}

export function withPairEnabled(state: MachineState, name: string, enabled: boolean): MachineState {
  if (isPairEnabled(state, name) === enabled) return state;
  const others = state.enabledPairs.filter((other) => !sameName(other, name));
  return stateOf(enabled ? [...others, name] : others);
}

/** The pair is seen under another name (aliased, unaliased) and stays as enabled as it was. */
export function withPairRenamed(state: MachineState, from: string, to: string): MachineState {
  if (!isPairEnabled(state, from)) return withPairEnabled(state, to, false);
  return withPairEnabled(withPairEnabled(state, from, false), to, true);
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function stateOf(enabledPairs: readonly string[]): MachineState {
  return Object.freeze({ version, enabledPairs: Object.freeze(enabledPairs.toSorted()) });
}

/**
 * Reads the state of this machine; without a file nothing is enabled. Throws UnderstudyError
 * `MACHINE_STATE_DAMAGED` or `MACHINE_STATE_UNREADABLE`. A damaged file stays where it is, and a copy is kept
 * as `machine-state.json.damaged`.
 */
export async function readMachineState(directory: string): Promise<MachineState> {
  const file = machineStateFile(directory);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return emptyMachineState;
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new UnderstudyError(
      "MACHINE_STATE_UNREADABLE",
      `${file}: cannot be read (${detail}); check its owner and mode`,
      {
        cause,
      },
    );
  }
  const parsed = parseState(text);
  if (parsed.ok) return parsed.state;
  const copy = `${file}.damaged`;
  const kept = await copyFile(file, copy).then(
    () => `a copy is kept as ${copy}`,
    () => "no copy could be made",
  );
  throw new UnderstudyError(
    "MACHINE_STATE_DAMAGED",
    `${file}: ${parsed.reason}, expected {"version": ${version}, "enabledPairs": ["NAME", ...]}; ${kept}. Mend the file, or delete it and enable the pairs again`,
  );
}

/** Replaces the state file in one step; the directory is created where it is missing. */
export async function saveMachineState(directory: string, state: MachineState): Promise<void> {
  await ensureStateDirectory(directory);
  const { enabledPairs } = stateOf(state.enabledPairs);
  const text = `${JSON.stringify({ version, enabledPairs }, null, 2)}\n`;
  await writeFileAtomically(machineStateFile(directory), text, 0o600);
}

/** Moves a damaged state file out of the way, so that the next read finds none; its new name, null = there was none. */
export async function setAsideMachineState(directory: string, time: Date): Promise<string | null> {
  const file = machineStateFile(directory);
  const aside = `${file}.damaged-${time.toISOString().replaceAll(":", "-")}`;
  try {
    await rename(file, aside);
    return aside;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

export function machineStateFile(directory: string): string {
  return join(directory, fileName);
}

type ParsedState =
  | { readonly ok: true; readonly state: MachineState }
  | { readonly ok: false; readonly reason: string };

function parseState(text: string): ParsedState {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, reason: `no JSON (${error instanceof Error ? error.message : String(error)})` };
  }
  if (typeof value !== "object" || value === null) return { ok: false, reason: "no JSON object" };
  const { version: found, enabledPairs } = value as {
    readonly version?: unknown;
    readonly enabledPairs?: unknown;
  };
  if (found !== version) return { ok: false, reason: `version ${JSON.stringify(found) ?? "missing"}` };
  if (!Array.isArray(enabledPairs) || !enabledPairs.every((name) => typeof name === "string")) {
    return { ok: false, reason: "no list of names under enabledPairs" };
  }
  return { ok: true, state: stateOf([...new Set(enabledPairs as readonly string[])]) };
}
