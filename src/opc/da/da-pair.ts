import type { BrowsedItem, PairStatus } from "../../control/broker-api.ts";
import { type Role, roles } from "../../core/role.ts";
import type { ReportEvent } from "../../diagnostics/event.ts";
import type { HostClock } from "../../host/host-clock.ts";
import type { MemberLinkEvents } from "../../host/member-link.ts";
import { PairHost } from "../../host/pair-host.ts";
import { namedMonitorItems, policyOf } from "../../project/policy.ts";
import { type Pair, pairName } from "../../project/project.ts";
import type { Clock } from "../clock.ts";
import { RecordingFile, recordingFile } from "../recording-file.ts";
import { AudienceGroup } from "../relay/audience-group.ts";
import { SessionAudience } from "../relay/session-audience.ts";
import { browseInOwnSession } from "../ua/browse-items.ts";
import type { UpstreamClient } from "../ua/front/pair-front.ts";
import { openDaAsUa } from "../ua/over-da/open.ts";
import type { RelaySession } from "../ua/relay/relay-session.ts";
import type { UpstreamSession } from "../ua/upstream/upstream-session.ts";
import { DaAudience } from "./da-audience.ts";
import { DaClients } from "./da-clients.ts";
import { DaMemberLink, type DaMonitorItem } from "./da-member-link.ts";
import { daPlaceOf, daUrlOf } from "./da-place.ts";
import type { HelperStarter } from "./upstream/helper.ts";
import { HelperServers } from "./upstream/helper-servers.ts";

export interface DaPairOptions {
  readonly pair: Pair;
  /** Starts helper processes for a member. */
  starter(role: Role): HelperStarter;
  readonly clock: Clock;
  readonly hostClock: HostClock;
  readonly report: ReportEvent;
  readonly stateDirectory: string;
}

/** What clients need of a member at most, before they are told that it did not work, in ms. */
const clientOpenTimeoutMs = 5000;

const browseTimeoutMs = 10_000;
/** What stands before the item id in the NodeId of an item (over-da/node-ids.ts). */
const itemPrefix = "ns=1;s=";

/** An OPC DA pair at work: the host that decides, the links it watches, the clients it serves. */
export class DaPair {
  readonly name: string;
  readonly audience: DaAudience;
  readonly clients: DaClients;
  /** Clients that speak OPC UA. */
  readonly uaAudience = new SessionAudience<RelaySession>();
  readonly #options: DaPairOptions;
  readonly #recording: RecordingFile;
  /** The clients' helper processes, one a member. */
  readonly #servers: Readonly<Record<Role, HelperServers>>;
  #pair: Pair;
  #host: PairHost;

  constructor(options: DaPairOptions) {
    this.#options = options;
    this.#pair = options.pair;
    this.name = pairName(options.pair);
    this.#recording = new RecordingFile(recordingFile(options.stateDirectory, this.name));
    this.#servers = {
      primary: new HelperServers(options.starter("primary")),
      secondary: new HelperServers(options.starter("secondary")),
    };
    this.audience = new DaAudience((role) => this.#servers[role].end("the member is down"));
    this.clients = new DaClients({
      name: this.name,
      clock: options.clock,
      audience: this.audience,
      openServer: (role, signal) =>
        this.#servers[role].open(daPlaceOf(this.#pair[role], this.#pair.server), clientOpenTimeoutMs, signal),
      detectionMs: () => this.#pair.queryServerStatusInterval + this.#pair.queryServerStatusTimeout,
      report: (record, role, client) =>
        options.report(record, {
          pair: this.name,
          server: this.#pair.server,
          machine: role ? this.#pair[role].machine : null,
          client,
        }),
    });
    this.#host = this.#createHost();
  }

  get pair(): Pair {
    return this.#pair;
  }

  get host(): PairHost {
    return this.#host;
  }

