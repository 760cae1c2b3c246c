import { type DataValue, ServerState } from "node-opcua";
import { detailOf } from "../../diagnostics/detail-of.ts";
import type { MemberLink, MemberLinkEvents } from "../../host/member-link.ts";
import type { MemberSettings } from "../../project/project.ts";
import { toItemSample } from "./item-sample.ts";
import { ItemWatch, type WatchedItem } from "./item-watch.ts";
import type { NamespaceFacts } from "./namespace-guard.ts";
import type { ApplicationIdentity } from "./pki/application-identity.ts";
import type { EndpointDirectory } from "./upstream/discovery.ts";
import { keepAlive } from "./upstream/keep-alive.ts";
import { readServerState, readValues, serverNodes, serverStateOf } from "./upstream/server-object.ts";
import { openUpstreamSession } from "./upstream/session.ts";
import type { UpstreamSession, UserIdentity } from "./upstream/upstream-session.ts";

export interface UaMemberLinkOptions {
  readonly member: MemberSettings;
  /** The broker's own user on this member. */
  readonly identity: UserIdentity;
  readonly application: ApplicationIdentity;
  readonly directory: EndpointDirectory;
  readonly sessionName: string;
  /** Limit for opening and for each request but the status query, in ms. */
  readonly connectTimeoutMs: number;
  /** The monitor item of that name in the policy; undefined where the settings no longer have it. */
  readonly itemOf: (name: string) => MonitorItemSource | undefined;
}

export interface MonitorItemSource {
  /** In text form, e.g. `ns=1;s=Watchdog`. */
  readonly nodeId: string;
  readonly updateRateMs: number;
}

/** Also how long the server keeps what an aborted link leaves behind, in ms. */
const sessionTimeoutMs = 30_000;
/** How soon a changed ServerStatus.State is told, in ms. */
const stateRateMs = 250;
/** Key of the broker's own item beside the monitor items; no item of a project is named like this. */
const stateItem = "\u0000ServerStatus.State";

/**
 * States in which a server can do nothing for clients; a status query that finds one counts as missed.
 * Test and CommunicationFault still serve (item quality tells of the latter), Unknown proves nothing.
 */
const uselessStates: ReadonlySet<ServerState> = new Set([
  ServerState.Failed,
  ServerState.NoConfiguration,
  ServerState.Suspended,
]);

/** The broker's own session on an OPC UA member: status queries, shutdown notice, monitor items. */
export class UaMemberLink implements MemberLink {
  readonly #options: UaMemberLinkOptions;
  readonly #opening = new AbortController();
  #events: MemberLinkEvents | null;
  #session: UpstreamSession | null = null;
  #watch: ItemWatch | null = null;
  #stopKeepAlive: (() => void) | null = null;
  #server: NamespaceFacts | null = null;
  #probing = 0;
  #shutdownTold = false;

  constructor(options: UaMemberLinkOptions, events: MemberLinkEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** Namespaces and application URI of the server; null until `up`. */
  get server(): NamespaceFacts | null {
    return this.#server;
  }

  open(): void {
    this.#open().catch((error: unknown) => {
      const events = this.#events;
      this.#end();
      events?.failed(detailOf(error));
    });
  }

  /** @throws (rejects) ServiceError, or an Error that names a state in which the server is of no use. */
  async probe(): Promise<number> {
    const session = this.#session;
    if (!session) throw new Error("the link is not up");
    const sentMs = performance.now();
    this.#probing += 1;
    try {
      // Unanswered for as long as it takes: the core minds the time.
      this.#judge(await readServerState(session, 0));
    } finally {
      this.#probing -= 1;
    }
    return performance.now() - sentMs;
  }

  addMonitorItems(names: readonly string[]): void {
    const items: WatchedItem[] = [];
    for (const name of names) {
      const source = this.#options.itemOf(name);
      if (source) items.push({ name, nodeId: source.nodeId, rateMs: source.updateRateMs });
      else queueMicrotask(() => this.#events?.itemAddFailed(name, "the settings have no such monitor item"));
    }
    this.#watch?.add(items);
  }

  removeMonitorItems(names: readonly string[]): void {
    this.#watch?.remove(names);
  }

  close(): void {
    this.#end();
  }

  async #open(): Promise<void> {
    const { member, identity, application, directory, sessionName, connectTimeoutMs } = this.#options;
    const session = await openUpstreamSession(
      member,
      {
        sessionName,
        identity,
        sessionTimeoutMs,
        localeIds: [],
        openTimeoutMs: connectTimeoutMs,
        signal: this.#opening.signal,
      },
      application,
      directory,
    );
    if (!this.#events) {
      session.abort();
      return;
    }
    this.#session = session;
    session.onLost = (detail) => this.#lost(detail);
    const { server, state } = await readServer(session, connectTimeoutMs);
    if (state === ServerState.Shutdown) throw new Error("the server is shutting down");
    if (!this.#events) return;
    this.#server = server;
    this.#stopKeepAlive = keepAlive(session);
    this.#watch = new ItemWatch(session, connectTimeoutMs, {
      added: (name) => this.#unlessState(name)?.itemAdded(name),
      // A server without subscriptions is still asked for its state by the status queries.
      refused: (name, detail) => this.#unlessState(name)?.itemAddFailed(name, detail),
      changed: (name, value) => {
        if (name === stateItem) this.#stateChanged(serverStateOf(value));
        else this.#events?.itemSample(name, toItemSample(value));
      },
      broken: (detail) => this.#lost(detail),
    });
    this.#watch.add([{ name: stateItem, nodeId: serverNodes.state, rateMs: stateRateMs }]);
    this.#events.up();
  }

  #unlessState(name: string): MemberLinkEvents | null {
    return name === stateItem ? null : this.#events;
  }

  #stateChanged(state: ServerState | null): void {
    if (state !== ServerState.Shutdown || this.#shutdownTold) return;
    this.#shutdownTold = true;
    this.#events?.shutdown("ServerStatus.State is Shutdown");
  }

  /** A server that shuts down answered; the notice is an event of its own. */
  #judge(state: ServerState): void {
    if (uselessStates.has(state)) throw new Error(`the server's state is ${ServerState[state]}`);
    this.#stateChanged(state);
  }

  #lost(detail: string): void {
    const events = this.#events;
    this.#end();
    events?.lost(detail);
  }

  /** No event after this. A server that answers is told that the session is over; one that does not is not waited for. */
  #end(): void {
    this.#events = null;
    this.#opening.abort();
    this.#stopKeepAlive?.();
    const session = this.#session;
    this.#session = null;
    this.#watch = null;
    if (!session) return;
    if (this.#probing > 0 || !this.#server) session.abort();
    else void session.close();
  }
}

async function readServer(
  session: UpstreamSession,
  timeoutMs: number,
): Promise<{ readonly server: NamespaceFacts; readonly state: ServerState | null }> {
  const nodes = [serverNodes.namespaceArray, serverNodes.serverArray, serverNodes.state];
  const [namespaces, servers, state] = await readValues(session, nodes, timeoutMs);
  const namespaceArray = textsOf(namespaces);
  if (namespaceArray.length === 0) throw new Error("the server does not tell its NamespaceArray");
  return {
    server: { namespaceArray, applicationUri: textsOf(servers)[0] ?? "" },
    state: state ? serverStateOf(state) : null,
  };
}

function textsOf(value: DataValue | undefined): readonly string[] {
  const list: unknown = value?.value?.value;
  return Array.isArray(list) ? list.map((text) => String(text ?? "")) : [];
}
