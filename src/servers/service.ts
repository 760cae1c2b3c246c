import type {
  OrderOptions,
  ServerAnswer,
  ServerCheck,
  ServerStatus,
  ServersApi,
} from "../control/servers-api.ts";
import { UnderstudyError } from "../core/error.ts";
import { detailOf } from "../diagnostics/detail-of.ts";
import type { HostClock } from "../host/host-clock.ts";
import { oneAtATime } from "../host/one-at-a-time.ts";
import type { ServersDifference } from "../project/difference.ts";
import type { Project } from "../project/project.ts";
import type { ServerSettings } from "../project/server.ts";
import {
  readServerStates,
  type ServerState,
  type ServerStates,
  saveServerStates,
  serverStateOf,
  unknownServerState,
  withServerState,
} from "../project/server-state.ts";
import { findServer } from "../project/servers.ts";
import { bootId } from "./boot-id.ts";
import { checkServer } from "./preflight/check-server.ts";
import type { ProbeTools } from "./probes/make-probes.ts";
import type { CreateTakeoverRunner, Replicator, ServerContext, TakeoverRunner } from "./seams.ts";
import { LiveRounds } from "./watch/live-rounds.ts";
import { disabledStatus } from "./watch/server-status.ts";
import { ServerWatch } from "./watch/server-watch.ts";
import { Stage } from "./watch/stage.ts";
import type { Work } from "./watch/work.ts";

export interface ServersOptions extends ServerContext {
  readonly project: Project;
  readonly hostClock: HostClock;
  readonly tools: ProbeTools;
  readonly createRunner: CreateTakeoverRunner;
  /** The replicators of a server, files before databases; none is started yet. */
  readonly createReplicators: (
    server: ServerSettings,
    context: ServerContext,
  ) => Promise<readonly Replicator[]>;
}

/** All protected servers of a project on this machine. */
export class ServersService implements ServersApi {
  readonly #options: ServersOptions;
  readonly #runner: TakeoverRunner;
  readonly #stage = new Stage();
  readonly #watches = new Map<string, ServerWatch>();
  /** Servers between two watches, as they were last. */
  readonly #between = new Map<string, ServerStatus>();
  #project: Project;
  #states: ServerStates = Object.freeze({});
  /** Operations that change what is watched are carried out one after another; so are writes of the states. */
  readonly #inOrder = oneAtATime();
  #saved: Promise<void> = Promise.resolve();
  #stopped = false;
  #boot: string | null = null;

