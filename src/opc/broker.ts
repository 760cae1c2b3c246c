import type {
  BrokerApi,
  BrowsedItem,
  Following,
  FoundEndpoint,
  FoundProgId,
  PairStatus,
  ReloadAnswer,
  SwitchoverAnswer,
} from "../control/broker-api.ts";
import { UnderstudyError } from "../core/error.ts";
import type { Role } from "../core/role.ts";
import type { ReportEvent } from "../diagnostics/event.ts";
import { oneAtATime } from "../host/one-at-a-time.ts";
import type { PairHost } from "../host/pair-host.ts";
import { adoptDeployment, deployedPairs } from "../project/deployment-mark.ts";
import { diffProjects, type ProjectDifference } from "../project/difference.ts";
import {
  isPairEnabled,
  type MachineState,
  readMachineState,
  saveMachineState,
  withPairEnabled,
} from "../project/machine-state.ts";
import { endpointUrlOf, policyOf } from "../project/policy.ts";
import { admitsOpcDaClients, type Pair, type Project, pairName } from "../project/project.ts";
import { readProject } from "../project/project-file.ts";
import type { Clock } from "./clock.ts";
import { daUrlOf } from "./da/da-place.ts";
import { DaService } from "./da/da-service.ts";
import { availablePipeGuard } from "./da/gateway/available-pipe-guard.ts";
import { availableHelper } from "./da/helper/available-helper.ts";
import { proxyTeller } from "./da/hook/tell-proxies.ts";
import { UaService } from "./ua/ua-service.ts";

export interface BrokerOptions {
  readonly project: Project;
  readonly projectFile: string;
  readonly stateDirectory: string;
  readonly machineState: MachineState;
  readonly report: ReportEvent;
  readonly clock: Clock;
}

/** All pairs of a project on this machine. */
export interface Broker extends Omit<BrokerApi, "testNotification"> {
  /** The state an OPC UA server tells of itself, e.g. `Running`; for the probes of protected servers. */
  readonly askServerState?: (endpointUrl: string, signal: AbortSignal) => Promise<string>;
  start(): Promise<void>;
  /** Lets clients and members go. */
  stop(reason: string): Promise<void>;
}

const deploymentReason = "a project was deployed on this machine";
const noContext = Object.freeze({ pair: null, server: null, machine: null, client: null });

/** Prepares a broker; nothing listens or connects before `start`. */
export async function createBroker(options: BrokerOptions): Promise<Broker> {
  const ua = await UaService.create({
    settings: options.project.opcUa,
    projectFile: options.projectFile,
    stateDirectory: options.stateDirectory,
    report: options.report,
    clock: options.clock,
  });
  const starter = availableHelper();
  const da = new DaService({
    stateDirectory: options.stateDirectory,
    endpoint: process.env["UNDERSTUDY_DA_ENDPOINT"] ?? null,
    token: process.env["UNDERSTUDY_DA_TOKEN"] ?? null,
    starter: starter && (() => starter),
    tellProxies: proxyTeller(process.platform, process.env["UNDERSTUDY_DA_WINE_PREFIX"]),
    guardPipe: availablePipeGuard(),
    report: options.report,
    clock: options.clock,
    others: () => ua.daClients(),
  });
  return new OpcBroker(options, ua, da);
}

/** A pair that is enabled on this machine, whatever its protocol. */
interface RunningPair {
  readonly pair: Pair;
  readonly host: PairHost;
  apply(pair: Pair, reconnect: boolean): Promise<void>;
  status(endpointUrls: readonly string[]): PairStatus;
  browse(member: Role, node: string | null, signal?: AbortSignal): Promise<readonly BrowsedItem[]>;
}

class OpcBroker implements Broker {
  readonly #options: BrokerOptions;
  readonly #ua: UaService;
  readonly #da: DaService;
  #project: Project;
  #machineState: MachineState;
  /** Operations that change what runs are carried out one after another. */
  readonly #inOrder = oneAtATime();

  constructor(options: BrokerOptions, ua: UaService, da: DaService) {
    this.#options = options;
    this.#ua = ua;
    this.#da = da;
    this.#project = options.project;
    this.#machineState = options.machineState;
  }

  readonly askServerState = (endpointUrl: string, signal: AbortSignal): Promise<string> =>
    this.#ua.askServerState(endpointUrl, signal);

  start(): Promise<void> {
    return this.#inOrder(async () => {
      await this.#ua.listen();
      // elsewhere proxies are told where to connect; it listens when there is something to tell them
      if (process.platform === "win32" || process.env["UNDERSTUDY_DA_ENDPOINT"]) await this.#da.listen();
      for (const pair of this.#project.pairs) {
        if (isPairEnabled(this.#machineState, pairName(pair))) await this.#tryPair(pair, "broker started");
      }
    });
  }

  stop(reason: string): Promise<void> {
    return this.#inOrder(async () => {
      await Promise.all([this.#ua.stop(reason), this.#da.stop(reason)]);
    });
  }

