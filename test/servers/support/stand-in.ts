import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ControlClient, connectControl } from "../../../src/control/client.ts";
import type { DiagnosticEvent } from "../../../src/diagnostics/event.ts";
import type { NotificationSettings } from "../../../src/project/project.ts";
import { newProject } from "../../../src/project/project-document.ts";
import { saveProject } from "../../../src/project/project-file.ts";
import type { ServerSettings } from "../../../src/project/server.ts";
import { readServerStates, saveServerStates } from "../../../src/project/server-state.ts";
import type { Ended, Lab } from "./lab.ts";

const program = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));

/** Where programs of the stand-in run: on a host of a lab, or on this machine. */
export type Place = Pick<Lab, "spawn" | "run">;

/** This machine in the stand-in's place. */
export const thisMachine: Place = {
  spawn: (_host, name, args) => spawn(name, args, { stdio: ["ignore", "pipe", "pipe"] }),
  async run(host, name, args) {
    const child = thisMachine.spawn(host, name, args);
    let output = "";
    let complaint = "";
    child.stdout?.on("data", (data: Buffer) => {
      output += data.toString();
    });
    child.stderr?.on("data", (data: Buffer) => {
      complaint += data.toString();
    });
    const [code] = (await once(child, "close")) as [number | null];
    return { code, output, complaint };
  },
};

/** `understudy run` as a failover server. */
export class StandIn {
  readonly directory: string;
  readonly #lab: Place;
  #child: ChildProcess | null = null;
  #client: ControlClient | null = null;
  #log = "";
  #port: number | undefined;
  #mail: Partial<NotificationSettings> = {};

  constructor(lab: Place, directory: string) {
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

  /**
   * Writes the project; its servers are enabled. The broker of OPC pairs listens on a port that is free here;
   * `mail`: the notifications of the project.
   */
  async prepare(
    servers: readonly ServerSettings[],
    port?: number,
    mail: Partial<NotificationSettings> = {},
  ): Promise<void> {
    this.#port = port;
    this.#mail = mail;
    await this.writeProject(servers);
    const enabled = { enabled: true, maintenance: "none", role: "live", boot: null } as const;
    await saveServerStates(
      this.stateDirectory,
      Object.fromEntries(servers.map(({ name }) => [name.toLowerCase(), enabled])),
    );
  }

  /** Writes the project alone: what runs goes by it from the next reload on. */
  async writeProject(servers: readonly ServerSettings[]): Promise<void> {
    const { project } = newProject();
    const opcUa = { ...project.opcUa, ...(this.#port === undefined ? {} : { port: this.#port }) };
    const notifications = { ...project.notifications, ...this.#mail };
    const document = newProject().withProject({ ...project, opcUa, servers, notifications });
    await saveProject(document, join(this.directory, "redundancymaster.xml"));
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
    // events of earlier runs are kept over a kill
    const afterId = await this.#startedId();
    const stream = this.client.events({ filter: { codes: [code], pair, afterId }, past: null, follow: true });
    for await (const item of stream) if (item.kind === "event") return item.event;
    throw new Error(`no ${code}`);
  }

  async #startedId(): Promise<number> {
    const starts = this.client.events({ filter: { codes: ["brokerStarted"] }, past: 1, follow: false });
    for await (const item of starts) if (item.kind === "event") return item.event.id;
    return 0;
  }

  /** Makes what is on disk be of another run of the operating system. */
  async pretendReboot(): Promise<void> {
    const states = await readServerStates(this.stateDirectory);
    const others = Object.entries(states).map(
      ([name, state]) => [name, { ...state, boot: "another" }] as const,
    );
    await saveServerStates(this.stateDirectory, Object.fromEntries(others));
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends it in good order. */
  async end(): Promise<void> {
    await this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#client?.close();
    this.#client = null;
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  /** A command of the command line, on this machine's network: the socket is a file. */
  command(...args: readonly string[]): Promise<Ended> {
    return this.#lab.run("standin", process.execPath, [program, ...this.#options, ...args]);
  }
}
