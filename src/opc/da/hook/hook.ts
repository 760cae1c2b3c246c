import { UnderstudyError } from "../../../core/error.ts";
import { type Change, describeChange, stepFor, undoStepFor } from "./change.ts";
import type { HookEntry, HookJournal } from "./journal.ts";
import { type HookChoices, type HookPlan, type HookRequest, planHook } from "./plan.ts";
import { findValue, type Registry, sameValue } from "./registry.ts";

export interface Hook {
  readonly registry: Registry;
  readonly journal: HookJournal;
}

/** What undoing left as it is, because somebody else has changed it since. */
export interface Undone {
  readonly name: string;
  readonly left: readonly string[];
}

/** What `enable` would do, in lines; nothing is changed. @throws UnderstudyError as planHook */
export async function describeHook({ registry }: Hook, request: HookRequest): Promise<readonly string[]> {
  return describePlan(await planHook(registry, request));
}

export function describePlan(plan: HookPlan): readonly string[] {
  const head = plan.isMinimalRegistration
    ? [`${plan.name} is not installed here: a minimal registration is made, and taken away on removal`]
    : [];
  return [...head, ...plan.changes.map(describeChange)];
}

/** What `disable` would do, in lines; empty where nothing is hooked. */
export async function describeUnhook({ journal }: Hook, name: string): Promise<readonly string[]> {
  const entry = await journal.find(name);
  return entry === null ? [] : entry.changes.toReversed().map((change) => describeChange(inverse(change)));
}

/**
 * Registers the proxy for a pair. What a crash left half done under the name is undone first; a pair that is hooked
 * already is hooked anew, as settings or paths may differ. Where a change fails, those before it are undone.
 * @throws UnderstudyError as planHook, DA_HOOK_REGISTRY
 */
export async function enableHook(hook: Hook, request: HookRequest): Promise<HookPlan> {
  await disableHook(hook, request.name);
  const plan = await planHook(hook.registry, request);
  const entry: HookEntry = {
    version: 1,
    name: plan.name,
    state: "applying",
    isMinimalRegistration: plan.isMinimalRegistration,
    choices: choicesOf(request),
    changes: plan.changes,
  };
  await hook.journal.write(entry);
  try {
    for (const change of plan.changes) await hook.registry.apply(stepFor(change));
  } catch (cause) {
    await undo(hook, entry);
    throw cause;
  }
  await hook.registry.flush();
  await hook.journal.write({ ...entry, state: "applied" });
  return plan;
}

/** Restores what enableHook replaced; null where nothing was hooked under the name. @throws UnderstudyError DA_HOOK_REGISTRY */
export async function disableHook(hook: Hook, name: string): Promise<Undone | null> {
  const entry = await hook.journal.find(name);
  return entry === null ? null : undo(hook, entry);
}

/**
 * Undoes what a crash left: changes half done, and hooks of names that are not wanted (any more), e.g. of a pair that
 * got another name. For the start of the broker and of each command.
 * @throws UnderstudyError DA_HOOK_REGISTRY, DA_HOOK_JOURNAL_DAMAGED
 */
export async function recoverHooks(
  hook: Hook,
  isWanted: (name: string) => boolean = () => true,
): Promise<readonly Undone[]> {
  const undone: Undone[] = [];
  for (const entry of await leftByCrash(hook.journal, isWanted)) undone.push(await undo(hook, entry));
  return undone;
}

/** What recoverHooks would undo. The registry is not needed to know it. */
export async function leftByCrash(
  journal: HookJournal,
  isWanted: (name: string) => boolean = () => true,
): Promise<readonly HookEntry[]> {
  return (await journal.list()).filter(({ state, name }) => state !== "applied" || !isWanted(name));
}

/** What was decided when the pair was hooked, to hook it the same way again. */
export function choicesOfEntry({ choices, isMinimalRegistration }: HookEntry): HookChoices {
  const assumed = {
    forbidOriginal: false,
    allowMinimalRegistration: isMinimalRegistration,
    knownClsid: null,
  };
  return choices ?? assumed;
}

function choicesOf({ forbidOriginal, allowMinimalRegistration, knownClsid }: HookRequest): HookChoices {
  return { forbidOriginal, allowMinimalRegistration, knownClsid };
}

/** Names of the pairs that are hooked, for status and for uninstallation. */
export async function hookedNames({ journal }: Hook): Promise<readonly string[]> {
  return (await journal.list()).map(({ name }) => name);
}

/**
 * An alias can only be given up for the original ProgID where no pair uses that one.
 * @throws UnderstudyError DA_HOOK_PROGID_IN_USE
 */
export async function assertProgIdFree(journal: HookJournal, progId: string): Promise<void> {
  if ((await journal.find(progId)) === null) return;
  throw new UnderstudyError(
    "DA_HOOK_PROGID_IN_USE",
    `${progId} is in use by another redundant pair on this machine; give that pair an alias or remove it first`,
  );
}

async function undo({ registry, journal }: Hook, entry: HookEntry): Promise<Undone> {
  if (entry.state !== "undoing") await journal.write({ ...entry, state: "undoing" });
  const left: string[] = [];
  for (const change of entry.changes.toReversed()) {
    if (await isChangedByOthers(registry, change)) left.push(describeChange(change));
    else await registry.apply(undoStepFor(change));
  }
  await registry.flush();
  await journal.remove(entry.name);
  return { name: entry.name, left };
}

/** Neither what we wrote nor what was there before: e.g. the server was installed anew. That is newer and stays. */
async function isChangedByOthers(registry: Registry, change: Change): Promise<boolean> {
  if (change.kind === "key") return false;
  const current = findValue(await registry.read(change), change.name) ?? null;
  return !sameValue(current, change.after) && !sameValue(current, change.before);
}

function inverse(change: Change): Change {
  return change.kind === "key"
    ? { ...change, before: change.after, after: change.before }
    : { ...change, before: change.after, after: change.before };
}