  async status(): Promise<readonly PairStatus[]> {
    return this.#project.pairs.map((pair) => this.#statusOf(pair));
  }

  enable(name: string, reason: string): Promise<PairStatus> {
    return this.#inOrder(async () => {
      const pair = this.#find(name);
      if (!this.#enabledPair(pairName(pair))) await this.#startPair(pair, reason);
      await this.#keepEnabled(pair, true);
      return this.#statusOf(pair);
    });
  }

  disable(name: string, reason: string): Promise<PairStatus> {
    return this.#inOrder(async () => {
      const pair = this.#find(name);
      await this.#remove(pairName(pair), reason);
      await this.#keepEnabled(pair, false);
      return this.#statusOf(pair);
    });
  }

  async suspend(name: string, reason: string): Promise<PairStatus> {
    this.#running(name).host.suspend(reason);
    return this.#statusOf(this.#find(name));
  }

  async resume(name: string, reason: string): Promise<PairStatus> {
    this.#running(name).host.resume(reason);
    return this.#statusOf(this.#find(name));
  }

  approve(name: string, reason: string): Promise<SwitchoverAnswer> {
    return this.#running(name).host.approve(reason);
  }

  switchover(
    name: string,
    options: {
      readonly to: Role | null;
      readonly reason: string;
      readonly force: boolean;
      readonly dryRun: boolean;
    },
  ): Promise<SwitchoverAnswer> {
    return this.#running(name).host.switchover(options);
  }

  async browse(
    name: string,
    member: Role,
    node: string | null,
    { signal }: Following = {},
  ): Promise<readonly BrowsedItem[]> {
    return await this.#running(name).browse(member, node, signal);
  }

  findEndpoints(url: string, { signal }: Following = {}): Promise<readonly FoundEndpoint[]> {
    return this.#ua.findEndpoints(url, signal);
  }

  findServers(machine: string | null, { signal }: Following = {}): Promise<readonly FoundProgId[]> {
    return this.#da.findServers(machine, signal);
  }

  reload(): Promise<ReloadAnswer> {
    return this.#inOrder(async () => {
      // all of it is read and validated before any of it is applied
      const { project } = await readProject(this.#options.projectFile);
      const difference = diffProjects(this.#project, project);
      // a project that was deployed brings with it which pairs are enabled
      const deployed = await deployedPairs(this.#options.stateDirectory);
      if (difference.isEmpty && deployed === null)
        return { added: [], removed: [], changed: [], restarted: [] };
      await this.#apply(project, difference, deployed);
      const answer = answerOf(difference);
      const changed = [...answer.added, ...answer.removed, ...answer.changed, ...answer.restarted];
      this.#options.report({ kind: "projectApplied", changed }, noContext);
      return answer;
    });
  }

  async #apply(
    project: Project,
    difference: ProjectDifference,
    deployed: { readonly pairs: readonly string[]; readonly reason: string | null } | null,
  ): Promise<void> {
    // the front first: an address that cannot be used refuses the project before anything else is touched
    if (difference.front.length > 0) await this.#ua.applyFront(project.opcUa, difference.frontRestarts);
    const reason = deployed?.reason ?? deploymentReason;
    if (deployed !== null) await this.#takeOverDeployment(deployed.pairs, reason);
    // the CLI may have named other pairs as enabled while it edited the project
    const stored = await readMachineState(this.#options.stateDirectory);
    for (const pair of difference.removed) await this.#remove(pairName(pair), "removed from the project");
    for (const { after, reconnect } of [...difference.changed, ...difference.reconnected]) {
      await this.#applyPair(after, reconnect.length > 0);
      await this.#ua.applyPorts();
    }
    for (const pair of difference.added) {
      const name = pairName(pair);
      if (!isPairEnabled(stored, name)) continue;
      this.#machineState = withPairEnabled(this.#machineState, name, true);
      await this.#tryPair(pair, "added to the project");
    }
    this.#project = project;
    for (const pair of deployed === null ? [] : project.pairs) {
      const name = pairName(pair);
      if (isPairEnabled(stored, name) && !this.#enabledPair(name)) await this.#tryPair(pair, reason);
    }
  }

  /** Only the pairs that the deployment names go on. */
  async #takeOverDeployment(enabled: readonly string[], reason: string): Promise<void> {
    const kept = new Set(enabled.map((name) => name.toLowerCase()));
    for (const pair of this.#project.pairs) {
      const name = pairName(pair);
      if (!kept.has(name.toLowerCase())) await this.#remove(name, reason);
    }
    await adoptDeployment(this.#options.stateDirectory);
    this.#machineState = await readMachineState(this.#options.stateDirectory);
  }

  /** A pair that changed its protocol is another one under the same name. */
  async #applyPair(after: Pair, reconnect: boolean): Promise<void> {
    const running = this.#enabledPair(pairName(after));
    if (running?.pair.protocol === after.protocol) {
      await running.apply(after, reconnect);
      await this.#admitDaClients(after);
    } else if (running) {
      await this.#remove(pairName(after), "its protocol changed");
      await this.#tryPair(after, "its protocol changed");
    }
  }

  /** One pair that cannot start must not keep the others from it. */
  async #tryPair(pair: Pair, reason: string): Promise<void> {
    try {
      await this.#startPair(pair, reason);
    } catch (error) {
      const code = error instanceof UnderstudyError ? error.code : "INTERNAL";
      const context = { ...noContext, pair: pairName(pair), server: pair.server };
      this.#options.report({ kind: "pairNotStarted", code, detail: (error as Error).message }, context);
    }
  }

  async #startPair(pair: Pair, reason: string): Promise<void> {
    const started: RunningPair = await this.#add(pair);
    started.host.enable(reason);
  }

  async #add(pair: Pair): Promise<RunningPair> {
    switch (pair.protocol) {
      case "opcua": {
        const added = await this.#ua.add(pair);
        await this.#admitDaClients(pair);
        return added;
      }
      case "opcda": {
        const added = await this.#da.add(pair);
        this.#ua.addGuest(added);
        return added;
      }
    }
  }

  /** OPC UA clients are served whether or not OPC DA clients can be listened to, which is reported. */
  async #admitDaClients(pair: Pair): Promise<void> {
    if (pair.protocol !== "opcua") return;
    if (pair.opcDaClients) await this.#da.listen().catch(() => undefined);
    else this.#closeDaClients(pairName(pair), "OPC DA clients are not admitted");
  }

  #closeDaClients(name: string, reason: string): void {
    const pair = this.#ua.find(name);
    if (pair) this.#da.closeClients(pair.daClients, reason);
  }

  async #remove(name: string, reason: string): Promise<void> {
    this.#closeDaClients(name, reason);
    await this.#ua.remove(name, reason);
    await this.#ua.removeGuest(name, reason);
    await this.#da.remove(name, reason);
  }

  #enabledPair(name: string): RunningPair | null {
    return this.#ua.find(name) ?? this.#da.find(name);
  }

  async #keepEnabled(pair: Pair, enabled: boolean): Promise<void> {
    const { stateDirectory } = this.#options;
    this.#machineState = withPairEnabled(this.#machineState, pairName(pair), enabled);
    const stored = await readMachineState(stateDirectory);
    await saveMachineState(stateDirectory, withPairEnabled(stored, pairName(pair), enabled));
  }

  #find(name: string): Pair {
    const lower = name.toLowerCase();
    const pair =
      this.#project.pairs.find((each) => pairName(each) === name) ??
      this.#project.pairs.find((each) => pairName(each).toLowerCase() === lower);
    if (pair) return pair;
    const names = this.#project.pairs.map(pairName).join(", ");
    throw new UnderstudyError("PAIR_UNKNOWN", `there is no pair ${name}; the project has ${names || "none"}`);
  }

  #running(name: string): RunningPair {
    const pair = this.#find(name);
    const running = this.#enabledPair(pairName(pair));
    if (running) return running;
    const message = `${pairName(pair)} is disabled on this machine; enable it first: understudy pair enable ${pairName(pair)}`;
    throw new UnderstudyError("PAIR_DISABLED", message);
  }

  #statusOf(pair: Pair): PairStatus {
    const name = pairName(pair);
    const proxies = admitsOpcDaClients(pair) ? this.#da.endpointUrls() : [];
    const urls = [...proxies, ...this.#ua.endpointUrls(pair)];
    return this.#enabledPair(name)?.status(urls) ?? disabledStatus(pair);
  }
}

