import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConsoleServer, serveConsole } from "../../src/console/console-server.ts";
import { ConsoleUsers } from "../../src/console/security/users.ts";
import type { BrokerApi } from "../../src/control/broker-api.ts";
import type { DiagnosticRecord, EventContext } from "../../src/diagnostics/event.ts";
import { createJournal, type Journal } from "../../src/diagnostics/journal.ts";
import { createReporter } from "../../src/diagnostics/report.ts";
import { systemClock } from "../../src/opc/clock.ts";
import { newProject } from "../../src/project/project-document.ts";
import { saveProject } from "../../src/project/project-file.ts";
import { rememberingBroker, rememberingServers } from "../control/helpers.ts";
import { ConsoleClient, password, user } from "./console-client.ts";

export { password, user };

/** A console in this process on a broker that only notes what is asked of it, and a browser's manners. */
export class TestConsole extends ConsoleClient {
  readonly calls: unknown[][];
  readonly journal: Journal;
  readonly server: ConsoleServer;
  readonly projectFile: string;
  readonly #folder: string;
  readonly #report: (record: DiagnosticRecord, context: EventContext) => void;

  private constructor(parts: {
    folder: string;
    server: ConsoleServer;
    journal: Journal;
    calls: unknown[][];
    report: (record: DiagnosticRecord, context: EventContext) => void;
  }) {
    super(parts.server.url);
    this.#folder = parts.folder;
    this.server = parts.server;
    this.journal = parts.journal;
    this.calls = parts.calls;
    this.#report = parts.report;
    this.projectFile = join(parts.folder, "redundancymaster.xml");
  }

  static async start(change: Partial<BrokerApi> = {}): Promise<TestConsole> {
    const folder = mkdtempSync(join(tmpdir(), "understudy-console-"));
    const projectFile = join(folder, "redundancymaster.xml");
    const pair = {
      server: "Boiler",
      protocol: "opcua",
      primary: { machine: "a" },
      secondary: { machine: "b" },
    } as const;
    await saveProject(newProject(projectFile).addPair(pair), projectFile);
    await new ConsoleUsers(folder).set(user, password);
    const { api, calls } = rememberingBroker();
    const journal = createJournal();
    let listener: ConsoleServer["event"] = () => undefined;
    const report = createReporter({ clock: systemClock, journal, sinks: [(event) => listener(event)] });
    const server = await serveConsole(
      {
        api: { ...api, ...change },
        servers: rememberingServers(calls),
        journal,
        report,
        projectFile,
        stateDirectory: folder,
        version: "0.0.0-test",
        startedAt: new Date().toISOString(),
        pagesFolder: join(folder, "no pages"),
        onInternalError: (error) => console.error(error),
      },
      { host: "127.0.0.1", port: 0, tls: null },
    );
    listener = server.event;
    const started = new TestConsole({ folder, server, journal, calls, report });
    await started.refresh();
    return started;
  }

  report(record: DiagnosticRecord, pair: string | null = "Boiler"): void {
    this.#report(record, { pair, server: pair, machine: "plc-a", client: null });
  }

  async stop(): Promise<void> {
    await this.server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
