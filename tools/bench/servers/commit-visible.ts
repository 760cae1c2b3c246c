import { fileURLToPath } from "node:url";
import { median, quantile, rounded } from "../statistics.ts";
import type { VisibleOrder, VisibleRun } from "./commit-visible-main.ts";
import { runWithDatabases, whyNoDatabases } from "./database-lab.ts";
import type { Measure } from "./measure.ts";

const program = fileURLToPath(new URL("commit-visible-main.js", import.meta.url));

/**
 * A live database on one host of a lab and its hot copy on another. Rows are committed one at a time; from the moment
 * that the live server has acknowledged a commit, the copy is asked for the row again and again.
 */
export const measureCommitVisible: Measure = async ({ commits }, progress) => {
  const reason = await whyNoDatabases();
  if (reason !== null) return { figures: {}, details: {}, skipped: [`commit visible: ${reason}`] };
  const runs = await runWithDatabases<VisibleOrder, VisibleRun>(program, { commits }, ({ delaysMs }) =>
    progress(`commit visible: ${delaysMs.length} commits, median ${rounded(median(delaysMs), 3)} ms`),
  );
  const delays = runs.flatMap(({ delaysMs }) => delaysMs);
  return {
    figures: { commitVisibleMedianMs: rounded(median(delays), 3) },
    details: {
      commitVisible: {
        commits: delays.length,
        p95Ms: rounded(quantile(delays, 0.95), 3),
        p99Ms: rounded(quantile(delays, 0.99), 3),
        longestMs: rounded(Math.max(...delays), 3),
        // what a single question to the copy costs is part of every figure
        questionMedianMs: rounded(median(runs.flatMap(({ questionsMs }) => questionsMs)), 3),
      },
    },
    skipped: [],
  };
};
