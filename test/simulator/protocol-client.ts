import { EventEmitter } from "node:events";
import {
  CreateMonitoredItemsRequest,
  CreateMonitoredItemsResponse,
  CreateSubscriptionRequest,
  CreateSubscriptionResponse,
  MonitoringMode,
  TimestampsToReturn,
} from "node-opcua";
import type { BinaryStream } from "node-opcua-binary-stream";
import { decodeResponse } from "../../src/opc/ua/upstream/decode-response.ts";
import type { ServiceRequest, ServiceResponse } from "../../src/opc/ua/upstream/upstream-session.ts";
import { acknowledgementsBody } from "../../src/opc/ua/wire/publish.ts";
import { rawRequest } from "../../src/opc/ua/wire/raw-factory.ts";
import type { RawRequest, RawResponse } from "../../src/opc/ua/wire/raw-message.ts";
import { BenchSession } from "../../tools/bench/client/bench-session.ts";
import { readPublishBody } from "../../tools/bench/client/notifications.ts";
import { waitFor } from "./wait.ts";

const timeoutMs = 5000;

interface Decodable {
  decode(stream: BinaryStream): void;
}

export interface ReceivedValue {
  readonly handle: number;
  readonly value: number;
  readonly time: number;
  readonly status: number;
}

export interface ReceivedMessage {
  readonly sequenceNumber: number;
  readonly more: boolean;
  readonly values: readonly ReceivedValue[];
}

export interface ItemOptions {
  readonly node: string;
  readonly handle: number;
  readonly samplingIntervalMs?: number;
  readonly queueSize?: number;
  readonly discardOldest?: boolean;
  readonly mode?: MonitoringMode;
}

/** A session whose every service can be called as it is, for tests of the protocol itself. */
export class ProtocolClient extends EventEmitter {
  readonly session: BenchSession;
  readonly messages: ReceivedMessage[] = [];

  private constructor(session: BenchSession) {
    super();
    this.session = session;
  }

  static async connect(endpointUrl: string): Promise<ProtocolClient> {
    return new ProtocolClient(await BenchSession.open(endpointUrl, timeoutMs));
  }

  /** Calls a service; a response that came as bytes is decoded. @throws ServiceError */
  async call<R extends Decodable>(request: ServiceRequest, Response: new () => R): Promise<R> {
    return decodeResponse(Response, await this.session.call<ServiceResponse>(request, timeoutMs));
  }

  async subscribe(options: {
    readonly intervalMs?: number;
    readonly maxNotifications?: number;
    readonly enabled?: boolean;
    readonly keepAliveCount?: number;
    readonly lifetimeCount?: number;
  }): Promise<number> {
    const created = await this.call(
      new CreateSubscriptionRequest({
        requestedPublishingInterval: options.intervalMs ?? 100,
        requestedLifetimeCount: options.lifetimeCount ?? 1000,
        requestedMaxKeepAliveCount: options.keepAliveCount ?? 10,
        maxNotificationsPerPublish: options.maxNotifications ?? 0,
        publishingEnabled: options.enabled ?? true,
        priority: 0,
      }),
      CreateSubscriptionResponse,
    );
    return created.subscriptionId;
  }

  /** Ids of the created items. */
  async monitor(subscriptionId: number, items: readonly ItemOptions[]): Promise<readonly number[]> {
    const request = new CreateMonitoredItemsRequest({
      subscriptionId,
      timestampsToReturn: TimestampsToReturn.Both,
      itemsToCreate: items.map((item) => ({
        itemToMonitor: { nodeId: item.node, attributeId: 13 },
        monitoringMode: item.mode ?? MonitoringMode.Reporting,
        requestedParameters: {
          clientHandle: item.handle,
          samplingInterval: item.samplingIntervalMs ?? 100,
          queueSize: item.queueSize ?? 10,
          discardOldest: item.discardOldest ?? true,
        },
      })),
    });
    const { results } = await this.call(request, CreateMonitoredItemsResponse);
    return (results ?? []).map((result) => {
      if (result.statusCode.isNotGood()) throw new Error(result.statusCode.name);
      return result.monitoredItemId;
    });
  }

  /** Sends so many Publish requests; each answer goes to `messages` and is acknowledged with the next. */
  publish(count = 1): void {
    for (let index = 0; index < count; index++) {
      this.session.send(
        rawRequest("Publish", acknowledgementsBody([])) as RawRequest,
        0,
        (error, response) => {
          if (error) this.emit("refused", error.statusCode.name);
          else this.#received((response as unknown as RawResponse).body);
        },
      );
    }
  }

  /** The first message, old or new, that the test accepts. */
  async message(accept: (message: ReceivedMessage) => boolean, what: string): Promise<ReceivedMessage> {
    const known = this.messages.find(accept);
    return (
      known ??
      waitFor(
        this,
        "message",
        (message) => (accept(message as ReceivedMessage) ? (message as ReceivedMessage) : null),
        what,
      )
    );
  }

  async close(): Promise<void> {
    await this.session.close();
  }

  #received(body: Buffer): void {
    const values: ReceivedValue[] = [];
    const { sequenceNumber } = readPublishBody(body, (handle, value, time, status) => {
      values.push({ handle, value, time, status });
    });
    const available = Math.max(body.readInt32LE(4), 0);
    const message = { sequenceNumber, more: body[8 + available * 4] === 1, values };
    this.messages.push(message);
    this.emit("message", message);
  }
}
