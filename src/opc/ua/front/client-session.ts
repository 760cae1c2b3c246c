import { randomBytes } from "node:crypto";
import { NodeId, NodeIdType } from "node-opcua";
import type { RelaySession } from "../relay/relay-session.ts";
import type { SubscriptionServices } from "../relay/subscription-services.ts";
import type { UserIdentity } from "../upstream/upstream-session.ts";
import type { FrontChannel } from "./front-channel.ts";
import type { PairFront } from "./pair-front.ts";

const tokenBytes = 32;
/** Part 4, 5.6.2: at least 32 bytes. */
const nonceBytes = 32;

export function newNonce(): Buffer {
  return randomBytes(nonceBytes);
}

/** What an activated session has on top of one that was only created. */
export interface ActiveParts {
  readonly identity: UserIdentity;
  readonly relay: RelaySession;
  readonly subscriptions: SubscriptionServices;
}

/** A client's session with the broker (OPC 10000-4, 5.6). Outlives its channel until it times out. */
export class ClientSession {
  readonly front: PairFront;
  readonly id: NodeId;
  readonly token: NodeId;
  readonly name: string;
  /** What diagnostics call this client: its application name and session name. */
  readonly client: string;
  readonly timeoutMs: number;
  channel: FrontChannel;
  serverNonce: Buffer = newNonce();
  lastContactMs: number;
  active: ActiveParts | null = null;

  constructor(options: {
    readonly front: PairFront;
    readonly number: number;
    readonly name: string;
    readonly client: string;
    readonly timeoutMs: number;
    readonly channel: FrontChannel;
    readonly nowMs: number;
  }) {
    this.front = options.front;
    this.id = new NodeId(NodeIdType.NUMERIC, options.number, 1);
    this.token = new NodeId(NodeIdType.BYTESTRING, randomBytes(tokenBytes), 0);
    this.name = options.name;
    this.client = options.client;
    this.timeoutMs = options.timeoutMs;
    this.channel = options.channel;
    this.lastContactMs = options.nowMs;
  }

  isExpired(nowMs: number): boolean {
    return nowMs - this.lastContactMs > this.timeoutMs;
  }
}

/** Key under which a session is found by its authentication token; null for what cannot be one. */
export function tokenKey(token: NodeId | null | undefined): string | null {
  return token?.identifierType === NodeIdType.BYTESTRING && Buffer.isBuffer(token.value)
    ? token.value.toString("latin1")
    : null;
}
