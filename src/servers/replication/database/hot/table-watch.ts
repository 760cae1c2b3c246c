import type pg from "pg";
import { UnderstudyError } from "../../../../core/error.ts";
import { withDatabase } from "../connection.ts";
import { pourDump } from "../dump.ts";
import type { DatabaseRef } from "../place.ts";
import {
  type Column,
  compareColumns,
  isEmptyDifference,
  readColumns,
  type SchemaDifference,
} from "./columns.ts";
import type { KnownSchema } from "./known-schema.ts";
import { compareObjects, objectKey } from "./objects/compare.ts";
import { readObjects } from "./objects/inventory.ts";
import { bringInLine, lockTimeout } from "./objects/make.ts";
import { isNeededByTables, refusesRows } from "./objects/object.ts";
import { currentLsn, identifyRows, publishTables, readPublished } from "./publication.ts";
import { readSubscribed, refreshSubscription } from "./subscription.ts";

/** What was done to a copy whose original has other tables or columns now. */
export interface Mended {
  /** In words, one each; empty = nothing was to be done. */
  readonly done: readonly string[];
  /** What only a new copy can mend. */
  readonly beyond: readonly string[];
  /** The copy had all tables and columns of the live database already, and no others of it. */
  readonly wasSame: boolean;
}

const unfinished: Mended = Object.freeze({ done: [], beyond: [], wasSame: false });
const lockNotAvailable = "55P03";
/** New tables that cannot be made in so many tries need a new copy. */
const triesOfNewTables = 3;

/**
 * Brings the tables and columns of a copy in line with the live database's, as far as that can be done while it
 * follows: changes of the schema do not travel with those of the data (PostgreSQL, 31.6).
 */
export class TableWatch {
  readonly #live: DatabaseRef;
  readonly #copy: DatabaseRef;
  readonly #stream: string;
  readonly #known: KnownSchema;
  /** What is to be dropped, and how far the live server's log went when it was gone there. */
  #gone: { readonly what: string; readonly lsn: bigint } | null = null;
  #failedTries = 0;
  /** Of each table of the live database, as it was seen last. */
  readonly #files = new Map<string, number>();
  /** Tables that only the copy has, told already. */
  readonly #told = new Set<string>();

  constructor(live: DatabaseRef, copy: DatabaseRef, stream: string, known: KnownSchema) {
    this.#known = known;
    this.#live = live;
    this.#copy = copy;
    this.#stream = stream;
  }

