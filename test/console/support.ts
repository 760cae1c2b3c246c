import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
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

export const user = "shift";
export const password = "correct horse";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  json<T>(): T;
}

/** A console in this process on a broker that only notes what is asked of it, and a browser's manners. */
export class TestConsole {
  readonly calls: unknown[][];
  readonly journal: Journal;
  readonly server: ConsoleServer;
  readonly projectFile: string;
  readonly #folder: string;
  readonly #report: (record: DiagnosticRecord, context: EventContext) => void;
  #cookie = "";
  #csrf = "";

  private constructor(parts: {
    folder: string;
    server: ConsoleServer;
    journal: Journal;
    calls: unknown[][];
    report: (record: DiagnosticRecord, context: EventContext) => void;
  }) {
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

  /** Gets the token that changes need. */
  async refresh(): Promise<void> {
    this.#csrf = (await this.ask("GET", "/api/v1/session")).json<{ csrfToken: string }>().csrfToken;
  }

  async login(name = user, word = password): Promise<Answer> {
    const answer = await this.ask("POST", "/api/v1/session", { user: name, password: word });
    if (answer.status === 200) this.#csrf = answer.json<{ csrfToken: string }>().csrfToken;
    return answer;
  }

  ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const url = new URL(this.server.url);
    const text = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        {
          host: url.hostname,
          port: url.port,
          method,
          path,
          headers: {
            ...(this.#cookie === "" ? {} : { cookie: this.#cookie }),
            ...(this.#csrf === "" ? {} : { "x-csrf-token": this.#csrf }),
            ...(text === null
              ? {}
              : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }),
            ...headers,
          },
        },
        (response) => {
          const [cookie] = response.headers["set-cookie"] ?? [];
          if (cookie !== undefined) this.#cookie = cookie.split(";")[0] ?? "";
          let answer = "";
          response.setEncoding("utf8").on("data", (part: string) => {
            answer += part;
          });
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: answer,
              json: <T>() => JSON.parse(answer) as T,
            }),
          );
        },
      );
      request.on("error", reject);
      request.end(text ?? undefined);
    });
  }

  async stop(): Promise<void> {
    await this.server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
