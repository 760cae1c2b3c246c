import type { EndpointDescription } from "node-opcua";
import { SecurityPolicy, StatusCodes } from "node-opcua";
import type { Role } from "../../../core/role.ts";
import { roles } from "../../../core/role.ts";
import type { HostRecord } from "../../../diagnostics/event.ts";
import type { MemberSettings, OpcUaFrontSettings } from "../../../project/project.ts";
import type { Clock } from "../../clock.ts";
import type { SessionAudience } from "../../relay/session-audience.ts";
import type { ApplicationIdentity } from "../pki/application-identity.ts";
import { RelaySession } from "../relay/relay-session.ts";
import { SubscriptionServices } from "../relay/subscription-services.ts";
import { ServiceError, type UpstreamSession, type UserIdentity } from "../upstream/upstream-session.ts";
import type { ActiveParts, ClientSession } from "./client-session.ts";
import { authorityOf, endpointsOf, pairUrl, securityModeOf } from "./endpoints.ts";
import type { FrontChannel } from "./front-channel.ts";
import { type PairFacts, type Shutdown, shutdownNotification } from "./overlay.ts";

/** On whose behalf a session on a member is opened. */
export interface UpstreamClient {
  readonly session: ClientSession;
  readonly user: UserIdentity;
  readonly localeIds: readonly string[];
  readonly signal: AbortSignal;
}

export interface PairFrontOptions {
  /** The name clients see. */
  readonly name: string;
  readonly identity: ApplicationIdentity;
  readonly audience: SessionAudience<RelaySession>;
  readonly clock: Clock;
  /** Settings in force; read anew for each client. */
  front(): OpcUaFrontSettings;
  member(role: Role): MemberSettings;
  /** Longest time until a failure is noticed, in ms. */
  detectionMs(): number;
  /** Opens a session on a member for a client. Throws ServiceError. */
  openUpstream(role: Role, client: UpstreamClient): Promise<UpstreamSession>;
  report(record: HostRecord, role: Role | null, client: string): void;
}

/** A pair as clients see it: one OPC UA server. */
export class PairFront {
  readonly name: string;
  readonly #options: PairFrontOptions;
  #lastSubscriptionId: number;
  #shutdown: Shutdown | null = null;

  constructor(options: PairFrontOptions) {
    this.name = options.name;
    this.#options = options;
    // a start that differs from run to run: a client that held on to an old id must not meet another's
    this.#lastSubscriptionId = Math.trunc(options.clock.wallMs() / 1000) % 0x4000_0000;
  }

  get allowsAnonymous(): boolean {
    return this.#options.front().allowAnonymous;
  }

  get audience(): SessionAudience<RelaySession> {
    return this.#options.audience;
  }

  /** True where the project offers the channel's security to clients. */
  offers(channel: FrontChannel): boolean {
    return this.#options
      .front()
      .securityPolicies.some(
        (policy) =>
          SecurityPolicy[policy] === channel.securityPolicy &&
          securityModeOf(policy) === channel.securityMode,
      );
  }

  /** The pair's endpoints under the host and port that the client used. */
  endpoints(clientUrl: string): EndpointDescription[] {
    const { host, port } = this.#options.front();
    const url = pairUrl(authorityOf(clientUrl) ?? `${host}:${port}`, this.name);
    return endpointsOf(this.#options.front(), this.#options.identity, this.name, url);
  }

  facts(isServed: boolean): PairFacts {
    const { audience, identity, clock } = this.#options;
    return {
      applicationUri: identity.applicationUri,
      membersUp: roles.filter((role) => audience.isUp(role)).length,
      isServed,
      wallMs: clock.wallMs(),
      shutdown: this.#shutdown,
    };
  }

  /**
   * Tells all clients that the broker ends: who reads the Server object sees it, who watches State,
   * SecondsTillShutdown, ShutdownReason or ServerStatus gets a notification at once. New clients are refused.
   * True where there are clients to tell.
   */
  announceShutdown(shutdown: Shutdown): boolean {
    this.#shutdown = shutdown;
    const { audience, clock } = this.#options;
    for (const relay of audience.sessions) {
      for (const subscription of relay.subscriptions.values()) {
        subscription.reportOwnValues((item) => shutdownNotification(item, shutdown, clock.wallMs()));
      }
    }
    return audience.sessions.size > 0;
  }

  /** Opens the client's way to the members. Throws the active member's ServiceError where it refuses the user. */
  async activate(
    session: ClientSession,
    user: UserIdentity,
    localeIds: readonly string[],
  ): Promise<ActiveParts> {
    const { audience, clock } = this.#options;
    const { active } = audience;
    if (this.#shutdown) {
      throw new ServiceError("BROKER_ENDING", StatusCodes.BadShutdown, "the broker is ending");
    }
    if (!active) {
      throw new ServiceError(
        "NOTHING_ACTIVE",
        StatusCodes.BadServerNotConnected,
        `neither member of ${this.name} can be reached`,
      );
    }
    const relay = new RelaySession({
      clock,
      open: (role, signal) => this.#options.openUpstream(role, { session, user, localeIds, signal }),
      isSubscribed: (role) => audience.isSubscribed(role),
      isUp: (role) => audience.isUp(role),
      report: (record, role) => this.#options.report(record, role, session.client),
    });
    // before the leg is opened, so that a switchover meanwhile reaches it
    audience.add(relay);
    try {
      await relay.start(active);
    } catch (error) {
      audience.remove(relay);
      await relay.close();
      this.#options.report(
        { kind: "clientRefused", detail: (error as Error).message },
        active,
        session.client,
      );
      throw error;
    }
    this.#options.report({ kind: "clientConnected" }, null, session.client);
    const subscriptions = new SubscriptionServices({
      relay,
      clock,
      nextSubscriptionId: () => {
        this.#lastSubscriptionId += 1;
        return this.#lastSubscriptionId;
      },
      detectionMs: () => this.#options.detectionMs(),
    });
    return { identity: user, relay, subscriptions };
  }

  async deactivate(session: ClientSession, { relay }: ActiveParts, detail: string): Promise<void> {
    this.#options.audience.remove(relay);
    this.#options.report({ kind: "clientDisconnected", detail }, null, session.client);
    await relay.close();
  }
}