  /**
   * @param hasFailed a change could not be applied: what may be in its way goes at once, else when the copy has
   * everything that was written before it went at the live server.
   * @throws UnderstudyError DATABASE_*, CANCELLED
   */
  async check(hasFailed: boolean, confirmedLsn: bigint, signal: AbortSignal): Promise<Mended> {
    const look = async (client: pg.Client) => ({
      columns: await readColumns(client),
      published: new Set(await readPublished(client, this.#stream)),
      identified: await identifyRows(client, this.#stream),
      lsn: await currentLsn(client),
    });
    const lookAtCopy = async (client: pg.Client) => ({
      columns: await readColumns(client),
      subscribed: new Set(await readSubscribed(client, this.#stream)),
    });
    const [live, { columns: copyColumns, subscribed }] = await Promise.all([
      withDatabase(this.#live, look, { signal }),
      withDatabase(this.#copy, lookAtCopy, { signal }),
    ]);
    const identified = live.identified.map(
      (table) => `${table} has lost its primary key: its changes are logged as whole rows`,
    );
    for (const { table } of live.columns) this.#known.tables.add(table);
    const columns = await this.#withValues(live.columns, copyColumns, signal);
    const difference = compareColumns(columns, copyColumns, this.#known.tables);
    const removed = hasFailed ? await this.#removeWhatRefuses(signal) : [];
    const done = [...identified, ...removed, ...this.#tellForeign(copyColumns)];
    if (isEmptyDifference(difference)) {
      // a break between making a table and following it leaves one that nothing comes to
      const isFollowed = ({ table }: Column): boolean => live.published.has(table) && subscribed.has(table);
      const noted = live.columns.every(isFollowed) ? [] : await this.#follow(signal);
      return { done: [...done, ...noted], beyond: [], wasSame: true };
    }
    const { beyond } = difference;
    const isEarly = !hasFailed && !this.#mayDrop(difference, live.lsn, confirmedLsn);
    if (beyond.length > 0 || isEarly) return { done, beyond, wasSame: false };
    const applied = await this.#apply(difference, signal);
    return { ...applied, done: [...done, ...applied.done] };
  }

  /**
   * A default that is gone again has left its values: a new column may have some, unless the table is still in the
   * file it was in before.
   */
  async #withValues(
    columns: readonly Column[],
    copyColumns: readonly Column[],
    signal: AbortSignal,
  ): Promise<readonly Column[]> {
    const [there, copyTables] = [columnName, ({ table }: Column) => table].map(
      (nameOf) => new Set(copyColumns.map(nameOf)),
    );
    const added = columns.filter((each) => copyTables?.has(each.table) && !there?.has(columnName(each)));
    const doubtful = added.filter((each) => !each.fills && this.#files.get(each.table) !== each.file);
    const filled = new Set<Column>();
    for (const each of doubtful) {
      const sql = `SELECT 1 FROM ${each.table} WHERE ${each.column} IS NOT NULL LIMIT 1`;
      const { rowCount } = await withDatabase(this.#live, (client) => client.query(sql), { signal });
      if (rowCount === 1) filled.add(each);
    }
    // what is still to be added is looked at again, should it not be added now
    const open = new Set(added.map(({ table }) => table));
    for (const { table, file } of columns) if (!open.has(table)) this.#files.set(table, file);
    return columns.map((each) => (filled.has(each) ? { ...each, fills: true } : each));
  }

  #tellForeign(columns: readonly Column[]): readonly string[] {
    const foreign = new Set(
      columns.map(({ table }) => table).filter((table) => !this.#known.tables.has(table)),
    );
    const news = [...foreign].filter((table) => !this.#told.has(table));
    for (const table of news) this.#told.add(table);
    return news.map((table) => `only the copy has table ${table}, which is lost when a new one is made`);
  }

  /** Rows of what is to be dropped may still be on their way. */
  #mayDrop({ droppedColumns, droppedTables }: SchemaDifference, now: bigint, confirmed: bigint): boolean {
    if (droppedColumns.length + droppedTables.length === 0) return true;
    const what = JSON.stringify([droppedColumns, droppedTables]);
    if (this.#gone?.what !== what) this.#gone = { what, lsn: now };
    return confirmed >= this.#gone.lsn;
  }

  async #removeWhatRefuses(signal: AbortSignal): Promise<readonly string[]> {
    const { extra, changed } = await this.#compareObjects(signal);
    const removable = [...extra, ...changed.map(({ copy }) => copy)].filter(refusesRows);
    if (removable.length === 0) return [];
    const difference = { extra: removable, missing: [], changed: [] };
    return (await withDatabase(this.#copy, (client) => bringInLine(client, difference), { signal })).done;
  }

  async #compareObjects(signal: AbortSignal): Promise<ReturnType<typeof compareObjects>> {
    const [live, copy] = await Promise.all([
      withDatabase(this.#live, readObjects, { signal }),
      withDatabase(this.#copy, readObjects, { signal }),
    ]);
    return compareObjects(live, copy);
  }

  async #apply(difference: SchemaDifference, signal: AbortSignal): Promise<Mended> {
    const { newTables, newColumns, droppedColumns, droppedTables } = difference;
    const drops = [
      ...droppedColumns.map((each) => `ALTER TABLE ${each.table} DROP COLUMN IF EXISTS ${each.column}`),
      ...droppedTables.map((table) => `DROP TABLE IF EXISTS ${table}`),
    ];
    const stuck = await withDatabase(this.#copy, (client) => this.#drop(client, drops, signal), { signal });
    if (stuck === "later") return unfinished;
    if (stuck.length > 0) return { ...unfinished, beyond: stuck };
    if (newTables.length > 0) {
      const failure = await this.#makeTables(newTables, signal);
      if (failure !== null) return failure;
    }
    await withDatabase(
      this.#copy,
      async (client) => {
        for (const each of newColumns)
          await client.query(
            `ALTER TABLE ${each.table} ADD COLUMN IF NOT EXISTS ${each.column} ${each.type}`,
          );
      },
      { signal },
    );
    const noted = newTables.length > 0 ? await this.#follow(signal) : [];
    return { ...unfinished, done: [...describe(difference), ...noted] };
  }

  /** What could not be dropped, in words. What depends on it goes first where the live database has it no more. */
  async #drop(
    client: pg.Client,
    statements: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly string[] | "later"> {
    if (statements.length === 0) return [];
    await client.query(`SET lock_timeout = '${lockTimeout}'`);
    const failed = await runAll(client, statements);
    if (failed.length === 0) return [];
    const { extra } = await this.#compareObjects(signal);
    // what is somebody's own is lost with a new copy, not one by one
    const gone = extra.filter((each) => this.#known.objects.has(objectKey(each)));
    await bringInLine(client, { extra: gone, missing: [], changed: [] });
    const again = await runAll(
      client,
      failed.map(({ statement }) => statement),
    );
    if (again.some(({ code }) => code === lockNotAvailable)) return "later";
    return again.map(({ statement, message }) => `${statement}: ${message}`);
  }

  /** null = they are there. */
  async #makeTables(tables: readonly string[], signal: AbortSignal): Promise<Mended | null> {
    const { missing, changed } = await this.#compareObjects(signal);
    const needed = {
      extra: [],
      missing: missing.filter(({ kind }) => isNeededByTables(kind) && kind !== "sequence"),
      changed: changed.filter(({ live: { kind } }) => kind === "enum value"),
    };
    await withDatabase(this.#copy, (client) => bringInLine(client, needed), { signal });
    // a partition gets indexes and keys of its parent's by itself, and would get them twice
    const what = ["--section=pre-data", "--strict-names", ...tables.map((table) => `--table=${table}`)];
    try {
      await pourDump(this.#live, this.#copy, { what, isAtomic: true, signal });
      this.#failedTries = 0;
      await this.#makeKeys(tables, signal);
      return null;
    } catch (error) {
      if (!(error instanceof UnderstudyError) || error.code !== "DATABASE_RESTORE_FAILED") throw error;
      this.#failedTries += 1;
      return this.#failedTries < triesOfNewTables ? unfinished : { ...unfinished, beyond: [error.message] };
    }
  }

  /** Without its key a table takes no changes. */
  async #makeKeys(tables: readonly string[], signal: AbortSignal): Promise<void> {
    const { missing } = await this.#compareObjects(signal);
    const ofTables = missing.filter(({ name }) => tables.some((table) => name.startsWith(`${table}.`)));
    const difference = { extra: [], missing: ofTables, changed: [] };
    await withDatabase(this.#copy, (client) => bringInLine(client, difference), { signal });
  }

  async #follow(signal: AbortSignal): Promise<readonly string[]> {
    const { withoutKey } = await withDatabase(this.#live, (client) => publishTables(client, this.#stream), {
      signal,
    });
    await withDatabase(this.#copy, (client) => refreshSubscription(client, this.#stream), { signal });
    return withoutKey.map((table) => `${table} has no primary key: its changes are logged as whole rows`);
  }
}

interface Failed {
  readonly statement: string;
  readonly code: string;
  readonly message: string;
}

async function runAll(client: pg.Client, statements: readonly string[]): Promise<readonly Failed[]> {
  const failed: Failed[] = [];
  for (const statement of statements) {
    await client.query(statement).catch((error: Error & { readonly code?: string }) => {
      failed.push({ statement, code: error.code ?? "", message: error.message });
    });
  }
  return failed;
}

function columnName({ table, column }: Column): string {
  return `${table}.${column}`;
}

function describe(difference: SchemaDifference): readonly string[] {
  return [
    ...difference.newTables.map((table) => `table ${table} added`),
    ...difference.newColumns.map(
      (each) => `column ${columnName(each)} added; rows written before stay empty there`,
    ),
    ...difference.droppedColumns.map((each) => `column ${columnName(each)} dropped`),
    ...difference.droppedTables.map((table) => `table ${table} dropped`),
  ];
}
