import { hasRegistry, hookPair, isHooked, unhookPair } from "../opc/da/hook/pair-hooks.ts";
import type { HookChoices } from "../opc/da/hook/plan.ts";
import { findPair } from "../project/pairs.ts";
import { pairName } from "../project/project.ts";
import { readProject } from "../project/project-file.ts";
import type { Place } from "./place.ts";

/**
 * Enables a pair (`enable`), and leads the OPC DA clients of this machine to it where it admits them. Throws what
 * either says against it; clients are not led to a pair that is not enabled.
 */
export async function enablePair<T>(
  place: Place,
  name: string,
  choices: HookChoices,
  enable: () => Promise<T>,
): Promise<T> {
  if (!hasRegistry()) return enable();
  const found = findPair((await readProject(place.projectFile)).project, name);
  // one that is not there is the broker's to refuse
  if (!found.ok) return enable();
  const known = pairName(found.pair);
  const wasHooked = await isHooked(place, known);
  await hookPair(place, found.pair, choices, false);
  try {
    return await enable();
  } catch (error) {
    if (!wasHooked) await unhookPair(place, known, false).catch(() => undefined);
    throw error;
  }
}

/** Gives OPC DA clients back what they had before, then disables the pair. */
export async function disablePair<T>(place: Place, name: string, disable: () => Promise<T>): Promise<T> {
  await unhookPair(place, name, false);
  return disable();
}