function namesOf(named: readonly { readonly name: string }[]): readonly string[] {
  return named.map(({ name }) => name);
}

function answerOf(difference: ProjectDifference): ReloadAnswer {
  // Protected servers are not the broker's, but whoever reloads wants to hear of them, too.
  const { servers } = difference;
  return {
    added: [...difference.added.map(pairName), ...namesOf(servers.added)],
    removed: [...difference.removed.map(pairName), ...namesOf(servers.removed)],
    changed: [...difference.changed.map(({ name }) => name), ...namesOf(servers.changed)],
    restarted: difference.reconnected.map(({ name }) => name),
  };
}

/** A pair that is not enabled on this machine: nothing listens, nothing is connected. */
function disabledStatus(pair: Pair): PairStatus {
  const { mode } = policyOf(pair);
  const members = (["primary", "secondary"] as const).map((role) => ({
    role,
    machine: pair[role].machine,
    endpointUrl: pair.protocol === "opcda" ? daUrlOf(pair[role], pair.server) : endpointUrlOf(pair[role]),
    link: "down" as const,
    health: "unknown" as const,
    pingMs: null,
    monitorItemsInError: [],
  }));
  return {
    name: pairName(pair),
    server: pair.server,
    alias: pair.alias,
    protocol: pair.protocol,
    endpointUrls: [],
    enabled: false,
    suspended: false,
    locked: false,
    mode,
    active: null,
    awaitingApproval: null,
    members,
    clients: 0,
    subscriptions: 0,
    monitoredItems: 0,
    valuesForwarded: 0,
    switchovers: 0,
    description: `disabled ${mode}`,
  };
}
