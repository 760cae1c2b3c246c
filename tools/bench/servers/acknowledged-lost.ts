import { fileURLToPath } from "node:url";
import type { LostOrder, LostRun } from "./acknowledged-lost-main.ts";
import { runWithDatabases, whyNoDatabases } from "./database-lab.ts";
import type { Measure } from "./measure.ts";

const program = fileURLToPath(new URL("acknowledged-lost-main.js", import.meta.url));

/**
 * A live database on one host of a lab and its hot copy on another. Four clients commit rows, all processes of the
 * live server are killed at a random moment, replication is stopped as a takeover does, and every row that had been
 * acknowledged as replicated is looked for in the copy.
 */
export const measureAcknowledgedLost: Measure = async ({ kills }, progress) => {
  const reason = await whyNoDatabases();
  if (reason !== null) return { figures: {}, details: {}, skipped: [`acknowledged lost: ${reason}`] };
  const runs = await runWithDatabases<LostOrder, LostRun>(program, { kills }, (run, all) =>
    progress(
      `kill -9 ${all.length} of ${2 * kills}: ${run.committedRows} rows committed, ${run.acknowledgedRows} ` +
        `acknowledged (${run.acknowledgement}), ${run.lostRows} of these lost`,
    ),
  );
  return {
    figures: { acknowledgedLost: runs.reduce((sum, { lostRows }) => sum + lostRows, 0) },
    details: { killRuns: runs },
    skipped: [],
  };
};
