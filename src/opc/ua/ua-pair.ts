import type { BrowsedItem, PairStatus } from "../../control/broker-api.ts";
import type { Role } from "../../core/role.ts";
import type { ReportEvent } from "../../diagnostics/event.ts";
import type { HostClock } from "../../host/host-clock.ts";
import type { MemberLink, MemberLinkEvents } from "../../host/member-link.ts";
import { type MemberPlace, PairHost } from "../../host/pair-host.ts";
import { endpointUrlOf, namedMonitorItems, policyOf } from "../../project/policy.ts";
import type { MemberSettings, OpcUaFrontSettings, Pair } from "../../project/project.ts";
import { pairName } from "../../project/project.ts";
import { resolveSecret } from "../../project/secret.ts";
import type { Clock } from "../clock.ts";
import { DaClients } from "../da/da-clients.ts";
import type { DaServer } from "../da/upstream/da-server.ts";
import { RecordingFile, recordingFile } from "../recording-file.ts";
import { AudienceGroup } from "../relay/audience-group.ts";
import { SessionAudience } from "../relay/session-audience.ts";
import { UaAsDaServer } from "./as-da/ua-as-da.ts";
import { browseInOwnSession } from "./browse-items.ts";
import { PairFront } from "./front/pair-front.ts";
import { GuardedLink } from "./guarded-link.ts";
import { UaMemberLink } from "./member-link.ts";
import { NamespaceGuard } from "./namespace-guard.ts";
import type { ApplicationIdentity } from "./pki/application-identity.ts";
import type { RelaySession } from "./relay/relay-session.ts";
import { EndpointDirectory } from "./upstream/discovery.ts";
import { keepAlive } from "./upstream/keep-alive.ts";
import { openUpstreamSession } from "./upstream/session.ts";
import type { UpstreamSession, UserIdentity } from "./upstream/upstream-session.ts";

export interface UaPairOptions {
  readonly pair: Pair;
  /** Relative secret files lie beside it. */
  readonly projectFile: string;
  /** What the core is fed is recorded in it. */
  readonly stateDirectory: string;
  readonly identity: ApplicationIdentity;
  readonly clock: Clock;
  readonly hostClock: HostClock;
  readonly report: ReportEvent;
  front(): OpcUaFrontSettings;
}

/** What clients need of a member at most, before they are told that it did not work, in ms. */
const clientOpenTimeoutMs = 5000;
/** How long a member keeps the session of an OPC DA client that is heard of no more, in ms. */
const daSessionTimeoutMs = 30_000;

/** An OPC UA pair at work: the host that decides, the links it watches, the clients it serves. */
export class UaPair {
  readonly front: PairFront;
  readonly audience = new SessionAudience<RelaySession>();
  /** Clients that speak OPC DA; they are served in sessions of the broker's own user. */
  readonly daClients: DaClients;
  readonly #options: UaPairOptions;
  readonly #directory: EndpointDirectory;
  readonly #namespaces = new NamespaceGuard();
  readonly #recording: RecordingFile;
  #pair: Pair;
  #host: PairHost;
  /** Users of the broker's own sessions, with their passwords as they were when the pair was enabled. */
  #users: Readonly<Record<Role, UserIdentity>>;

