import type { PairStatus } from "../../control/broker-api.ts";
import { UnderstudyError } from "../../core/error.ts";
import { type Role, roles } from "../../core/role.ts";
import type { ReportEvent } from "../../diagnostics/event.ts";
import { namedMonitorItems, policyOf } from "../../project/policy.ts";
import { type Pair, pairName } from "../../project/project.ts";
import type { Clock } from "../clock.ts";
import type { HostClock } from "../host-clock.ts";
import type { MemberLinkEvents } from "../member-link.ts";
import { PairHost } from "../pair-host.ts";
import { RecordingFile, recordingFile } from "../recording-file.ts";
import { DaAudience } from "./da-audience.ts";
import { DaMemberLink, type DaMonitorItem } from "./da-member-link.ts";
import { daPlaceOf, daUrlOf } from "./da-place.ts";
import type { ProxyClient, ServedClient } from "./gateway/proxy-connection.ts";
import { DaSession } from "./relay/da-session.ts";
import { ServerServices } from "./relay/server-services.ts";
import type { DataChange } from "./upstream/da-server.ts";
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

/** An OPC DA pair at work: the host that decides, the links it watches, the clients it serves. */
export class DaPair {
  readonly name: string;
  readonly audience: DaAudience;
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
    this.#host = this.#createHost();
  }

  get pair(): Pair {
    return this.#pair;
  }

  get host(): PairHost {
    return this.#host;
  }

  /** True for the names under which clients ask for the pair: its alias, else its ProgID; names know no case. */
  answersTo(target: string): boolean {
    return target.toLowerCase() === this.name.toLowerCase();
  }

  /** Opens a client's way to the members. Rejects where nothing is active or the active member refuses. */
  async openClient(client: ProxyClient, deliver: (change: DataChange) => void): Promise<ServedClient> {
    const { audience } = this;
    const { active } = audience;
    const label = `${client.program} (${client.processId})`;
    const report = (record: Parameters<ReportEvent>[0], role: Role | null): void =>
      this.#options.report(record, {
        pair: this.name,
        server: this.#pair.server,
        machine: role ? this.#pair[role].machine : null,
        client: label,
      });
    if (!active) {
      const message = `neither member of ${this.name} can be reached`;
      report({ kind: "clientRefused", detail: message }, null);
      throw new UnderstudyError("NOTHING_ACTIVE", message);
    }
    const session = new DaSession(
      {
        clock: this.#options.clock,
        open: (role, signal) =>
          this.#servers[role].open(
            daPlaceOf(this.#pair[role], this.#pair.server),
            clientOpenTimeoutMs,
            signal,
          ),
        isSubscribed: (role) => audience.isSubscribed(role),
        isUp: (role) => audience.isUp(role),
        detectionMs: () => this.#pair.queryServerStatusInterval + this.#pair.queryServerStatusTimeout,
        report,
      },
      deliver,
    );
    // before the leg is opened, so that a switchover meanwhile reaches it
    audience.add(session);
    try {
      const { clsid, interfaces } = await session.start(active);
      report({ kind: "clientConnected" }, null);
      return {
        clsid,
        interfaces,
        services: new ServerServices(session),
        close: async (detail) => {
          audience.remove(session);
          report({ kind: "clientDisconnected", detail }, null);
          await session.close();
        },
      };
    } catch (error) {
      audience.remove(session);
      await session.close();
      report({ kind: "clientRefused", detail: (error as Error).message }, active);
      throw error;
    }
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
    const groups = [...this.audience.sessions].flatMap((session) => [...session.groups.values()]);
    return {
      ...this.#host.status(),
      name: this.name,
      server,
      alias,
      protocol,
      endpointUrls,
      clients: this.audience.sessions.size,
      subscriptions: groups.length,
      monitoredItems: groups.reduce((sum, group) => sum + group.items.size, 0),
      valuesForwarded: this.audience.valuesForwarded,
    };
  }

  /** Ends the pair's links, its clients' groups on the members, and all helper processes. */
  async stop(): Promise<void> {
    this.#host.stop();
    await Promise.all([this.audience.close(), this.#recording.close()]);
    for (const role of roles) this.#servers[role].end("the pair was stopped");
  }

  #stopHost(): void {
    this.#host.stop();
    this.audience.demote();
    for (const role of roles) this.audience.memberDown(role);
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
      audience: this.audience,
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