  /** Opens the way of an OPC UA client to a member. Throws ServiceError. */
  openAsUa(role: Role, { user, signal }: UpstreamClient): Promise<UpstreamSession> {
    const { server } = this.#pair;
    const place = daPlaceOf(this.#pair[role], server);
    return openDaAsUa(user, server, () => this.#servers[role].open(place, clientOpenTimeoutMs, signal));
  }

  /** What a member has below a node of its view as an OPC UA server. */
  async browse(role: Role, node: string | null, signal?: AbortSignal): Promise<readonly BrowsedItem[]> {
    const { server } = this.#pair;
    const place = daPlaceOf(this.#pair[role], server);
    const late = AbortSignal.timeout(browseTimeoutMs);
    const ends = signal ? AbortSignal.any([late, signal]) : late;
    const open = () =>
      openDaAsUa({ kind: "anonymous" }, server, () =>
        this.#servers[role].open(place, clientOpenTimeoutMs, ends),
      );
    const items = await browseInOwnSession(open, node, signal);
    return items.map((each) => ({ ...each, itemId: each.id.replace(itemPrefix, "") }));
  }

  /** Puts new settings in force. `reconnect`: the members have to be connected anew; clients keep their groups. */
  async apply(pair: Pair, reconnect: boolean): Promise<void> {
    this.#pair = pair;
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
    const { groups, items } = this.clients.counts;
    const uaSessions = [...this.uaAudience.sessions];
    const subscriptions = uaSessions.flatMap((session) => [...session.subscriptions.values()]);
    return {
      ...this.#host.status(),
      name: this.name,
      server,
      alias,
      protocol,
      endpointUrls,
      clients: this.audience.sessions.size + uaSessions.length,
      subscriptions: groups + subscriptions.length,
      monitoredItems: subscriptions.reduce((sum, subscription) => sum + subscription.items.size, items),
      valuesForwarded: this.audience.valuesForwarded + this.uaAudience.valuesForwarded,
    };
  }

  /** Ends the pair's links, its clients' groups on the members, and all helper processes. */
  async stop(): Promise<void> {
    this.#host.stop();
    await Promise.all([this.uaAudience.close(), this.audience.close(), this.#recording.close()]);
    for (const role of roles) this.#servers[role].end("the pair was stopped");
  }

  #stopHost(): void {
    this.#host.stop();
    for (const audience of [this.uaAudience, this.audience]) {
      audience.demote();
      for (const role of roles) audience.memberDown(role);
    }
  }

  #createHost(): PairHost {
    const { clock, hostClock, report } = this.#options;
    const place = (role: Role) => ({
      machine: this.#pair[role].machine,
      endpointUrl: daUrlOf(this.#pair[role], this.#pair.server),
    });
    return new PairHost({
      pair: this.name,
      server: this.#pair.server,
      members: { primary: place("primary"), secondary: place("secondary") },
      policy: policyOf(this.#pair),
      createLink: (role, events) => this.#createLink(role, events),
      // OPC UA clients first: they are routed elsewhere before the helper process is ended
      audience: new AudienceGroup([this.uaAudience, this.audience]),
      report,
      clock: { ...hostClock, nowMs: () => clock.nowMs() },
      recorder: (recorded, before) => this.#recording.record(recorded, before),
    });
  }

  #createLink(role: Role, events: MemberLinkEvents): DaMemberLink {
    return new DaMemberLink(
      {
        place: daPlaceOf(this.#pair[role], this.#pair.server),
        starter: this.#options.starter(role),
        clientName: `Understudy: ${this.name}`,
        connectTimeoutMs: this.#pair.failover.connectTimeout,
        itemOf: (name) => this.#monitorItem(name),
      },
      events,
    );
  }

  #monitorItem(name: string): DaMonitorItem | undefined {
    const found = namedMonitorItems(this.#pair).find(({ item }) => item === name);
    if (!found) return undefined;
    const { accessPath, itemId, dataType, updateRate } = found.settings;
    return { accessPath, itemId, dataType, updateRateMs: updateRate };
  }
}
