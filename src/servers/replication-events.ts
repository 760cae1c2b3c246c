import type { ServerRecord } from "../diagnostics/server-record.ts";
import type { ServerSettings } from "../project/server.ts";
import type { ReplicationReport } from "./replication/replication-report.ts";
import type { ServerContext } from "./seams.ts";

/** What the replicators of a server report, as events. */
export function replicationEvents(
  context: ServerContext,
): (server: ServerSettings, copy: string) => ReplicationReport {
  return (server, copy) => {
    const { name, address } = server;
    const report = (record: ServerRecord): void =>
      context.report(record, { pair: name, server: name, machine: address, client: null });
    const daily = server.replication.databases.some(
      ({ catalog, mode }) => mode === "warm" && copy === `${name}_${catalog}`,
    );
    return {
      complete: (detail) => report({ kind: "replicationRecovered", copy, detail }),
      failed(error, rolledBack) {
        const kind = daily ? "dailyReplicationFailed" : "replicationFailed";
        report({ kind, copy, detail: error.message });
        if (rolledBack)
          report({ kind: "replicationRolledBack", copy, detail: "the last good copy is in its place" });
      },
      noticed: (detail) => report({ kind: "replicationWarning", copy, detail }),
    };
  };
}
