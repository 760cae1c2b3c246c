import type { Clock } from "../diagnostics/clock.ts";
import type { ReportEvent } from "../diagnostics/event.ts";
import { systemHostClock } from "../host/host-clock.ts";
import type { Project } from "../project/project.ts";
import type { AskOpcState } from "../servers/probes/opc-probe.ts";
import type { ServersService } from "../servers/service.ts";

export interface ServersParts {
  readonly project: Project;
  readonly projectFile: string;
  readonly stateDirectory: string;
  readonly report: ReportEvent;
  readonly clock: Clock;
  /** Where there is an OPC broker in this process, its way to ask a server's state. */
  readonly askOpcState: AskOpcState | undefined;
}

/** The protected servers with all that they are made of, loaded when it is needed. */
export async function createServers(parts: ServersParts): Promise<ServersService> {
  const { ServersService: Service } = await import("../servers/service.ts");
  const { createTakeoverRunner } = await import("../servers/takeover/runner.ts");
  const { askOpcState = null, ...context } = parts;
  return new Service({
    ...context,
    hostClock: systemHostClock,
    tools: { askOpcState },
    createRunner: (runner) => createTakeoverRunner(runner),
    createReplicators: async (server, around) => {
      const { files, databases } = server.replication;
      if (files.length + databases.length === 0) return [];
      const { createReplicators } = await import("../servers/replication/create-replicators.ts");
      const { replicationEvents } = await import("../servers/replication-events.ts");
      return createReplicators(server, around, replicationEvents(around));
    },
  });
}
