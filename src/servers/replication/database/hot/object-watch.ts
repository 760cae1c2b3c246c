import type pg from "pg";
import { withDatabase } from "../connection.ts";
import type { DatabaseRef } from "../place.ts";
import type { KnownSchema } from "./known-schema.ts";
import { compareObjects, isSame, type ObjectDifference, objectKey } from "./objects/compare.ts";
import { readFingerprint, readObjects } from "./objects/inventory.ts";
import { type BroughtInLine, bringInLine } from "./objects/make.ts";
import { holdsValues, type SchemaObject } from "./objects/object.ts";
import { currentLsn } from "./publication.ts";

/** What has failed that often is told. */
const triesUntilTold = 3;

/** What came of one check. */
export interface ObjectCheck {
  /** Differences that were mended, in words. */
  readonly done: readonly string[];
  /** Differences that could not be mended, told now for the first time, in words. */
  readonly told: readonly string[];
  /** Differences that only a new copy can mend, in words. */
  readonly beyond: readonly string[];
}

interface Pass extends BroughtInLine {
  /** Only the copy has them, and the live database never had: somebody's own. */
  readonly foreign: readonly SchemaObject[];
}

const nothing: ObjectCheck = Object.freeze({ done: [], told: [], beyond: [] });

/**
 * Keeps the views, functions, indexes, constraints and so on of a copy like those of the live database, once the
 * copy has all the rows that were written before they became so.
 */
export class ObjectWatch {
  readonly #live: DatabaseRef;
  readonly #copy: DatabaseRef;
  /** The live database as it was seen last, and how far its log went then. */
  #seen: { readonly print: string; readonly lsn: bigint } | null = null;
  readonly #known: Set<string>;
  /** What was made last of each name that was different, as the live database has it. */
  readonly #made = new Map<string, string>();
  /** Made as the live server says, and yet written otherwise by the copy's: another version. Both ways to write it. */
  readonly #accepted = new Set<string>();
  readonly #tries = new Map<string, number>();
  #isSettled = false;
  #different: readonly string[] = [];

  constructor(live: DatabaseRef, copy: DatabaseRef, known: KnownSchema) {
    this.#known = known.objects;
    this.#live = live;
    this.#copy = copy;
  }

  /** What is told to be different and still is, by kind and name. */
  get different(): readonly string[] {
    return this.#different;
  }

  /** Nothing is different but what was told. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Whether it has seen a difference that is neither mended nor told yet. */
  get isWaiting(): boolean {
    return this.#seen !== null && !this.#isSettled;
  }

  /** May take as long as an index or a materialized view does. @throws UnderstudyError DATABASE_* */
  async check(confirmedLsn: bigint, signal: AbortSignal): Promise<ObjectCheck> {
    const look = async (client: pg.Client) => ({
      print: await readFingerprint(client),
      // after it, so that no row from before is missed
      lsn: await currentLsn(client),
    });
    const [now, copyPrint] = await Promise.all([
      withDatabase(this.#live, look, { signal }),
      withDatabase(this.#copy, readFingerprint, { signal }),
    ]);
    if (this.#known.size === 0) await this.#learn(signal);
    if (this.#seen?.print !== now.print) this.#seen = now;
    this.#isSettled = false;
    if (confirmedLsn < this.#seen.lsn) return nothing;
    return copyPrint === now.print ? this.#same() : await this.#mend(signal);
  }

  async #learn(signal: AbortSignal): Promise<void> {
    const objects = await withDatabase(this.#live, readObjects, { signal });
    for (const each of objects) this.#known.add(objectKey(each));
  }

  #same(): ObjectCheck {
    this.#tries.clear();
    this.#different = [];
    this.#isSettled = true;
    return nothing;
  }

  async #mend(signal: AbortSignal): Promise<ObjectCheck> {
    const look = async (client: pg.Client) => ({
      live: await readObjects(client),
      print: await readFingerprint(client),
    });
    const [{ live, print }, copy] = await Promise.all([
      withDatabase(this.#live, look, { signal }),
      withDatabase(this.#copy, readObjects, { signal }),
    ]);
    // it has changed again
    if (print !== this.#seen?.print) return nothing;
    for (const each of live) this.#known.add(objectKey(each));
    const first = await this.#pass(live, copy, signal);
    if (first.done.length === 0) return { done: [], ...this.#tell(first) };
    // what was made has rights of its own from the start
    const second = await this.#pass(live, await withDatabase(this.#copy, readObjects, { signal }), signal);
    return { done: [...first.done, ...second.done], ...this.#tell(second) };
  }

  async #pass(
    live: readonly SchemaObject[],
    copy: readonly SchemaObject[],
    signal: AbortSignal,
  ): Promise<Pass> {
    const all = compareObjects(live, copy);
    this.#accept(all);
    const difference: ObjectDifference = {
      extra: all.extra.filter((each) => this.#isKnown(each)),
      missing: all.missing,
      changed: all.changed.filter((each) => !this.#accepted.has(bothWays(each))),
    };
    const foreign = all.extra.filter((each) => !this.#isKnown(each) && each.unmake !== "");
    if (isSame(difference)) return { done: [], undone: [], foreign };
    const bring = (client: pg.Client) => bringInLine(client, difference);
    const { done, undone } = await withDatabase(this.#copy, bring, { signal });
    const left = new Set(undone.map(({ object }) => object));
    for (const { live: each } of difference.changed) {
      if (!left.has(each)) this.#made.set(objectKey(each), definition(each));
    }
    return { done, undone, foreign };
  }

  #accept({ changed }: ObjectDifference): void {
    const made = new Map(this.#made);
    this.#made.clear();
    for (const each of changed) {
      const name = objectKey(each.live);
      if (made.get(name) === definition(each.live)) this.#accepted.add(bothWays(each));
    }
  }

  #isKnown(object: SchemaObject): boolean {
    if (this.#known.has(objectKey(object))) return true;
    // everybody may call a function that is made, until that is revoked
    const routine = /^EXECUTE ON ROUTINE (.*) TO PUBLIC$/s.exec(object.name)?.[1];
    return object.kind === "privilege" && this.#known.has(`function ${routine}`);
  }

  #tell({ undone, foreign }: Pass): Omit<ObjectCheck, "done"> {
    const open = [
      ...undone.map(({ object, why }) => ({ object, text: `${objectKey(object)}: ${why}` })),
      ...foreign.map((object) => ({ object, text: `${objectKey(object)}: only the copy has it` })),
    ];
    const tries = new Map(open.map(({ object }) => [object, (this.#tries.get(definition(object)) ?? 0) + 1]));
    this.#tries.clear();
    for (const [object, count] of tries) this.#tries.set(definition(object), count);
    const due = open.filter(({ object }) => tries.get(object) === triesUntilTold);
    this.#isSettled = [...tries.values()].every((count) => count >= triesUntilTold);
    this.#different = open
      .filter(({ object }) => (tries.get(object) ?? 0) >= triesUntilTold)
      .map(({ object }) => objectKey(object));
    const isForeign = new Set(foreign);
    const isBeyond = ({ object }: { readonly object: SchemaObject }): boolean =>
      holdsValues(object.kind) && !isForeign.has(object);
    return {
      told: due.filter((each) => !isBeyond(each)).map(({ text }) => text),
      beyond: due.filter(isBeyond).map(({ text }) => text),
    };
  }
}

function bothWays({ live, copy }: ObjectDifference["changed"][number]): string {
  return `${definition(live)}\n${copy.make}`;
}

function definition(object: SchemaObject): string {
  return `${objectKey(object)}\n${object.make}`;
}
