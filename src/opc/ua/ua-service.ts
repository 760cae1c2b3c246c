import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { MessageSecurityMode, type StatusCode, StatusCodes } from "node-opcua";
import type { FoundEndpoint } from "../../control/broker-api.ts";
import type { Role } from "../../core/role.ts";
import type { ReportEvent } from "../../diagnostics/event.ts";
import { systemHostClock } from "../../host/host-clock.ts";
import { admitsOpcDaClients, type OpcUaFrontSettings, type Pair, pairName } from "../../project/project.ts";
import type { Clock } from "../clock.ts";
import type { DaClients } from "../da/da-clients.ts";
import type { SessionAudience } from "../relay/session-audience.ts";
import { pairUrl } from "./front/endpoints.ts";
import { Listener } from "./front/listener.ts";
import { PairFront, type UpstreamClient } from "./front/pair-front.ts";
import { endSession, SessionTable } from "./front/session-services.ts";
import { type ApplicationIdentity, loadApplicationIdentity } from "./pki/application-identity.ts";
import type { RelaySession } from "./relay/relay-session.ts";
import { UaPair } from "./ua-pair.ts";
import { askServerState } from "./upstream/ask-server-state.ts";
import { discoverEndpoints } from "./upstream/discovery.ts";
import type { UpstreamSession } from "./upstream/upstream-session.ts";

export interface UaServiceOptions {
  readonly settings: OpcUaFrontSettings;
  readonly projectFile: string;
  readonly stateDirectory: string;
  readonly report: ReportEvent;
  readonly clock: Clock;
}

/** A pair whose members speak another protocol, as OPC UA clients reach it. */
export interface GuestPair {
  readonly pair: Pair;
  readonly uaAudience: SessionAudience<RelaySession>;
  /** Opens a session of a client on a member. Throws ServiceError. */
  openAsUa(role: Role, client: UpstreamClient): Promise<UpstreamSession>;
}

interface Guest {
  readonly guest: GuestPair;
  readonly front: PairFront;
}

/** Time that clients have to see that the broker ends, in ms; a part of the two seconds that a stop may take. */
const shutdownNoticeMs = 200;
/** Longest time that the members may take to end sessions, in ms, twice. */
const goodbyeMs = 250;
/** Limit for asking a server what endpoints it has, in ms. */
const findTimeoutMs = 5000;
/** How often sessions and subscriptions are looked at for what is due, in ms. */
const tickMs = 250;

/** The OPC UA side of the broker: its identity, its ports, the pairs behind them and their clients' sessions. */
export class UaService {
  readonly #options: UaServiceOptions;
  readonly #identity: ApplicationIdentity;
  readonly #sessions = new SessionTable();
  readonly #pairs = new Map<string, UaPair>();
  readonly #guests = new Map<string, Guest>();
  /** Ports of single pairs, by the pair's name. */
  readonly #ownPorts = new Map<string, Listener>();
  #settings: OpcUaFrontSettings;
  #shared: Listener | null = null;
  #ticker: NodeJS.Timeout | null = null;

  private constructor(options: UaServiceOptions, identity: ApplicationIdentity) {
    this.#options = options;
    this.#identity = identity;
    this.#settings = options.settings;
  }

  /** Loads, and at the first start makes, the broker's certificate. Throws CERTIFICATE_INVALID. */
  static async create(options: UaServiceOptions): Promise<UaService> {
    const identity = await loadApplicationIdentity({ directory: join(options.stateDirectory, "pki") });
    return new UaService(options, identity);
  }

  /** Listens on the shared port. Throws LISTEN_FAILED. */
  async listen(): Promise<void> {
    this.#shared = await this.#open(this.#settings.port, () => this.#fronts());
    this.#ticker = setInterval(() => this.#tick(), tickMs);
  }

