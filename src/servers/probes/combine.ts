import type { ProbeCombination } from "../../project/server.ts";
import type { ProbeVerdict } from "./probe.ts";

/**
 * What several probes say together. `any`: one that is well is enough; `all`: one that failed is enough to fail;
 * `quorum`: more than half must be well. What cannot be told counts for neither, so that it decides nothing.
 */
export function combine(verdicts: readonly ProbeVerdict[], combination: ProbeCombination): ProbeVerdict {
  const count = (wanted: ProbeVerdict): number => verdicts.filter((verdict) => verdict === wanted).length;
  const [well, unknown, all] = [count("well"), count("unknown"), verdicts.length];
  const needed = { any: 1, all, quorum: Math.floor(all / 2) + 1 }[combination];
  if (well >= needed) return "well";
  return well + unknown >= needed ? "unknown" : "failed";
}
