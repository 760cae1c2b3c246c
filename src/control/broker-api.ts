import type { ConnectionMode } from "../core/policy.ts";
import type { Role } from "../core/role.ts";
import type { Health, Link } from "../core/state.ts";
import type { MailTest } from "../notify/test-mail.ts";

export interface MemberStatus {
  readonly role: Role;
  readonly machine: string;
  readonly endpointUrl: string;
  readonly link: Link;
  readonly health: Health;
  /** Round trip of the last answered status query in ms; null before the first. */
  readonly pingMs: number | null;
  readonly monitorItemsInError: readonly string[];
}

export interface PairStatus {
  readonly name: string;
  readonly server: string;
  readonly alias: string | null;
  readonly protocol: "opcua" | "opcda";
  readonly endpointUrls: readonly string[];
  readonly enabled: boolean;
  readonly suspended: boolean;
  readonly locked: boolean;
  readonly mode: ConnectionMode;
  readonly active: Role | null;
  /** The switchover that waits for approval. */
  readonly awaitingApproval: Role | null;
  readonly members: readonly MemberStatus[];
  readonly clients: number;
  readonly subscriptions: number;
  readonly monitoredItems: number;
  readonly valuesForwarded: number;
  readonly switchovers: number;
  /** `describe(state)` of the core, one line. */
  readonly description: string;
}

export interface SwitchoverAnswer {
  readonly pair: string;
  readonly from: Role | null;
  readonly to: Role;
  readonly accepted: boolean;
  readonly dryRun: boolean;
  /** What would happen or did, and why; one sentence each. */
  readonly explanation: readonly string[];
}

export interface ReloadAnswer {
  /** Names of pairs added, removed, changed in place, or reconnected. Empty = nothing changed. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  readonly restarted: readonly string[];
}

/** A node of a member's address space. */
export interface BrowsedItem {
  /** NodeId as text; names it when its children are asked for. */
  readonly id: string;
  /** What a monitor item calls it: the NodeId (OPC UA) or the item id (OPC DA). */
  readonly itemId: string;
  readonly name: string;
  /** Can be a monitor item. */
  readonly isItem: boolean;
  readonly hasChildren: boolean;
}

/** An endpoint that a server offers. */
export interface FoundEndpoint {
  readonly name: string;
  readonly endpointUrl: string;
  readonly security: string;
}

/** An OPC DA server that is registered on a machine. */
export interface FoundProgId {
  readonly progId: string;
  readonly description: string;
  /** With braces. */
  readonly clsid: string;
}

/** How whoever asks follows what takes its time, and ends it. */
export interface Following {
  /** Aborted = the answer is not wanted any more: the work ends, and the call throws CANCELLED or what broke off. */
  readonly signal?: AbortSignal | undefined;
  /** Told of each step of the work, one line. */
  readonly progress?: ((step: string) => void) | undefined;
}

/**
 * What can be asked of a running broker, whoever asks: the CLI over the local socket, the
 * web console. Every method throws an UnderstudyError (`PAIR_UNKNOWN`, `SWITCH_REFUSED`, ...).
 */
export interface BrokerApi {
  status(): Promise<readonly PairStatus[]>;
  enable(pair: string, reason: string): Promise<PairStatus>;
  disable(pair: string, reason: string): Promise<PairStatus>;
  suspend(pair: string, reason: string): Promise<PairStatus>;
  resume(pair: string, reason: string): Promise<PairStatus>;
  approve(pair: string, reason: string): Promise<SwitchoverAnswer>;
  switchover(
    pair: string,
    options: {
      readonly to: Role | null;
      readonly reason: string;
      readonly force: boolean;
      readonly dryRun: boolean;
    },
  ): Promise<SwitchoverAnswer>;
  /** Reads the project again, validates all of it, then applies the difference. */
  reload(): Promise<ReloadAnswer>;
  /** What a member has below a node; null = at the top. Throws PAIR_DISABLED, BROWSE_REFUSED. */
  browse(
    pair: string,
    member: Role,
    node: string | null,
    following?: Following,
  ): Promise<readonly BrowsedItem[]>;
  /** The endpoints of the OPC UA server at a URL. Throws ENDPOINT_UNAVAILABLE and what connecting throws. */
  findEndpoints(url: string, following?: Following): Promise<readonly FoundEndpoint[]>;
  /**
   * The OPC DA servers registered on a machine (null = this one). Throws DA_HELPER_MISSING where this machine cannot
   * speak COM, DA_SERVERS_UNAVAILABLE where the other one does not tell, HELPER_FAILED.
   */
  findServers(machine: string | null, following?: Following): Promise<readonly FoundProgId[]>;
  /** Sends a test message by the settings of a pair, or of the project (null). */
  testNotification(pair: string | null, following?: Following): Promise<readonly MailTest[]>;
}
