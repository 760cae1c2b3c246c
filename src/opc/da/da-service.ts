import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { FoundProgId } from "../../control/broker-api.ts";
import { UnderstudyError } from "../../core/error.ts";
import type { Role } from "../../core/role.ts";
import { detailOf } from "../../diagnostics/detail-of.ts";
import type { ReportEvent } from "../../diagnostics/event.ts";
import { systemHostClock } from "../../host/host-clock.ts";
import { writeFileAtomically } from "../../project/atomic-file.ts";
import { type Pair, pairName } from "../../project/project.ts";
import type { Clock } from "../clock.ts";
import type { DaClients } from "./da-clients.ts";
import { DaPair } from "./da-pair.ts";
import { findDaServers } from "./find-da-servers.ts";
import {
  Gateway,
  type GatewayEndpoint,
  gatewayEndpointText,
  isToken,
  parseGatewayEndpoint,
} from "./gateway/gateway.ts";
import type { TellProxies } from "./hook/tell-proxies.ts";
import type { HelperStarter } from "./upstream/helper.ts";

export interface DaServiceOptions {
  readonly stateDirectory: string;
  /** Where proxies connect; null = a named pipe on Windows, any loopback port elsewhere. */
  readonly endpoint: string | null;
  /** Proof that proxies must give over TCP; null = one is made. */
  readonly token: string | null;
  /** Starts helper processes for a member; null where this machine or build has none. */
  readonly starter: ((role: Role) => HelperStarter) | null;
  /** Tells proxies that cannot know it where to connect; null where they know. */
  readonly tellProxies?: TellProxies | null;
  readonly report: ReportEvent;
  readonly clock: Clock;
  /** Sets who may connect to a named pipe that listens; null or missing = it keeps the system's own access list. */
  readonly guardPipe?: ((name: string) => Promise<unknown>) | null;
  /** Clients of enabled pairs whose members are no OPC DA servers. */
  others?(): Iterable<DaClients>;
}

/** How often calls are looked at for what has waited too long, in ms. */
const tickMs = 250;
const defaultPipe = "pipe:understudy-da";
const defaultTcp = "tcp:127.0.0.1:0";
const context = Object.freeze({ pair: null, server: null, machine: null, client: null });

/** The OPC DA side of the broker: its gateway for proxies and the pairs behind it. Listens while it has pairs. */
export class DaService {
  readonly #options: DaServiceOptions;
  readonly #token: string;
  readonly #pairs = new Map<string, DaPair>();
  #gateway: Gateway | null = null;
  #endpoint: GatewayEndpoint | null = null;
  #ticker: NodeJS.Timeout | null = null;
  #isKeptListening = false;

  constructor(options: DaServiceOptions) {
    this.#options = options;
    this.#token = options.token ?? randomBytes(32).toString("hex");
  }

  find(name: string): DaPair | null {
    return this.#pairs.get(name) ?? null;
  }

  /** Where proxies connect now; null while nothing listens. */
  get endpoint(): string | null {
    return this.#endpoint && gatewayEndpointText(this.#endpoint);
  }

  /** For the status of a pair. */
  endpointUrls(): string[] {
    return this.endpoint === null ? [] : [this.endpoint];
  }

  get token(): string {
    return this.#token;
  }

  /** Makes a pair reachable for clients; its host is not enabled yet. Throws PROTOCOL_UNSUPPORTED, LISTEN_FAILED. */
  async add(pair: Pair): Promise<DaPair> {
    const { starter, clock, report } = this.#options;
    const name = pairName(pair);
    if (!starter) {
      throw new UnderstudyError(
        "PROTOCOL_UNSUPPORTED",
        `${name}: this machine has no OPC DA helper; install the native parts (npm run build:native), set protocol to opcua, or disable the pair`,
      );
    }
    await this.#listen();
    const added = new DaPair({
      pair,
      starter,
      clock,
      hostClock: systemHostClock,
      stateDirectory: this.#options.stateDirectory,
      report,
    });
    this.#pairs.set(name, added);
    return added;
  }

