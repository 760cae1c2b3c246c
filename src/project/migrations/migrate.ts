import { applySplices, type Splice } from "../splice.ts";
import { endOfTag } from "../xml-guard.ts";
import { readXmlTree, type XmlElement } from "../xml-tree.ts";
import type { Migration } from "./migration.ts";
import { switchoverLimit } from "./switchover-limit.ts";

/** All migrations, oldest first: each leads to the version the next one starts from. */
export const migrations: readonly Migration[] = Object.freeze([switchoverLimit]);

/** How an older file was read. */
export interface MigrationRecord {
  readonly from: number;
  readonly to: number;
  /** What changes in the file when it is saved, one line each; the version itself not among them. */
  readonly changes: readonly string[];
}

export interface MigratedText {
  readonly text: string;
  readonly root: XmlElement;
  /** null: the file has today's version, or one that is not known here. */
  readonly record: MigrationRecord | null;
  /** Where a place of the migrated text is in the text that was read. */
  originOf(offset: number): number;
}

/** Brings the text of an older project to today's version, step by step. A text of any other version stays as it is. */
export function migrate(
  text: string,
  root: XmlElement,
  steps: readonly Migration[] = migrations,
): MigratedText {
  const from = versionOf(root);
  const changes: string[] = [];
  const done: (readonly Splice[])[] = [];
  let current = { text, root };
  let version = from;
  for (const migration of steps) {
    if (migration.from !== version) continue;
    const edits = migration.edit(current.text, current.root);
    const splices = [...edits.splices, versionSplice(current.text, current.root, migration.to)];
    const next = applySplices(current.text, splices);
    const tree = readXmlTree(next);
    if (!tree.ok)
      throw new Error(`the migration to version ${migration.to} broke the text: ${tree.fault.found}`);
    current = { text: next, root: tree.root };
    changes.push(...edits.changes);
    done.push(splices);
    version = migration.to;
  }
  const record =
    from === null || version === null || version === from ? null : { from, to: version, changes };
  return {
    ...current,
    record: record && Object.freeze({ ...record, changes: Object.freeze(changes) }),
    originOf: (offset) => done.reduceRight((at, splices) => placeBefore(at, splices), offset),
  };
}

function versionOf(root: XmlElement): number | null {
  const written = root.attributes["version"]?.trim() ?? "";
  return /^[1-9][0-9]{0,5}$/.test(written) ? Number(written) : null;
}

function versionSplice(text: string, root: XmlElement, version: number): Splice {
  const tag = text.slice(root.start, endOfTag(text, root.start));
  const match = /\sversion[ \t\r\n]*=[ \t\r\n]*(["'])([^"']*)\1/.exec(tag);
  if (match === null) throw new Error("the root element has no version");
  const start = root.start + match.index + match[0].length - 1 - (match[2]?.length ?? 0);
  return { start, end: root.start + match.index + match[0].length - 1, replacement: String(version) };
}

/** The offset before the splices were applied; within a replacement it is where that begins. */
function placeBefore(offset: number, splices: readonly Splice[]): number {
  let shift = 0;
  for (const { start, end, replacement } of splices.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const at = start + shift;
    if (offset < at) break;
    if (offset < at + replacement.length) return start;
    shift += replacement.length - (end - start);
  }
  return offset - shift;
}
