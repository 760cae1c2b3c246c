import type pg from "pg";

export interface SequenceValue {
  /** Full name, quoted where needed. */
  readonly name: string;
  readonly lastValue: string;
}

/** Sequences that have given a value. They are not part of logical replication (PostgreSQL, 31.6). */
export async function readSequences(client: pg.Client): Promise<readonly SequenceValue[]> {
  const { rows } = await client.query<{ name: string; last_value: string | null }>(
    "SELECT format('%I.%I', schemaname, sequencename) AS name, last_value FROM pg_sequences",
  );
  return rows.flatMap(({ name, last_value }) =>
    last_value === null ? [] : [{ name, lastValue: last_value }],
  );
}

/** Moves the copy's sequences on, never back. Those it does not have are left to the check of the schema. */
export async function writeSequences(client: pg.Client, values: readonly SequenceValue[]): Promise<void> {
  if (values.length === 0) return;
  await client.query(
    `SELECT setval(v.name::regclass, v.last) FROM unnest($1::text[], $2::bigint[]) AS v(name, last)
     JOIN pg_sequences s ON format('%I.%I', s.schemaname, s.sequencename) = v.name
     WHERE coalesce(s.last_value, s.min_value - 1) < v.last`,
    [values.map(({ name }) => name), values.map(({ lastValue }) => lastValue)],
  );
}

/**
 * Before the copy is used: every sequence that fills a column goes beyond the largest value there, since the
 * live server may have given values after the sequences were read last.
 */
export async function moveSequencesBeyondData(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ sequence: string; relation: string; column: string }>(
    `SELECT s.oid::regclass::text AS sequence, t.oid::regclass::text AS relation, quote_ident(a.attname) AS column
     FROM pg_class s
     JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
     JOIN pg_class t ON t.oid = d.refobjid
     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
     WHERE s.relkind = 'S' AND d.refobjsubid > 0`,
  );
  for (const { sequence, relation, column } of rows) {
    await client.query(
      `SELECT setval($1::regclass, m.largest) FROM (SELECT max(${column})::bigint AS largest FROM ${relation}) m,
              (SELECT last_value FROM ${sequence}) s
       WHERE m.largest IS NOT NULL AND m.largest >= s.last_value`,
      [sequence],
    );
  }
}