  /** The OPC DA servers of a machine; null = this one. Throws what `findDaServers` throws. */
  findServers(machine: string | null, signal?: AbortSignal): Promise<readonly FoundProgId[]> {
    return findDaServers(this.#options.starter?.("primary") ?? null, machine, signal);
  }

  /** Listens also while there is no OPC DA pair, for the OPC DA clients of other pairs. Throws LISTEN_FAILED. */
  async listen(): Promise<void> {
    this.#isKeptListening = true;
    await this.#listen();
  }

  /** Ends the connections of the OPC DA clients of a pair. */
  closeClients(clients: DaClients, reason: string): void {
    this.#gateway?.closeClients((target) => clients.answersTo(target), reason);
  }

  /** Takes a pair away from its clients. */
  async remove(name: string, reason: string): Promise<void> {
    const removed = this.#pairs.get(name);
    if (!removed) return;
    this.#pairs.delete(name);
    removed.host.disable(reason);
    this.closeClients(removed.clients, reason);
    await removed.stop();
    if (this.#pairs.size === 0 && !this.#isKeptListening) await this.#endListening(reason);
  }

  async stop(reason: string): Promise<void> {
    await this.#endListening(reason);
    await Promise.all([...this.#pairs.values()].map((pair) => pair.stop()));
    this.#pairs.clear();
  }

  async #listen(): Promise<void> {
    if (this.#gateway) return;
    const { report, stateDirectory } = this.#options;
    const asked = parseGatewayEndpoint(
      this.#options.endpoint ?? (process.platform === "win32" ? defaultPipe : defaultTcp),
    );
    const gateway = new Gateway({
      refuse: (token) =>
        // a pipe is guarded by its access list
        asked.kind === "pipe" || isToken(token, this.#token) ? null : "the token is wrong",
      knows: (target) => this.#clientsOf(target) !== null,
      open: async (client, deliver) => {
        const clients = this.#clientsOf(client.target);
        if (!clients) throw new UnderstudyError("PAIR_DISABLED", `no pair ${client.target} is enabled here`);
        return clients.openClient(client, deliver);
      },
      program: "understudy",
      onInternalError: (error, request) => {
        const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
        report({ kind: "internalError", detail: `${request}: ${detail}` }, context);
      },
    });
    try {
      this.#endpoint = await gateway.listen(asked);
    } catch (error) {
      report(
        { kind: "listenFailed", url: gatewayEndpointText(asked), detail: (error as Error).message },
        context,
      );
      throw error;
    }
    await this.#guard(this.#endpoint);
    this.#gateway = gateway;
    this.#ticker = setInterval(() => this.#tick(), tickMs);
    report({ kind: "listening", url: gatewayEndpointText(this.#endpoint) }, context);
    const folder = join(stateDirectory, "da");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const told = { endpoint: gatewayEndpointText(this.#endpoint), token: this.#token };
    await writeFileAtomically(join(folder, "gateway.json"), `${JSON.stringify(told)}\n`, 0o600);
    await this.#options.tellProxies?.(told).catch((error: unknown) => {
      const detail = `OPC DA clients do not find the broker: ${detailOf(error)}`;
      report({ kind: "internalError", detail }, context);
    });
  }

  /** Without its access list the pipe is open to fewer people here, but not shut to the network. */
  async #guard(endpoint: GatewayEndpoint): Promise<void> {
    const { guardPipe, report } = this.#options;
    if (endpoint.kind !== "pipe" || !guardPipe) return;
    try {
      await guardPipe(endpoint.name);
    } catch (error) {
      const detail = (error as Error).message;
      report({ kind: "pipeNotGuarded", url: gatewayEndpointText(endpoint), detail }, context);
    }
  }

  async #endListening(reason: string): Promise<void> {
    if (this.#ticker) clearInterval(this.#ticker);
    this.#ticker = null;
    const gateway = this.#gateway;
    this.#gateway = null;
    this.#endpoint = null;
    await gateway?.close(reason);
  }

  #clientsOf(target: string): DaClients | null {
    for (const clients of this.#allClients()) if (clients.answersTo(target)) return clients;
    return null;
  }

  *#allClients(): Iterable<DaClients> {
    for (const { clients } of this.#pairs.values()) yield clients;
    yield* this.#options.others?.() ?? [];
  }

  #tick(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const { audience } of this.#allClients()) audience.tick(nowMs);
  }
}