  private constructor(options: UaPairOptions, users: Readonly<Record<Role, UserIdentity>>) {
    this.#options = options;
    this.#pair = options.pair;
    this.#recording = new RecordingFile(recordingFile(options.stateDirectory, pairName(options.pair)));
    this.#users = users;
    this.#directory = new EndpointDirectory(options.identity);
    this.front = new PairFront({
      name: pairName(options.pair),
      identity: options.identity,
      audience: this.audience,
      clock: options.clock,
      front: () => options.front(),
      member: (role) => this.#pair[role],
      detectionMs: () => this.#pair.queryServerStatusInterval + this.#pair.queryServerStatusTimeout,
      openUpstream: (role, { session, user, localeIds, signal }) =>
        this.#openUpstream(role, {
          sessionName: session.name,
          identity: user,
          sessionTimeoutMs: session.timeoutMs,
          localeIds,
          signal,
          openTimeoutMs: clientOpenTimeoutMs,
        }),
      report: (record, role, client) =>
        options.report(record, {
          pair: this.front.name,
          server: this.#pair.server,
          machine: role ? this.#pair[role].machine : null,
          client,
        }),
    });
    this.daClients = new DaClients({
      name: this.front.name,
      clock: options.clock,
      openServer: (role, signal) => this.#openAsDa(role, signal),
      detectionMs: () => this.#pair.queryServerStatusInterval + this.#pair.queryServerStatusTimeout,
      report: (record, role, client) =>
        options.report(record, {
          pair: this.front.name,
          server: this.#pair.server,
          machine: role ? this.#pair[role].machine : null,
          client,
        }),
    });
    this.#host = this.#createHost();
  }

  /** Throws SECRET_NOT_FOUND and the like where a member's password cannot be had. */
  static async create(options: UaPairOptions): Promise<UaPair> {
    return new UaPair(options, await usersOf(options.pair, options.projectFile));
  }

  get pair(): Pair {
    return this.#pair;
  }

  get host(): PairHost {
    return this.#host;
  }

  /** Puts new settings in force. `reconnect`: the members have to be connected anew; clients keep their sessions. */
  async apply(pair: Pair, reconnect: boolean): Promise<void> {
    const users = await usersOf(pair, this.#options.projectFile);
    this.#pair = pair;
    this.#users = users;
    if (!reconnect) {
      this.#host.applySettings(policyOf(pair));
      return;
    }
    const { enabled, suspended } = this.#host.status();
    this.#stopHost();
    this.#host = this.#createHost();
    if (enabled) this.#host.enable("settings changed");
    if (suspended) this.#host.suspend("suspended before the settings changed");
  }

  status(endpointUrls: readonly string[]): PairStatus {
    const { server, alias, protocol } = this.#pair;
    const sessions = [...this.audience.sessions];
    const { groups, items } = this.daClients.counts;
    const subscriptions = sessions.flatMap((session) => [...session.subscriptions.values()]);
    return {
      ...this.#host.status(),
      name: this.front.name,
      server,
      alias,
      protocol,
      endpointUrls,
      clients: sessions.length + this.daClients.audience.sessions.size,
      subscriptions: subscriptions.length + groups,
      monitoredItems: subscriptions.reduce((sum, subscription) => sum + subscription.items.size, items),
      valuesForwarded: this.audience.valuesForwarded + this.daClients.audience.valuesForwarded,
    };
  }

  /** What a member has below a node, seen by the broker's own user. */
  browse(role: Role, node: string | null, signal?: AbortSignal): Promise<readonly BrowsedItem[]> {
    const options = {
      sessionName: `Understudy: ${this.front.name} (browsing)`,
      identity: this.#users[role],
      sessionTimeoutMs: daSessionTimeoutMs,
      localeIds: [],
      openTimeoutMs: clientOpenTimeoutMs,
      signal,
    };
    const open = () =>
      openUpstreamSession(this.#pair[role], options, this.#options.identity, this.#directory);
    return browseInOwnSession(open, node, signal);
  }

  /** Ends the pair's links and its clients' sessions on the members. */
  async stop(): Promise<void> {
    this.#host.stop();
    await Promise.all([this.audience.close(), this.daClients.audience.close(), this.#recording.close()]);
  }

  #stopHost(): void {
    this.#host.stop();
    for (const audience of [this.audience, this.daClients.audience]) {
      audience.demote();
      audience.memberDown("primary");
      audience.memberDown("secondary");
    }
  }

  #createHost(): PairHost {
    const { clock, hostClock, report } = this.#options;
    return new PairHost({
      pair: this.front.name,
      server: this.#pair.server,
      members: { primary: placeOf(this.#pair.primary), secondary: placeOf(this.#pair.secondary) },
      policy: policyOf(this.#pair),
      createLink: (role, events) => this.#createLink(role, events),
      audience: new AudienceGroup([this.audience, this.daClients.audience]),
      report,
      recorder: (recorded, before) => this.#recording.record(recorded, before),
      clock: { ...hostClock, nowMs: () => clock.nowMs() },
    });
  }

  #createLink(role: Role, events: MemberLinkEvents): MemberLink {
    return new GuardedLink(
      (guarded) =>
        new UaMemberLink(
          {
            member: this.#pair[role],
            identity: this.#users[role],
            application: this.#options.identity,
            directory: this.#directory,
            sessionName: `Understudy: ${this.front.name}`,
            connectTimeoutMs: this.#pair.failover.connectTimeout,
            itemOf: (name) => this.#monitorItem(name),
          },
          guarded,
        ),
      events,
      (server) => {
        const detail = this.#namespaces.check(role, server);
        if (detail === null) return null;
        this.#options.report(
          { kind: "namespaceMismatch", member: role, detail },
          {
            pair: this.front.name,
            server: this.#pair.server,
            machine: this.#pair[role].machine,
            client: null,
          },
        );
        // a cold pair never has both members at hand, so what was seen last is a reason to warn only
        const refuse =
          this.#pair.failover.namespaceMismatch === "refuse" && this.#pair.connectionMode !== "cold";
        return refuse ? detail : null;
      },
      () => {
        if (this.#pair.connectionMode !== "cold") this.#namespaces.forget(role);
      },
    );
  }

  #monitorItem(name: string): { readonly nodeId: string; readonly updateRateMs: number } | undefined {
    const found = namedMonitorItems(this.#pair).find(({ item }) => item === name);
    return found && { nodeId: found.settings.itemId, updateRateMs: found.settings.updateRate };
  }

  async #openAsDa(role: Role, signal: AbortSignal): Promise<DaServer> {
    const session = await this.#openUpstream(role, {
      sessionName: `Understudy: ${this.front.name} (OPC DA client)`,
      identity: this.#users[role],
      sessionTimeoutMs: daSessionTimeoutMs,
      localeIds: [],
      signal,
      openTimeoutMs: clientOpenTimeoutMs,
    });
    return new UaAsDaServer(session);
  }

  async #openUpstream(
    role: Role,
    options: Parameters<typeof openUpstreamSession>[1],
  ): Promise<UpstreamSession> {
    const member = this.#pair[role];
    const session = await openUpstreamSession(member, options, this.#options.identity, this.#directory);
    // a standby member hears nothing else from this client
    keepAlive(session);
    return session;
  }
}

function placeOf(member: MemberSettings): MemberPlace {
  return { machine: member.machine, endpointUrl: endpointUrlOf(member) };
}

async function usersOf(pair: Pair, projectFile: string): Promise<Readonly<Record<Role, UserIdentity>>> {
  return {
    primary: await userOf(pair.primary, projectFile),
    secondary: await userOf(pair.secondary, projectFile),
  };
}

async function userOf({ user }: MemberSettings, projectFile: string): Promise<UserIdentity> {
  if (!user) return { kind: "anonymous" };
  const password = await resolveSecret(user.password, { environment: process.env, projectFile });
  return { kind: "userName", userName: user.name, password: Buffer.from(password, "utf8") };
}
