import type pg from "pg";
import type { ObjectDifference } from "./compare.ts";
import type { SchemaObject } from "./object.ts";

/** A copy's readers must not make the stream wait behind a statement that waits for them. */
export const lockTimeout = "5s";
const settings = `SET search_path = ''; SET check_function_bodies = off; SET client_min_messages = error`;

export interface Undone {
  readonly object: SchemaObject;
  /** In PostgreSQL's words. */
  readonly why: string;
}

export interface BroughtInLine {
  /** In words, one each. */
  readonly done: readonly string[];
  readonly undone: readonly Undone[];
}

interface Step {
  readonly object: SchemaObject;
  readonly word: "added" | "removed" | "changed";
  /** Ways to do it, each of one or more statements; the next one is tried where one fails. */
  readonly ways: readonly (readonly string[])[];
}

/**
 * Does what a difference asks for, at the copy. What another object stands in the way of is tried again after
 * that one, so nothing has to know what depends on what.
 * @throws the error of a connection that was lost
 */
export async function bringInLine(client: pg.Client, difference: ObjectDifference): Promise<BroughtInLine> {
  await client.query(settings);
  const done: string[] = [];
  let steps = plan(difference);
  for (;;) {
    const left: { readonly step: Step; readonly why: string }[] = [];
    for (const step of steps) {
      const why = await take(client, step);
      if (why === null) done.push(`${step.object.kind} ${step.object.name} ${step.word}`);
      else left.push({ step, why });
    }
    if (left.length === 0 || left.length === steps.length) {
      return { done, undone: left.map(({ step, why }) => ({ object: step.object, why })) };
    }
    steps = left.map(({ step }) => step);
  }
}

function plan({ extra, missing, changed }: ObjectDifference): Step[] {
  return [
    ...extra
      .filter(({ unmake }) => unmake !== "")
      .map((object): Step => ({ object, word: "removed", ways: waysOf([object.unmake]) })),
    ...changed.map(
      ({ live, copy }): Step => ({
        object: live,
        word: "changed",
        ways: [...waysOf([live.replace]), ...waysOf([copy.unmake, live.make])],
      }),
    ),
    ...missing.map((object): Step => ({ object, word: "added", ways: waysOf([object.make]) })),
  ];
}

/** None where one of the statements does not exist. */
function waysOf(statements: readonly (string | null)[]): readonly (readonly string[])[] {
  return statements.includes(null) ? [] : [statements.filter((each): each is string => !!each)];
}

/** null = done, else why not. */
async function take(client: pg.Client, { ways }: Step): Promise<string | null> {
  let why = "it cannot be made or removed by itself";
  for (const statements of ways) {
    const isConcurrent = statements.some((each) => /^(CREATE|DROP)( UNIQUE)? INDEX CONCURRENTLY /.test(each));
    try {
      // what works beside others may neither stand in a transaction nor be hurried
      await client.query(`SET lock_timeout = '${isConcurrent ? 0 : lockTimeout}'`);
      if (!isConcurrent && statements.length > 1) await client.query("BEGIN");
      for (const statement of statements) await client.query(statement);
      if (!isConcurrent && statements.length > 1) await client.query("COMMIT");
      return null;
    } catch (error) {
      const { code = "", message } = error as { readonly code?: string; readonly message: string };
      if (!/^[0-9A-Z]{5}$/.test(code) || /^(08|57)/.test(code)) throw error;
      if (!isConcurrent && statements.length > 1) await client.query("ROLLBACK");
      why = message;
    }
  }
  return why;
}
