import { UnderstudyError } from "../../../../core/error.ts";
import { pourDump } from "../dump.ts";
import type { CopyNames } from "../names.ts";
import {
  connectionString,
  type DatabasePlace,
  type DatabaseRef,
  maintenanceDatabase,
  withDatabase,
} from "../place.ts";
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
  await requireRoles(live, standIn);
  await forgetStream(ends);
  await createIncoming(live, standIn, names);
  const incoming: DatabaseRef = { place: standIn, database: names.incoming };
  try {
    await withDatabase(live, (client) => publishTables(client, names.stream));
    await pourDump(live, incoming, { what: ["--schema-only"], signal });
    await withDatabase(live, (client) => createSlot(client, names.stream));
    await withDatabase(incoming, (client) =>
      createSubscription(client, names.stream, connectionString(live), names.stream),
    );
    await untilRowsAreThere(incoming, names.stream, onProgress, signal);
    const sequences = await withDatabase(live, readSequences);
    await withDatabase(incoming, (client) => writeSequences(client, sequences));
    // nothing may be connected to a database that changes its name, and the process that applies changes is
    await pauseStream(incoming, names.stream);
    await swapIn(standIn, names);
    await withDatabase({ place: standIn, database: names.copy }, (client) =>
      enableSubscription(client, names.stream),
    );
    onProgress(100);
  } catch (error) {
    await dropIncoming(standIn, names).catch(() => undefined);
    await withDatabase(live, (client) => dropSlot(client, names.stream)).catch(() => undefined);
    throw error;
  }
}

/** Ends what there is of a stream at both ends; the copy stays as it is. The live end must be reachable. */
async function forgetStream({ live, standIn, names }: StreamEnds): Promise<void> {
  await forgetCopyEnd(standIn, names);
  await withDatabase(live, (client) => dropSlot(client, names.stream));
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
  copy: DatabaseRef,
  subscription: string,
  onProgress: (percent: number) => void,
  signal: AbortSignal,
): Promise<void> {
  await withDatabase(copy, async (client) => {
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
  });
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
