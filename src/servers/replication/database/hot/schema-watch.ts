import type pg from "pg";
import { UnderstudyError } from "../../../../core/error.ts";
import type { DatabaseRef } from "../place.ts";
import type { KnownSchema } from "./known-schema.ts";
import { MaterializedViews } from "./materialized-views.ts";
import { ObjectWatch } from "./object-watch.ts";
import { readChangeMark } from "./objects/change-mark.ts";
import { TableWatch } from "./table-watch.ts";

/** The schemas are compared at every so many looks; at once when a change could not be applied. */
const looksPerCheck = 5;
/** What could not be made the same is tried again at every so many looks. */
const looksPerLateTry = 60;
/** Catalogs that change while they are read make the reading fail; that often in a row it has another reason. */
const failuresInARow = 3;
const mostNamed = 10;
const notFollowed = "could not be followed everywhere; order a new copy, or see to it there";

export interface SchemaLook {
  readonly live: pg.Client;
  readonly copy: pg.Client;
  /** A change could not be applied since the last look. */
  readonly hasFailed: boolean;
  readonly confirmedLsn: bigint;
}

export interface SchemaParts {
  readonly live: DatabaseRef;
  readonly copy: DatabaseRef;
  readonly stream: string;
  readonly known: KnownSchema;
  /** Of what somebody should know. */
  readonly report: { noticed(detail: string): void };
}

/** Keeps the schema of a copy that follows like the live database's: tables at once, the rest beside that. */
export class SchemaWatch {
  readonly #catalog: string;
  readonly #report: SchemaParts["report"];
  readonly #tables: TableWatch;
  readonly #objects: ObjectWatch;
  readonly #views: MaterializedViews;
  readonly #ending = new AbortController();
  #look = 0;
  /** Indexes and views may take long: the stream is looked at meanwhile. */
  #work: Promise<void> | null = null;
  #failure: unknown = null;
  #tableFailures = 0;
  #failures = 0;
  /** Marks of both databases when there was nothing left to be done. */
  #settled: string | null = null;

  constructor({ live, copy, stream, known, report }: SchemaParts) {
    this.#catalog = live.database;
    this.#report = report;
    this.#tables = new TableWatch(live, copy, stream, known);
    this.#objects = new ObjectWatch(live, copy, known);
    this.#views = new MaterializedViews(copy);
  }

  /** What cannot be made the same, in words; empty = nothing. */
  get different(): string {
    return listed(this.#objects.different, ", ");
  }

  /** @throws UnderstudyError DATABASE_STREAM_LOST where only a new copy helps, DATABASE_*, CANCELLED */
  async look({ live, copy, hasFailed, confirmedLsn }: SchemaLook, signal: AbortSignal): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    const isDue = this.#look % looksPerCheck === 0;
    const isLate = this.#look % looksPerLateTry === 0 && this.different !== "";
    this.#look += 1;
    const isWaiting = this.#objects.isWaiting && this.#work === null;
    if (!isDue && !hasFailed && !isWaiting) return;
    await this.#views.look(live);
    const marks = `${await readChangeMark(live)} ${await readChangeMark(copy)}`;
    const isSettled = marks === this.#settled && !hasFailed && !isLate;
    if (isSettled && !this.#views.isDue) return;
    if (!isSettled) {
      if (!(await this.#areTablesSame(hasFailed, confirmedLsn, signal))) return;
    }
    this.#work ??= this.#follow(isSettled ? null : marks, confirmedLsn);
  }

  async #areTablesSame(hasFailed: boolean, confirmedLsn: bigint, signal: AbortSignal): Promise<boolean> {
    try {
      const { done, beyond, wasSame } = await this.#tables.check(hasFailed, confirmedLsn, signal);
      this.#tell("has changed", done);
      this.#require(beyond);
      this.#tableFailures = 0;
      return wasSame;
    } catch (error) {
      this.#tableFailures += 1;
      if (!isPassing(error, this.#tableFailures)) throw error;
      return false;
    }
  }

  /** Ends what is still being done at the copy. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#work;
  }

  /** `marks`: of what there was to be compared; null = nothing. */
  async #follow(marks: string | null, confirmedLsn: bigint): Promise<void> {
    const signal = this.#ending.signal;
    try {
      if (marks !== null) {
        const { done, told, beyond } = await this.#objects.check(confirmedLsn, signal);
        this.#tell("has changed", done);
        this.#tell(notFollowed, told);
        this.#require(beyond);
        if (this.#objects.isSettled) this.#settled = marks;
      }
      if (this.#views.isDue) this.#tell(notFollowed, await this.#views.refresh(confirmedLsn, signal));
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      if (!isPassing(error, this.#failures)) this.#failure = error;
    } finally {
      this.#work = null;
    }
  }

  #tell(what: string, details: readonly string[]): void {
    if (details.length === 0) return;
    this.#report.noticed(`The schema of ${this.#catalog} ${what}: ${listed(details, "; ")}.`);
  }

  #require(beyond: readonly string[]): void {
    if (beyond.length === 0) return;
    throw new UnderstudyError(
      "DATABASE_STREAM_LOST",
      `The schema of ${this.#catalog} has changed (${listed(beyond, "; ")}). A new copy is made.`,
    );
  }
}

function listed(details: readonly string[], separator: string): string {
  const more = details.length > mostNamed ? [`and ${details.length - mostNamed} more`] : [];
  return [...details.slice(0, mostNamed), ...more].join(separator);
}

function isPassing(error: unknown, failures: number): boolean {
  return error instanceof UnderstudyError && error.code === "DATABASE_FAILED" && failures < failuresInARow;
}
