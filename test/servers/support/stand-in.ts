import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ControlClient, connectControl } from "../../../src/control/client.ts";
import type { DiagnosticEvent } from "../../../src/diagnostics/event.ts";
import { newProject } from "../../../src/project/project-document.ts";
import { saveProject } from "../../../src/project/project-file.ts";
import type { ServerSettings } from "../../../src/project/server.ts";
import { saveServerStates } from "../../../src/project/server-state.ts";
import type { Ended, Lab } from "./lab.ts";

const program = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));

/** `understudy run` on the stand-in of a lab. */
export class StandIn {
  readonly directory: string;
  readonly #lab: Lab;
  #child: ChildProcess | null = null;
  #client: ControlClient | null = null;
  #log = "";

  constructor(lab: Lab, directory: string) {
    this.#lab = lab;
    this.directory = directory;
  }

  get stateDirectory(): string {
    return join(this.directory, "state");
  }

  /** All that the process has written. */
  get log(): string {
    return this.#log;
  }

  /** Writes the project; its servers are enabled. */
  async prepare(servers: readonly ServerSettings[]): Promise<void> {
    const document = newProject().withProject({ ...newProject().project, servers });
    await saveProject(document, join(this.directory, "redundancymaster.xml"));
    const enabled = { enabled: true, maintenance: "none", role: "live" } as const;
    await saveServerStates(
      this.stateDirectory,
      Object.fromEntries(servers.map(({ name }) => [name.toLowerCase(), enabled])),
    );
  }

  get #options(): readonly string[] {
    const project = join(this.directory, "redundancymaster.xml");
    return ["--project", project, "--state-dir", this.stateDirectory];
  }

  async start(): Promise<void> {
    const child = this.#lab.spawn("standin", process.execPath, [program, ...this.#options, "run", "--json"]);
    this.#child = child;
    const read = (data: Buffer): void => {
      this.#log += data.toString();
    };
    child.stderr?.on("data", read);
    await new Promise<void>((resolve, reject) => {
      child.stdout?.on("data", (data: Buffer) => {
        read(data);
        if (data.toString().includes('"ready":true')) resolve();
      });
      child.once("exit", (code) => reject(new Error(`it ended with ${code}: ${this.#log.slice(-2000)}`)));
    });
    this.#client = await connectControl(this.stateDirectory, { timeoutMs: 60_000 });
  }

  get client(): ControlClient {
    if (this.#client === null) throw new Error("it does not run");
    return this.#client;
  }

  /** The first event of the kind, past ones included. */
  async event(code: DiagnosticEvent["code"], pair: string): Promise<DiagnosticEvent> {
    const stream = this.client.events({ filter: { codes: [code], pair }, past: null, follow: true });
    for await (const item of stream) if (item.kind === "event") return item.event;
    throw new Error(`no ${code}`);
  }

  async kill(): Promise<void> {
    this.#client?.close();
    this.#client = null;
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** A command of the command line, on this machine's network: the socket is a file. */
  command(...args: readonly string[]): Promise<Ended> {
    return this.#lab.run("standin", process.execPath, [program, ...this.#options, ...args]);
  }
}
