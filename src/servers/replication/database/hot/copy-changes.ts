import type pg from "pg";

/** A mark of a subscription that was stopped: how many rows the copy's tables have had changed until then. */
export async function changeMark(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ changes: string }>(
    "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) AS changes FROM pg_stat_user_tables",
  );
  return `stopped at ${rows[0]?.changes ?? 0} changes`;
}

/**
 * Whether a copy may have been written to since its subscription was stopped. Then it is of no more use as a
 * copy. Counters that started anew (after a crash of the server) count as a change as well.
 */
export function wasChanged(note: string | null, mark: string): boolean {
  return note !== mark;
}
