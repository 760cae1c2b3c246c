import { UnderstudyError } from "../core/error.ts";
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
} from "../opc/da/hook/hook.ts";
import { withHookLock } from "../opc/da/hook/hook-lock.ts";
import { openRegistry } from "../opc/da/hook/hook-program.ts";
import { type HookInstallation, hookInstallation, hookRequestFor } from "../opc/da/hook/installation.ts";
import { fileHookJournal } from "../opc/da/hook/journal.ts";
import { type HookChoices, planHook } from "../opc/da/hook/plan.ts";
import { isPairEnabled, readMachineState } from "../project/machine-state.ts";
import { admitsOpcDaClients, type Pair, pairName } from "../project/project.ts";
import type { GlobalOptions } from "./command.ts";

type Lines = readonly string[];

/** Whether this machine has a registry that leads DA clients: Windows, or the Wine prefix that is named. */
export function hasRegistry(environment: NodeJS.ProcessEnv = process.env): boolean {
  return process.platform === "win32" || environment["UNDERSTUDY_DA_WINE_PREFIX"] !== undefined;
}

/**
 * Registers the proxy for a pair that admits OPC DA clients, and takes it back where it admits them no more; returns
 * what was or would be done, in lines. @throws UnderstudyError
 */
export async function hookPair(
  options: GlobalOptions,
  pair: Pair,
  choices: HookChoices,
  dryRun: boolean,
): Promise<Lines> {
  const name = pairName(pair);
  if (!admitsOpcDaClients(pair)) return unhookPair(options, name, dryRun);
  return withHook(options, async (hook, installation) => {
    const request = hookRequestFor(pair, installation, choices);
    if (dryRun) return describePlan(await planHook(hook.registry, request));
    await recover(options, hook, name);
    return describePlan(await enableHook(hook, request));
  });
}

/** Restores what was there before the proxy; returns what was or would be done, in lines. @throws UnderstudyError */
export async function unhookPair(options: GlobalOptions, name: string, dryRun: boolean): Promise<Lines> {
  if (!(await isToDo(options, name))) return [];
  return withHook(options, async (hook) => {
    const lines = await describeUnhook(hook, name);
    if (dryRun) return lines;
    await recover(options, hook, name);
    const undone = await disableHook(hook, name);
    return [...lines, ...(undone?.left ?? []).map(leftLine)];
  });
}

/** Whether OPC DA clients are led to the pair of this name now. */
export async function isHooked(options: GlobalOptions, name: string): Promise<boolean> {
  return hasRegistry() && (await fileHookJournal(options.stateDirectory).find(name)) !== null;
}

/**
 * Gives a pair that is hooked its new name beside its present one; `unhookPair` then takes the present one away. So at
 * no moment clients find neither. Returns what was or would be done, in lines. @throws UnderstudyError
 */
export async function hookUnderNewName(
  options: GlobalOptions,
  before: string,
  renamed: Pair,
  dryRun: boolean,
): Promise<Lines> {
  return withHook(options, async (hook, installation) => {
    const entry = await hook.journal.find(before);
    if (entry === null) return [];
    const request = hookRequestFor(renamed, installation, choicesOfEntry(entry));
    if (dryRun) return describePlan(await planHook(hook.registry, request));
    return describePlan(await enableHook(hook, request));
  });
}

/** Refuses a name under which clients are led to another pair already. @throws UnderstudyError DA_HOOK_PROGID_IN_USE */
export async function refuseHookedName(options: GlobalOptions, name: string): Promise<void> {
  if (hasRegistry()) await assertProgIdFree(fileHookJournal(options.stateDirectory), name);
}

/** Undoes what a crash of a command left half done; returns what was done, in lines. @throws UnderstudyError */
export async function repairHooks(options: GlobalOptions): Promise<Lines> {
  if (!hasRegistry()) return [];
  const journal = fileHookJournal(options.stateDirectory);
  if ((await leftByCrash(journal)).length === 0) return [];
  return withHook(options, async (hook) =>
    (await recoverHooks(hook)).flatMap(({ name, left }) => [
      `${name}: its registration was left half done and was undone; enable the pair again`,
      ...left.map(leftLine),
    ]),
  );
}

const leftLine = (line: string) => `left, as it was changed by somebody else: ${line}`;

/** A pair that was never hooked needs no registry, e.g. where the native parts are not installed. */
async function isToDo(options: GlobalOptions, name: string): Promise<boolean> {
  if (!hasRegistry()) return false;
  const journal = fileHookJournal(options.stateDirectory);
  return (await journal.find(name)) !== null || (await leftByCrash(journal)).length > 0;
}

/** Hooks of pairs that are not enabled on this machine were left by a command that did not come to its end. */
async function recover(options: GlobalOptions, hook: Hook, name: string): Promise<void> {
  const state = await readMachineState(options.stateDirectory);
  await recoverHooks(hook, (each) => each.toLowerCase() === name.toLowerCase() || isPairEnabled(state, each));
}

async function withHook(
  options: GlobalOptions,
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
  return withHookLock(options.stateDirectory, async () => {
    const registry = openRegistry(installation.program);
    try {
      return await action({ registry, journal: fileHookJournal(options.stateDirectory) }, installation);
    } finally {
      await registry.close();
    }
  });
}