  constructor(options: ServersOptions) {
    this.#options = options;
    this.#project = options.project;
    const { projectFile, stateDirectory, report, clock } = options;
    this.#runner = options.createRunner({
      projectFile,
      stateDirectory,
      report,
      clock,
      ...(options.tools.askOpcState === null ? {} : { askOpcState: options.tools.askOpcState }),
      replication: {
        stop: async (server) => {
          await this.#watches.get(keyOf(server))?.replication.want("none");
        },
        toLive: async (server, onProgress, signal) => {
          await this.#watches.get(keyOf(server))?.replication.copyAll("toLive", onProgress, signal);
        },
      },
      askLive: async (server) => (await this.#watches.get(keyOf(server))?.askLive()) ?? false,
    });
  }

  /** Throws what keeps the states from being read; a server that cannot be watched is reported. */
  start(reason: string): Promise<void> {
    return this.#inOrder(async () => {
      this.#boot = await bootId();
      this.#states = await readServerStates(this.#options.stateDirectory);
      for (const server of this.#project.servers) {
        if (serverStateOf(this.#states, server.name).enabled) void this.#begin(server, reason);
      }
    });
  }

  /** What this machine stands in for goes on; a plan under way is carried on at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#watches.values()].map((watch) => watch.end()));
    await this.#saved;
  }

  /** Puts a changed project in force. A server this machine stands in for keeps its settings until it has its role back. */
  apply(project: Project, difference: ServersDifference): Promise<void> {
    return this.#inOrder(async () => {
      this.#states = { ...(await readServerStates(this.#options.stateDirectory)), ...this.#watchedStates() };
      this.#project = project;
      for (const server of difference.removed) await this.#applyRemoval(server);
      for (const server of difference.changed) await this.#renew(server.name);
      for (const server of difference.added) {
        if (serverStateOf(this.#states, server.name).enabled)
          void this.#begin(server, "added to the project");
      }
    });
  }

  async serverStatus(): Promise<readonly ServerStatus[]> {
    const known = new Set(this.#project.servers.map(keyOf));
    const removed = [...this.#watches].filter(([key]) => !known.has(key)).map(([, watch]) => watch.status());
    return [...this.#project.servers.map((server) => this.#statusOf(server)), ...removed];
  }

  async serverCheck(name: string): Promise<ServerCheck> {
    const server = this.#find(name);
    const { tools, createReplicators, stateDirectory } = this.#options;
    const watch = this.#watches.get(keyOf(server));
    return await checkServer(server, {
      tools,
      runner: this.#runner,
      replicators: await createReplicators(server, this.#context()),
      stateDirectory,
      holdsAddress: watch?.holdsAddress ?? false,
    });
  }

  serverEnable(name: string, reason: string): Promise<ServerStatus> {
    return this.#inOrder(async () => {
      const server = this.#find(name);
      if (!this.#watches.has(keyOf(server))) {
        await this.#keep(server.name, { ...unknownServerState, enabled: true });
        await this.#begin(server, reason);
      }
      return this.#statusOf(server);
    });
  }

  serverDisable(name: string, reason: string): Promise<ServerStatus> {
    return this.#inOrder(async () => {
      const server = this.#find(name);
      const watch = this.#watches.get(keyOf(server));
      if (watch) {
        watch.requireLive();
        await this.#end(watch);
        watch.report({ kind: "serverNotWatched", reason });
      }
      await this.#keep(server.name, unknownServerState);
      return this.#statusOf(server);
    });
  }

  async serverSuspend(name: string, reason: string): Promise<ServerStatus> {
    await this.#watched(name).maintain("suspended", reason);
    return this.#statusOf(this.#find(name));
  }

  async serverStop(name: string, reason: string): Promise<ServerStatus> {
    await this.#watched(name).maintain("stopped", reason);
    return this.#statusOf(this.#find(name));
  }

  async serverResume(name: string, reason: string): Promise<ServerStatus> {
    await this.#watched(name).resume(reason);
    return this.#statusOf(this.#find(name));
  }

  async failover(name: string, options: OrderOptions): Promise<ServerAnswer> {
    return await this.#watched(name).orders.failover(options);
  }

  async failoverTest(name: string, options: OrderOptions): Promise<ServerAnswer> {
    return await this.#watched(name).orders.test(options);
  }

  async failoverApprove(name: string, options: OrderOptions): Promise<ServerAnswer> {
    return await this.#watched(name).orders.approve(options);
  }

  async failback(name: string, options: OrderOptions): Promise<ServerAnswer> {
    return await this.#watched(name).orders.failback(options);
  }

  async replicate(
    name: string,
    { direction, reason }: { readonly direction: "fromLive" | "toLive"; readonly reason: string },
  ): Promise<ServerAnswer> {
    return this.#watched(name).orders.replicate(direction, reason);
  }

  async serverCancel(name: string): Promise<ServerStatus> {
    this.#watched(name).orders.cancel();
    return this.#statusOf(this.#find(name));
  }

  /** Resolves when the server is watched, which waits for a plan that was broken off; never rejects. */
  async #begin(server: ServerSettings, reason: string, lastWork: Work | null = null): Promise<void> {
    const { report, clock, hostClock, tools, createReplicators } = this.#options;
    const context = this.#context();
    const { maintenance, boot } = serverStateOf(this.#states, server.name);
    let watch: ServerWatch | null = null;
    try {
      watch = new ServerWatch({
        server,
        context,
        hostClock,
        rounds: new LiveRounds(server, tools, () => clock.nowMs()),
        runner: this.#runner,
        replicators: await createReplicators(server, context),
        stage: this.#stage,
        maintenance,
        rebooted: boot !== null && this.#boot !== null && boot !== this.#boot,
        lastWork,
        save: (state) => this.#keep(server.name, state),
        onQuiet: () => this.#renewIfChanged(server.name),
      });
      this.#watches.set(keyOf(server), watch);
      await watch.start(reason);
    } catch (error) {
      if (watch !== null) await this.#end(watch);
      const code = error instanceof UnderstudyError ? error.code : "INTERNAL";
      const place = { pair: server.name, server: server.name, machine: server.address, client: null };
      report({ kind: "serverNotStarted", code, detail: detailOf(error) }, place);
    }
  }

  #context(): ServerContext {
    const { projectFile, stateDirectory, report, clock } = this.#options;
    return { projectFile, stateDirectory, report, clock };
  }

  async #end(watch: ServerWatch): Promise<void> {
    if (this.#watches.get(keyOf(watch.server)) === watch) this.#watches.delete(keyOf(watch.server));
    await watch.end();
  }

  /** A removed server that this machine stands in for is let go of when it has its role back. */
  async #applyRemoval(server: ServerSettings): Promise<void> {
    const watch = this.#watches.get(keyOf(server));
    if (watch?.role !== "live" || watch.isBusy) return;
    await this.#end(watch);
    watch.report({ kind: "serverNotWatched", reason: "removed from the project" });
    await this.#keep(server.name, unknownServerState);
  }

  #renewIfChanged(name: string): void {
    const watch = this.#watches.get(name.toLowerCase());
    const found = findServer(this.#project, name);
    if (this.#stopped || !watch || (found.ok && found.server === watch.server)) return;
    void this.#inOrder(() => (found.ok ? this.#renew(name) : this.#applyRemoval(watch.server)));
  }

  /** Watches a server anew with the settings that the project has now. Who follows its work still learns how it ended. */
  async #renew(name: string): Promise<void> {
    const watch = this.#watches.get(name.toLowerCase());
    const found = findServer(this.#project, name);
    if (!watch || !found.ok || watch.role !== "live" || watch.isBusy || watch.server === found.server) return;
    this.#between.set(keyOf(watch.server), watch.status());
    try {
      await this.#end(watch);
      await this.#begin(found.server, "its settings changed", watch.lastWork);
    } finally {
      this.#between.delete(keyOf(watch.server));
    }
  }

  #watchedStates(): ServerStates {
    const names = new Set(this.#watches.keys());
    return Object.fromEntries(Object.entries(this.#states).filter(([name]) => names.has(name)));
  }

  #keep(name: string, state: Omit<ServerState, "boot">): Promise<void> {
    this.#states = withServerState(this.#states, name, { ...state, boot: this.#boot });
    const { stateDirectory } = this.#options;
    const write = (): Promise<void> => saveServerStates(stateDirectory, this.#states);
    const saved = this.#saved.then(write, write);
    this.#saved = saved.catch(() => undefined);
    return saved;
  }

  #find(name: string): ServerSettings {
    const found = findServer(this.#project, name);
    if (found.ok) return found.server;
    // One that this machine stands in for is still there when the project no longer has it.
    const watch = this.#watches.get(name.toLowerCase());
    if (watch) return watch.server;
    throw new UnderstudyError(
      "SERVER_UNKNOWN",
      `There is no protected server ${name}; expected ${found.expected}.`,
    );
  }

  #watched(name: string): ServerWatch {
    const server = this.#find(name);
    const watch = this.#watches.get(keyOf(server));
    if (watch) return watch;
    const message = `${server.name} is not watched on this machine; enable it first: understudy server enable ${server.name}`;
    throw new UnderstudyError("SERVER_DISABLED", message);
  }

  #statusOf(server: ServerSettings): ServerStatus {
    const key = keyOf(server);
    return this.#watches.get(key)?.status() ?? this.#between.get(key) ?? disabledStatus(server);
  }
}

function keyOf({ name }: ServerSettings): string {
  return name.toLowerCase();
}
