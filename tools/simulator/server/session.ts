import {
  type NodeId,
  PublishResponse,
  ResponseHeader,
  ServiceFault,
  type StatusCode,
  StatusCodes,
} from "node-opcua";
import type { BinaryStream } from "node-opcua-binary-stream";
import type { Message, ServerSecureChannelLayer } from "node-opcua-secure-channel";
import { appendBytes } from "../../../src/opc/ua/wire/raw-message.ts";
import type { Subscription } from "../subscription/subscription.ts";
import { Writer } from "../wire/writer.ts";
import { BrowseContinuations } from "./browse-continuations.ts";

const publishSchema = new PublishResponse().schema;
const maxPublishRequests = 200;

interface WaitingPublish {
  readonly message: Message;
  readonly channel: ServerSecureChannelLayer;
  /** Results of the acknowledgements that came with it. */
  readonly results: readonly number[];
  /** When it expires, in ms of the Unix epoch; Infinity = never. */
  readonly deadlineMs: number;
}

export type Send = (channel: ServerSecureChannelLayer, message: Message, response: unknown) => void;

/** A session (Part 4, 5.6): what outlives the channel it was made on. */
export class Session {
  readonly sessionId: NodeId;
  readonly authenticationToken: NodeId;
  readonly timeoutMs: number;
  readonly subscriptions = new Map<number, Subscription>();
  readonly continuations = new BrowseContinuations();
  channel: ServerSecureChannelLayer;
  nonce: Buffer;
  isActivated = false;
  lastContactMs: number;
  readonly #send: Send;
  #publishRequests: WaitingPublish[] = [];

  constructor(
    ids: { readonly sessionId: NodeId; readonly authenticationToken: NodeId },
    channel: ServerSecureChannelLayer,
    options: { readonly timeoutMs: number; readonly nonce: Buffer; readonly nowMs: number },
    send: Send,
  ) {
    this.sessionId = ids.sessionId;
    this.authenticationToken = ids.authenticationToken;
    this.channel = channel;
    this.timeoutMs = options.timeoutMs;
    this.nonce = options.nonce;
    this.lastContactMs = options.nowMs;
    this.#send = send;
  }

  get hasPublishRequest(): boolean {
    return this.#publishRequests.length > 0;
  }

  /** Keeps a Publish request until a subscription has something to say. */
  addPublishRequest(request: WaitingPublish): void {
    this.#publishRequests.push(request);
    if (this.#publishRequests.length <= maxPublishRequests) return;
    this.#refuseOldest(StatusCodes.BadTooManyPublishRequests);
  }

  /** Publish requests that came over a channel which is gone. */
  forgetChannel(channel: ServerSecureChannelLayer): void {
    this.#publishRequests = this.#publishRequests.filter((request) => request.channel !== channel);
  }

  refuseExpired(nowMs: number): void {
    while ((this.#publishRequests[0]?.deadlineMs ?? Number.POSITIVE_INFINITY) < nowMs) {
      this.#refuseOldest(StatusCodes.BadTimeout);
    }
  }

  refuseAll(status: StatusCode): void {
    while (this.hasPublishRequest) this.#refuseOldest(status);
  }

  /** Answers the oldest Publish request; false where there is none. */
  publish(subscription: Subscription, notification: Buffer, more: boolean): boolean {
    const request = this.#publishRequests.shift();
    if (!request) return false;
    const available = subscription.retransmission.sequenceNumbers;
    const head = new Writer(16 + 4 * available.length).uint32(subscription.id).int32(available.length);
    for (const sequenceNumber of available) head.uint32(sequenceNumber);
    head.uint8(more ? 1 : 0);
    const tail = new Writer(16 + 4 * request.results.length).int32(request.results.length);
    for (const result of request.results) tail.uint32(result);
    tail.int32(-1);
    const response = new PartsResponse([head.bytes, notification, tail.bytes]);
    this.#send(request.channel, request.message, response);
    return true;
  }

  #refuseOldest(serviceResult: StatusCode): void {
    const request = this.#publishRequests.shift();
    if (!request) return;
    this.#send(request.channel, request.message, new ServiceFault({ responseHeader: { serviceResult } }));
  }
}

/** A PublishResponse made of parts that are there already. */
class PartsResponse {
  readonly schema = publishSchema;
  readonly responseHeader = new ResponseHeader({ timestamp: new Date() });
  readonly #parts: readonly Buffer[];

  constructor(parts: readonly Buffer[]) {
    this.#parts = parts;
  }

  encode(stream: BinaryStream): void {
    this.responseHeader.encode(stream);
    for (const part of this.#parts) appendBytes(stream, part);
  }

  toString(): string {
    return "PublishResponse";
  }
}
