import type pg from "pg";
import { withDatabase } from "../connection.ts";
import type { DatabaseRef } from "../place.ts";
import { currentLsn } from "./publication.ts";

interface Filled {
  readonly name: string;
  /** Another one after every refresh. */
  readonly mark: string;
}

/** Refreshes a copy's materialized views when those of the live database were: what is in them does not travel. */
export class MaterializedViews {
  readonly #copy: DatabaseRef;
  /** Marks of the live views when the copy's were refreshed. */
  readonly #refreshed = new Map<string, string>();
  #seen: { readonly marks: string; readonly lsn: bigint } | null = null;
  #due: readonly Filled[] = [];
  readonly #told = new Set<string>();

  constructor(copy: DatabaseRef) {
    this.#copy = copy;
  }

  /** Whether the live database has refreshed some since. */
  get isDue(): boolean {
    return this.#due.length > 0;
  }

  async look(live: pg.Client): Promise<void> {
    const views = await filledViews(live);
    this.#due = views.filter(({ name, mark }) => this.#refreshed.get(name) !== mark);
    const marks = JSON.stringify(this.#due);
    if (this.#seen?.marks !== marks) this.#seen = { marks, lsn: await currentLsn(live) };
  }

  /**
   * Refreshes them once the copy has what the live ones were made from. What could not be refreshed and is told for
   * the first time, in words.
   */
  async refresh(confirmedLsn: bigint, signal: AbortSignal): Promise<readonly string[]> {
    if (this.#seen === null || confirmedLsn < this.#seen.lsn) return [];
    let due = this.#due;
    const failed = new Map<string, string>();
    await withDatabase(
      this.#copy,
      async (client) => {
        // one may be made from another
        for (let before = due.length + 1; due.length > 0 && due.length < before; ) {
          before = due.length;
          const left: Filled[] = [];
          for (const view of due) {
            const why = await refreshOne(client, view.name);
            if (why === null) this.#refreshed.set(view.name, view.mark);
            else {
              failed.set(view.name, why);
              left.push(view);
            }
          }
          due = left;
        }
      },
      { signal },
    );
    // not again before the live server refreshes it again
    for (const { name, mark } of due) this.#refreshed.set(name, mark);
    const news = due.filter(({ name }) => !this.#told.has(name));
    for (const { name } of news) this.#told.add(name);
    return news.map(({ name }) => `materialized view ${name} not refreshed: ${failed.get(name)}`);
  }
}

async function filledViews(client: pg.Client): Promise<readonly Filled[]> {
  const { rows } = await client.query<Filled>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name,
            concat_ws('/', c.relfilenode, pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_deleted(c.oid)) AS mark
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'm' AND c.relispopulated ORDER BY 1`,
  );
  return rows;
}

async function refreshOne(client: pg.Client, name: string): Promise<string | null> {
  try {
    await client.query(`REFRESH MATERIALIZED VIEW ${name}`);
    return null;
  } catch (error) {
    const { code = "", message } = error as { readonly code?: string; readonly message: string };
    if (!/^[0-9A-Z]{5}$/.test(code) || /^(08|57)/.test(code)) throw error;
    return message;
  }
}
