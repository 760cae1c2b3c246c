import { UnderstudyError } from "../../../core/error.ts";
import { isPairEnabled, readMachineState } from "../../../project/machine-state.ts";
import { admitsOpcDaClients, type Pair, pairName } from "../../../project/project.ts";
import {
  assertProgIdFree,
  choicesOfEntry,
  describePlan,
  describeUnhook,
  disableHook,
  enableHook,
  type Hook,
  leftByCrash,
  recoverHooks,
} from "./hook.ts";
import { withHookLock } from "./hook-lock.ts";
import { openRegistry } from "./hook-program.ts";
import { type HookInstallation, hookInstallation, hookRequestFor } from "./installation.ts";
import { fileHookJournal } from "./journal.ts";
import { type HookChoices, planHook } from "./plan.ts";

type Lines = readonly string[];

/** Where it is kept what was changed. */
export interface HookPlace {
  readonly stateDirectory: string;
}

/** Whether this machine has a registry that leads DA clients: Windows, or the Wine prefix that is named. */
export function hasRegistry(environment: NodeJS.ProcessEnv = process.env): boolean {
  return process.platform === "win32" || environment["UNDERSTUDY_DA_WINE_PREFIX"] !== undefined;
}

/**
 * Registers the proxy for a pair that admits OPC DA clients, and takes it back where it admits them no more; returns
 * what was or would be done, in lines. @throws UnderstudyError
 */
export async function hookPair(
  place: HookPlace,
  pair: Pair,
  choices: HookChoices,
  dryRun: boolean,
): Promise<Lines> {
  const name = pairName(pair);
  if (!admitsOpcDaClients(pair)) return unhookPair(place, name, dryRun);
  return withHook(place, async (hook, installation) => {
    const request = hookRequestFor(pair, installation, choices);
    if (dryRun) return describePlan(await planHook(hook.registry, request));
    await recover(place, hook, name);
    return describePlan(await enableHook(hook, request));
  });
}

/** Restores what was there before the proxy; returns what was or would be done, in lines. @throws UnderstudyError */
export async function unhookPair(place: HookPlace, name: string, dryRun: boolean): Promise<Lines> {
  if (!(await isToDo(place, name))) return [];
  return withHook(place, async (hook) => {
    const lines = await describeUnhook(hook, name);
    if (dryRun) return lines;
    await recover(place, hook, name);
    const undone = await disableHook(hook, name);
    return [...lines, ...(undone?.left ?? []).map(leftLine)];
  });
}

/** Whether OPC DA clients are led to the pair of this name now. */
export async function isHooked(place: HookPlace, name: string): Promise<boolean> {
  return hasRegistry() && (await fileHookJournal(place.stateDirectory).find(name)) !== null;
}

/**
 * Gives a pair that is hooked its new name beside its present one; `unhookPair` then takes the present one away. So at
 * no moment clients find neither. Returns what was or would be done, in lines. @throws UnderstudyError
 */
export async function hookUnderNewName(
  place: HookPlace,
  before: string,
  renamed: Pair,
  dryRun: boolean,
): Promise<Lines> {
  return withHook(place, async (hook, installation) => {
    const entry = await hook.journal.find(before);
    if (entry === null) return [];
    const request = hookRequestFor(renamed, installation, choicesOfEntry(entry));
    if (dryRun) return describePlan(await planHook(hook.registry, request));
    return describePlan(await enableHook(hook, request));
  });
}

/** Refuses a name under which clients are led to another pair already. @throws UnderstudyError DA_HOOK_PROGID_IN_USE */
export async function refuseHookedName(place: HookPlace, name: string): Promise<void> {
  if (hasRegistry()) await assertProgIdFree(fileHookJournal(place.stateDirectory), name);
}

/** Undoes what a crash of a command left half done; returns what was done, in lines. @throws UnderstudyError */
export async function repairHooks(place: HookPlace): Promise<Lines> {
  if (!hasRegistry()) return [];
  const journal = fileHookJournal(place.stateDirectory);
  if ((await leftByCrash(journal)).length === 0) return [];
  return withHook(place, async (hook) =>
    (await recoverHooks(hook)).flatMap(({ name, left }) => [
      `${name}: its registration was left half done and was undone; enable the pair again`,
      ...left.map(leftLine),
    ]),
  );
}

const leftLine = (line: string) => `left, as it was changed by somebody else: ${line}`;

/** A pair that was never hooked needs no registry, e.g. where the native parts are not installed. */
async function isToDo(place: HookPlace, name: string): Promise<boolean> {
  if (!hasRegistry()) return false;
  const journal = fileHookJournal(place.stateDirectory);
  return (await journal.find(name)) !== null || (await leftByCrash(journal)).length > 0;
}

/** Hooks of pairs that are not enabled on this machine were left by a command that did not come to its end. */
async function recover(place: HookPlace, hook: Hook, name: string): Promise<void> {
  const state = await readMachineState(place.stateDirectory);
  await recoverHooks(hook, (each) => each.toLowerCase() === name.toLowerCase() || isPairEnabled(state, each));
}

async function withHook(
  place: HookPlace,
  action: (hook: Hook, installation: HookInstallation) => Promise<Lines>,
): Promise<Lines> {
  const winePrefix = process.env["UNDERSTUDY_DA_WINE_PREFIX"];
  const installation = hookInstallation({
    platform: process.platform,
    ...(winePrefix === undefined ? {} : { winePrefix }),
  });
  if (installation === null) {
    throw new UnderstudyError(
      "DA_HOOK_NOT_BUILT",
      "the proxy for OPC DA clients is not part of this installation; build it with npm run build:native",
    );
  }
  return withHookLock(place.stateDirectory, async () => {
    const registry = openRegistry(installation.program);
    try {
      return await action({ registry, journal: fileHookJournal(place.stateDirectory) }, installation);
    } finally {
      await registry.close();
    }
  });
}
