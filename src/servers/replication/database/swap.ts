import type pg from "pg";
import { withDatabase } from "./connection.ts";
import { forgetSubscriptions } from "./hot/subscription.ts";
import { type CopyNames, identifier, literal } from "./names.ts";
import { type DatabasePlace, type DatabaseRef, maintenanceDatabase } from "./place.ts";

type SwapNames = Pick<CopyNames, "copy" | "incoming" | "outgoing">;

/** An empty database for the next copy, with encoding and collation of the original; leftovers of a break go first. */
export async function createIncoming(
  from: DatabaseRef,
  place: DatabasePlace,
  names: SwapNames,
  signal: AbortSignal,
): Promise<void> {
  const { rows } = await withDatabase(
    from,
    (client) =>
      client.query<{ encoding: string; collation: string; ctype: string }>(
        `SELECT pg_encoding_to_char(encoding) AS encoding, datcollate AS collation, datctype AS ctype
       FROM pg_database WHERE datname = current_database()`,
      ),
    { signal },
  );
  const [{ encoding, collation, ctype } = { encoding: "UTF8", collation: "C", ctype: "C" }] = rows;
  await atServer(place, async (client) => {
    await drop(client, place, names.incoming);
    await client.query(
      `CREATE DATABASE ${identifier(names.incoming)} TEMPLATE template0 ENCODING ${literal(encoding)}
       LC_COLLATE ${literal(collation)} LC_CTYPE ${literal(ctype)}`,
    );
  });
}

/**
 * Puts the incoming copy in the place of the present one, in one transaction: at every moment there is one whole
 * database of that name. Whoever is connected to the old one is disconnected. The old one goes.
 */
export async function swapIn(place: DatabasePlace, names: SwapNames): Promise<void> {
  await atServer(place, async (client) => {
    // left behind by the end of this process after an earlier swap
    await drop(client, place, names.outgoing);
    await disconnectAll(client, names.incoming);
    await client.query("BEGIN");
    try {
      if (await exists(client, names.copy)) {
        await disconnectAll(client, names.copy);
        await client.query(
          `ALTER DATABASE ${identifier(names.copy)} RENAME TO ${identifier(names.outgoing)}`,
        );
      }
      await client.query(`ALTER DATABASE ${identifier(names.incoming)} RENAME TO ${identifier(names.copy)}`);
      await client.query("COMMIT");
    } catch (error) {
      await client.query("ROLLBACK");
      throw error;
    }
    await drop(client, place, names.outgoing);
  });
}

/** Removes what a copy that failed has left; the present copy stays as it is. */
export async function dropIncoming(place: DatabasePlace, names: SwapNames): Promise<void> {
  await atServer(place, (client) => drop(client, place, names.incoming));
}

function atServer<T>(place: DatabasePlace, work: (client: pg.Client) => Promise<T>): Promise<T> {
  return withDatabase({ place, database: maintenanceDatabase }, work);
}

export async function exists(client: pg.Client, database: string): Promise<boolean> {
  const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [database]);
  return rowCount === 1;
}

async function drop(client: pg.Client, place: DatabasePlace, database: string): Promise<void> {
  if (!(await exists(client, database))) return;
  // a database with a subscription cannot be dropped
  await withDatabase({ place, database }, forgetSubscriptions);
  await client.query(`DROP DATABASE ${identifier(database)} WITH (FORCE)`);
}

async function disconnectAll(client: pg.Client, database: string): Promise<void> {
  await client.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
    [database],
  );
}
