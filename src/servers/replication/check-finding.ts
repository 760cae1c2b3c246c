import { UnderstudyError } from "../../core/error.ts";

/** What a look at one thing that a replication depends on has shown. */
export interface ReplicationFinding {
  /** What was looked at, e.g. `source`. */
  readonly name: string;
  readonly verdict: "ok" | "warning" | "failed";
  readonly detail: string;
}

/** A finding for whatever the look says or throws. */
export async function finding(
  name: string,
  look: () => Promise<string | Omit<ReplicationFinding, "name">>,
): Promise<ReplicationFinding> {
  try {
    const said = await look();
    return typeof said === "string" ? { name, verdict: "ok", detail: said } : { name, ...said };
  } catch (error) {
    const code = error instanceof UnderstudyError ? `${error.code}: ` : "";
    const detail = `${code}${error instanceof Error ? error.message : String(error)}`;
    return { name, verdict: "failed", detail };
  }
}