  /** See `askServerState`; as this broker, with its certificate. */
  askServerState(endpointUrl: string, signal: AbortSignal): Promise<string> {
    return askServerState(endpointUrl, this.#identity, signal);
  }

  /** The OPC DA clients of all pairs that admit them. */
  *daClients(): Iterable<DaClients> {
    for (const { pair, daClients } of this.#pairs.values()) if (admitsOpcDaClients(pair)) yield daClients;
  }

  /** What a server offers, and with which security. Throws what connecting throws. */
  async findEndpoints(url: string, signal?: AbortSignal): Promise<readonly FoundEndpoint[]> {
    const endpoints = await discoverEndpoints(url, {
      application: this.#identity,
      timeoutMs: findTimeoutMs,
      signal,
    });
    return endpoints.map(({ server, endpointUrl, securityPolicyUri, securityMode }) => ({
      name: server.applicationName.text ?? "",
      endpointUrl: endpointUrl ?? url,
      security: `${securityPolicyUri?.split("#").at(-1) ?? "None"} ${MessageSecurityMode[securityMode]}`,
    }));
  }

  find(name: string): UaPair | null {
    return this.#pairs.get(name) ?? null;
  }

  /** Makes a pair reachable for clients; its host is not enabled yet. Throws LISTEN_FAILED, SECRET_NOT_FOUND. */
  async add(pair: Pair): Promise<UaPair> {
    const { projectFile, stateDirectory, clock, report } = this.#options;
    const added = await UaPair.create({
      pair,
      projectFile,
      stateDirectory,
      identity: this.#identity,
      clock,
      hostClock: systemHostClock,
      report,
      front: () => this.#settings,
    });
    const name = pairName(pair);
    this.#pairs.set(name, added);
    try {
      await this.applyPorts();
    } catch (error) {
      this.#pairs.delete(name);
      throw error;
    }
    return added;
  }

  /** Makes a pair of another protocol reachable for OPC UA clients. */
  addGuest(guest: GuestPair): void {
    const { clock, report } = this.#options;
    const name = pairName(guest.pair);
    const front = new PairFront({
      name,
      identity: this.#identity,
      audience: guest.uaAudience,
      clock,
      front: () => this.#settings,
      member: (role) => guest.pair[role],
      detectionMs: () => guest.pair.queryServerStatusInterval + guest.pair.queryServerStatusTimeout,
      openUpstream: (role, client) => guest.openAsUa(role, client),
      report: (record, role, client) => {
        const { server } = guest.pair;
        report(record, { pair: name, server, machine: role ? guest.pair[role].machine : null, client });
      },
    });
    this.#guests.set(name, { guest, front });
  }

  /** Takes a pair of another protocol away from its OPC UA clients. */
  async removeGuest(name: string, reason: string): Promise<void> {
    const removed = this.#guests.get(name);
    if (!removed) return;
    await this.#endSessions(removed.front, reason);
    this.#shared?.closeChannels(removed.front);
    this.#guests.delete(name);
  }

  /** Takes a pair away from its clients. */
  async remove(name: string, reason: string): Promise<void> {
    const removed = this.#pairs.get(name);
    if (!removed) return;
    removed.host.disable(reason);
    await this.#endSessions(removed.front, reason);
    this.#shared?.closeChannels(removed.front);
    this.#pairs.delete(name);
    await removed.stop();
    await this.applyPorts();
  }

  /** Puts other front settings in force; a new address or port drops all clients. Throws LISTEN_FAILED. */
  async applyFront(settings: OpcUaFrontSettings, restart: boolean): Promise<void> {
    const former = this.#settings;
    this.#settings = settings;
    if (!restart) return;
    const shared = this.#shared;
    await shared?.close();
    try {
      this.#shared = await this.#open(settings.port, () => this.#fronts());
    } catch (error) {
      this.#settings = former;
      this.#shared = await this.#open(former.port, () => this.#fronts());
      throw error;
    }
    for (const [name, listener] of this.#ownPorts) {
      this.#ownPorts.delete(name);
      await listener.close();
    }
    await this.applyPorts();
  }

  /** Brings the pairs' own ports in line with their settings. Throws LISTEN_FAILED. */
  async applyPorts(): Promise<void> {
    for (const [name, listener] of this.#ownPorts) {
      if (this.#pairs.get(name)?.pair.port === listener.askedPort) continue;
      this.#ownPorts.delete(name);
      await listener.close();
    }
    for (const [name, pair] of this.#pairs) {
      const { port } = pair.pair;
      if (port === null || this.#ownPorts.has(name)) continue;
      this.#ownPorts.set(name, await this.#open(port, () => [pair.front]));
    }
  }

  /** Where clients reach a pair; the shared port first. */
  endpointUrls(pair: Pair): string[] {
    const name = pairName(pair);
    const listeners = [this.#shared, this.#ownPorts.get(name)];
    return listeners.flatMap((listener) =>
      listener ? [pairUrl(`${bracketed(this.#settings.host)}:${listener.port}`, name)] : [],
    );
  }

  /** Tells the clients, lets them a moment to see it, then ends their sessions, the channels and the links. */
  async stop(reason: string): Promise<void> {
    const shutdown = { atWallMs: this.#options.clock.wallMs() + shutdownNoticeMs, reason };
    const announce = (): boolean =>
      this.#fronts()
        .map((front) => front.announceShutdown(shutdown))
        .includes(true);
    if (announce()) {
      await delay(shutdownNoticeMs);
      // the countdown ends, and whatever a member has said of its own status meanwhile is not the last word
      announce();
    }
    if (this.#ticker) clearInterval(this.#ticker);
    this.#ticker = null;
    // a member that hangs must not keep the clients' channels from being closed in good order
    await atMost(
      goodbyeMs,
      this.#fronts().map((front) => this.#endSessions(front, reason, StatusCodes.BadShutdown)),
    );
    const listeners = [...this.#ownPorts.values(), ...(this.#shared ? [this.#shared] : [])];
    this.#shared = null;
    this.#ownPorts.clear();
    await Promise.all([
      ...listeners.map((listener) => listener.close()),
      atMost(
        goodbyeMs,
        [...this.#pairs.values()].map((pair) => pair.stop()),
      ),
    ]);
    this.#pairs.clear();
  }

  #fronts(): PairFront[] {
    return [...this.#pairs.values(), ...this.#guests.values()].map(({ front }) => front);
  }

  async #open(port: number, pairs: () => readonly PairFront[]): Promise<Listener> {
    const { report, clock } = this.#options;
    const { host } = this.#settings;
    const url = `opc.tcp://${bracketed(host)}:${port}`;
    const context = { pair: null, server: null, machine: null, client: null };
    const listener = new Listener({
      host,
      port,
      identity: this.#identity,
      sessions: this.#sessions,
      clock,
      front: () => this.#settings,
      pairs,
      onInternalError: (error, request) =>
        report({ kind: "internalError", detail: `${request}: ${stackOf(error)}` }, context),
    });
    try {
      await listener.listen();
    } catch (error) {
      report({ kind: "listenFailed", url, detail: (error as Error).message }, context);
      throw error;
    }
    report({ kind: "listening", url }, context);
    return listener;
  }

  async #endSessions(front: PairFront, reason: string, status?: StatusCode): Promise<void> {
    const sessions = this.#sessions.all().filter((session) => session.front === front);
    await Promise.all(sessions.map((session) => endSession(this.#sessions, session, reason, status)));
  }

  #tick(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const session of this.#sessions.all()) {
      if (session.isExpired(nowMs)) {
        endSession(this.#sessions, session, "session timed out").catch(() => undefined);
      }
    }
    for (const { audience } of this.#pairs.values()) audience.tick(nowMs);
    for (const { guest } of this.#guests.values()) guest.uaAudience.tick(nowMs);
  }
}

async function atMost(timeoutMs: number, work: readonly Promise<unknown>[]): Promise<void> {
  await Promise.race([Promise.allSettled(work), delay(timeoutMs, undefined, { ref: false })]);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
