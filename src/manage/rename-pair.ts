import { hookUnderNewName, isHooked, refuseHookedName, unhookPair } from "../opc/da/hook/pair-hooks.ts";
import { findPair } from "../project/pairs.ts";
import { type Pair, pairName } from "../project/project.ts";
import type { ProjectDocument } from "../project/project-document.ts";
import type { Move } from "./apply-change.ts";
import type { Place } from "./place.ts";

/** How a changed project is saved and put in force; told what was edited, and which pair has moved. */
export type SaveChange<T> = (edit: (document: ProjectDocument) => ProjectDocument, moved: Move) => Promise<T>;

export interface Renaming {
  /** The name as it stands in the project. */
  readonly from: string;
  readonly to: string;
  /** The pair under its new name, where OPC DA clients are led to it now. */
  readonly hooked: Pair | null;
}

/**
 * What giving a pair an alias (null = taking it away) comes to; refuses what cannot be, before anything is changed.
 * Throws PAIR_UNKNOWN, PAIR_UNALIAS_REFUSED, PROJECT_NAME_DUPLICATE, DA_HOOK_PROGID_IN_USE.
 */
export async function planRenaming(
  place: Place,
  document: ProjectDocument,
  name: string,
  alias: string | null,
): Promise<Renaming> {
  const before = pairAt(document, name);
  const renamed = pairAt(document.setAlias(name, alias), alias ?? before?.server ?? name);
  const from = before === null ? name : pairName(before);
  const to = renamed === null ? (alias ?? name) : pairName(renamed);
  const renaming = { from, to, hooked: renamed !== null && (await isHooked(place, from)) ? renamed : null };
  if (isMoved(renaming)) await refuseHookedName(place, to);
  return renaming;
}

/** Which registry entries a renaming would change, in lines. */
export async function describeRenaming(place: Place, { from, hooked }: Renaming): Promise<readonly string[]> {
  if (hooked === null) return [];
  return [...(await hookUnderNewName(place, from, hooked, true)), ...(await unhookPair(place, from, true))];
}

/** Carries it out; the pair stays as enabled as it was, and OPC DA clients of this machine find it at any moment. */
export async function renamePair<T>(
  place: Place,
  renaming: Renaming,
  alias: string | null,
  save: SaveChange<T>,
): Promise<T> {
  const { from, to, hooked } = renaming;
  if (hooked !== null) await hookUnderNewName(place, from, hooked, false);
  const saved = await save((document) => document.setAlias(from, alias), { from, to }).catch(
    async (error: unknown) => {
      if (hooked !== null && isMoved(renaming)) await unhookPair(place, to, false).catch(() => undefined);
      throw error;
    },
  );
  if (hooked !== null && isMoved(renaming)) await unhookPair(place, from, false);
  return saved;
}

/** Removes a pair; OPC DA clients get back what they had before it is gone. Throws PAIR_UNKNOWN. */
export async function removePair<T>(
  place: Place,
  document: ProjectDocument,
  name: string,
  save: SaveChange<T>,
): Promise<T> {
  // refuses a pair that is not there, before anything is changed
  document.removePair(name);
  const pair = pairAt(document, name);
  const known = pair === null ? name : pairName(pair);
  await unhookPair(place, known, false);
  return save((each) => each.removePair(name), { from: known, to: null });
}

function isMoved({ from, to }: Renaming): boolean {
  return from.toLowerCase() !== to.toLowerCase();
}

function pairAt({ project }: ProjectDocument, name: string): Pair | null {
  const found = findPair(project, name);
  return found.ok ? found.pair : null;
}
