import type { Splice } from "../splice.ts";
import type { XmlElement } from "../xml-tree.ts";

/** What a migration does to one document. */
export interface MigrationEdits {
  /** Changes of the text; everything else, comments and order included, stays as it is. */
  readonly splices: readonly Splice[];
  /** What changes, one line each, with the path of the element: for `understudy check`. */
  readonly changes: readonly string[];
}

/**
 * The way from one version of the project file to the next. A migration is never changed once it was released;
 * it knows the names and defaults of its own versions itself, not from today's schema. What it does not
 * understand (a value of no use, an element twice) it leaves where it is, for the validation to refuse.
 */
export interface Migration {
  readonly from: number;
  readonly to: number;
  /** What the new version is better at, in one sentence. */
  readonly summary: string;
  edit(text: string, root: XmlElement): MigrationEdits;
}

/** The children of an element that have this name. */
export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** The only child of this name; null where there is none or more than one. */
export function onlyChild(element: XmlElement | undefined, name: string): XmlElement | null {
  const found = childrenOf(element, name);
  return found.length === 1 ? (found[0] ?? null) : null;
}
