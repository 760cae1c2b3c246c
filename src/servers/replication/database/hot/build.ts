import type pg from "pg";
import { UnderstudyError } from "../../../../core/error.ts";
import { withDatabase } from "../connection.ts";
import { pourDump } from "../dump.ts";
import type { CopyNames } from "../names.ts";
import { connectionString, type DatabasePlace, type DatabaseRef, maintenanceDatabase } from "../place.ts";
import { createIncoming, dropIncoming, exists, swapIn } from "../swap.ts";
import { requireRoles } from "../warm-copy.ts";
import { createSlot, dropSlot, publishTables } from "./publication.ts";
import { readSequences, writeSequences } from "./sequences.ts";
import {
  createSubscription,
  disableSubscription,
  enableSubscription,
  forgetSubscriptions,
  isApplying,
  readSubscription,
} from "./subscription.ts";

/** The two ends of a stream of changes. */
export interface StreamEnds {
  readonly live: DatabaseRef;
  readonly standIn: DatabasePlace;
  readonly names: CopyNames;
}

/** Pause between two looks at the first copy of the tables, in ms. */
const lookMs = 100;
/** A live server that hangs must not keep what has failed from ending. */
const cleaningAnswerMs = 2000;

/**
 * Makes a copy that follows the live database: its schema, a slot that keeps all changes from now on, the rows,
 * then changes places with the copy there was, which serves until then.
 * @throws UnderstudyError DATABASE_*, CANCELLED
 */
export async function buildStream(
  ends: StreamEnds,
  onProgress: (percent: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { live, standIn, names } = ends;
  const stream = names.stream;
  const at = <T>(place: DatabaseRef, work: (client: pg.Client) => Promise<T>): Promise<T> =>
    withDatabase(place, work, { signal });
  await requireRoles(live, standIn, signal);
  await forgetCopyEnd(standIn, names);
  await at(live, (client) => dropSlot(client, stream));
  await createIncoming(live, standIn, names, signal);
  const incoming: DatabaseRef = { place: standIn, database: names.incoming };
  try {
    await at(live, (client) => publishTables(client, stream));
    await pourDump(live, incoming, { what: ["--schema-only"], signal });
    // waits for the transactions that are open there
    await at(live, (client) => createSlot(client, stream));
    await at(incoming, (client) => createSubscription(client, stream, connectionString(live), stream));
    await at(incoming, (client) => untilRowsAreThere(client, stream, onProgress, signal));
    const sequences = await at(live, readSequences);
    await at(incoming, (client) => writeSequences(client, sequences));
    // nothing may be connected to a database that changes its name, and the process that applies changes is
    await pauseStream(incoming, stream);
    await swapIn(standIn, names);
    await withDatabase({ place: standIn, database: names.copy }, (client) =>
      enableSubscription(client, stream),
    );
    onProgress(100);
  } catch (error) {
    await dropIncoming(standIn, names).catch(() => undefined);
    const limits = { answerWithinMs: cleaningAnswerMs };
    await withDatabase(live, (client) => dropSlot(client, stream), limits).catch(() => undefined);
    throw error;
  }
}

/** Ends the copy's end of a stream, also while the live server is gone. */
export async function forgetCopyEnd(standIn: DatabasePlace, names: CopyNames): Promise<void> {
  const server: DatabaseRef = { place: standIn, database: maintenanceDatabase };
  for (const database of [names.copy, names.incoming]) {
    if (await withDatabase(server, (client) => exists(client, database))) {
      await withDatabase({ place: standIn, database }, forgetSubscriptions);
    }
  }
}

/** Changes are no longer applied when this resolves. */
export async function pauseStream(copy: DatabaseRef, subscription: string): Promise<void> {
  await withDatabase(copy, async (client) => {
    await disableSubscription(client, subscription);
    while (await isApplying(client, subscription)) await delay(lookMs);
  });
}

async function untilRowsAreThere(
  client: pg.Client,
  subscription: string,
  onProgress: (percent: number) => void,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    if (signal.aborted) throw new UnderstudyError("CANCELLED", "The copy of the database was cancelled.");
    const state = await readSubscription(client, subscription);
    if (state === null) throw new UnderstudyError("DATABASE_FAILED", "The subscription is gone.");
    if (state.readyTables === state.tables) return;
    if (state.errors > 0) {
      throw new UnderstudyError(
        "DATABASE_COPY_DIFFERS",
        "The rows of a table could not be copied; the log of the stand-in's database server says why.",
      );
    }
    onProgress((state.readyTables / state.tables) * 99);
    await delay(lookMs);
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
