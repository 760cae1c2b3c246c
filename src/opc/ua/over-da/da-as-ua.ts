import {
  type BrowseNextRequest,
  BrowseNextResponse,
  type BrowsePath,
  BrowsePathResult,
  type BrowseRequest,
  BrowseResponse,
  BrowseResult,
  CallMethodResult,
  CallRequest,
  CallResponse,
  CreateMonitoredItemsRequest,
  CreateMonitoredItemsResponse,
  type CreateSubscriptionRequest,
  CreateSubscriptionResponse,
  coerceStatusCode,
  DeleteMonitoredItemsRequest,
  DeleteMonitoredItemsResponse,
  type DeleteSubscriptionsRequest,
  DeleteSubscriptionsResponse,
  ModifyMonitoredItemsRequest,
  ModifyMonitoredItemsResponse,
  type ModifySubscriptionRequest,
  ModifySubscriptionResponse,
  type NodeId,
  type PublishResponse,
  ReadRequest,
  ReadResponse,
  RequestHeader,
  ResponseHeader,
  SetMonitoringModeRequest,
  SetMonitoringModeResponse,
  type SetPublishingModeRequest,
  SetPublishingModeResponse,
  StatusCodes,
  TranslateBrowsePathsToNodeIdsRequest,
  TranslateBrowsePathsToNodeIdsResponse,
  WriteRequest,
  WriteResponse,
} from "node-opcua";
import { BinaryStream } from "node-opcua-binary-stream";
import { detailOf } from "../../../diagnostics/detail-of.ts";
import type { DaServer } from "../../da/upstream/da-server.ts";
import {
  type ResponseCallback,
  ServiceError,
  type ServiceRequest,
  type ServiceResponse,
  type UpstreamSession,
} from "../upstream/upstream-session.ts";
import { rawResponse } from "../wire/raw-factory.ts";
import { RawRequest, type RawService, rawServices } from "../wire/raw-message.ts";
import { DaAddressSpace } from "./address-space.ts";
import { BrowseRest } from "./browse-rest.ts";
import { DaItems } from "./items.ts";
import { daNodeOf } from "./node-ids.ts";
import { DaSubscription } from "./subscription.ts";

const defaultTimeoutMs = 10_000;
/** The scratch group of DaItems has handle 1. */
const firstSubscriptionId = 2;
const rawNames: ReadonlySet<string> = new Set(rawServices);

interface WaitingPublish {
  readonly callback: ResponseCallback;
}

/**
 * A server object on an OPC DA server that looks like a session on an OPC UA server (OPC 10000-8, A.3):
 * subscriptions are groups, items are Variables. Samples are those of the group's rate, one at a time;
 * events, methods and history are not carried.
 */
export class DaAsUaSession implements UpstreamSession {
  readonly revisedSessionTimeoutMs = 3_600_000;
  readonly maxRequestMessageSize = 0;
  readonly idleMs = 0;
  onLost: ((detail: string) => void) | null = null;
  readonly #server: DaServer;
  readonly #items: DaItems;
  readonly #space: DaAddressSpace;
  readonly #rest = new BrowseRest();
  readonly #subscriptions = new Map<number, DaSubscription>();
  readonly #publishes: WaitingPublish[] = [];
  #lastSubscriptionId = firstSubscriptionId - 1;

  constructor(server: DaServer, progId: string) {
    this.#server = server;
    this.#items = new DaItems(server);
    this.#space = new DaAddressSpace(server, this.#items, progId);
    server.onDataChange = (change) => {
      this.#subscriptions.get(change.group)?.receive(change);
      this.#publish();
    };
    server.onLost = (detail) => {
      this.#failPublishes();
      this.onLost?.(detail);
    };
  }

  get isOpen(): boolean {
    return this.#server.isOpen;
  }

  send(request: ServiceRequest, timeoutMs: number, callback: ResponseCallback): void {
    if (request.schema.name === "PublishRequest") {
      this.#publishes.push({ callback });
      this.#publish();
      return;
    }
    this.#answer(request, timeoutMs > 0 ? timeoutMs : defaultTimeoutMs).then(
      (response) => callback(null, response),
      (error: unknown) => callback(serviceError(error), null),
    );
  }

  async call<R extends ServiceResponse>(request: ServiceRequest, timeoutMs: number): Promise<R> {
    return new Promise((resolve, reject) => {
      this.send(request, timeoutMs, (error, response) => {
        if (error) reject(error);
        else resolve(response as R);
      });
    });
  }

  async close(): Promise<void> {
    this.onLost = null;
    this.#failPublishes();
    await this.#server.close();
  }

  abort(): void {
    this.onLost = null;
    this.#server.abort();
    this.#failPublishes();
  }

  #failPublishes(): void {
    const error = new ServiceError(
      "REQUEST_CUT_OFF",
      StatusCodes.BadConnectionClosed,
      "the OPC DA server is gone",
    );
    for (const { callback } of this.#publishes.splice(0)) callback(error, null);
  }

  #publish(): void {
    for (const subscription of this.#subscriptions.values()) {
      while (subscription.hasSomething) {
        const waiting = this.#publishes.shift();
        if (!waiting) return;
        const response = subscription.take();
        if (response) waiting.callback(null, asRaw(response));
      }
    }
  }

  async #answer(given: ServiceRequest, timeoutMs: number): Promise<ServiceResponse> {
    const response = await this.#carryOut(given.schema.name, given, timeoutMs);
    return asRaw(response);
  }

  async #carryOut(name: string, given: ServiceRequest, timeoutMs: number): Promise<ServiceResponse> {
    switch (name) {
      case "ReadRequest": {
        const { nodesToRead, maxAge } = decoded(ReadRequest, given);
        const results = await this.#space.read(nodesToRead ?? [], maxAge, timeoutMs);
        return new ReadResponse({ results });
      }
      case "WriteRequest":
        return this.#write(decoded(WriteRequest, given), timeoutMs);
      case "BrowseRequest":
        return this.#browse(given as unknown as BrowseRequest, timeoutMs);
      case "BrowseNextRequest": {
        const { continuationPoints, releaseContinuationPoints } = given as unknown as BrowseNextRequest;
        const results = (continuationPoints ?? []).map((point) =>
          releaseContinuationPoints ? this.#rest.release(point) : this.#rest.next(point),
        );
        return new BrowseNextResponse({ results });
      }
      case "TranslateBrowsePathsToNodeIdsRequest": {
        const { browsePaths } = decoded(TranslateBrowsePathsToNodeIdsRequest, given);
        const results = await Promise.all(
          (browsePaths ?? []).map((path) => this.#translate(path, timeoutMs)),
        );
        return new TranslateBrowsePathsToNodeIdsResponse({ results });
      }
      case "CallRequest": {
        const { methodsToCall } = decoded(CallRequest, given);
        const statusCode = StatusCodes.BadMethodInvalid;
        return new CallResponse({
          results: (methodsToCall ?? []).map(() => new CallMethodResult({ statusCode })),
        });
      }
      default:
        return this.#subscriptionService(name, given, timeoutMs);
    }
  }

  async #subscriptionService(
    name: string,
    given: ServiceRequest,
    timeoutMs: number,
  ): Promise<ServiceResponse> {
    switch (name) {
      case "CreateSubscriptionRequest":
        return this.#create(given as unknown as CreateSubscriptionRequest, timeoutMs);
      case "ModifySubscriptionRequest": {
        const request = given as unknown as ModifySubscriptionRequest;
        const rateMs = await this.#of(request.subscriptionId).setRate(
          request.requestedPublishingInterval,
          timeoutMs,
        );
        return new ModifySubscriptionResponse({
          revisedPublishingInterval: rateMs,
          revisedLifetimeCount: request.requestedLifetimeCount,
          revisedMaxKeepAliveCount: request.requestedMaxKeepAliveCount,
        });
      }
      case "SetPublishingModeRequest": {
        const { publishingEnabled, subscriptionIds } = given as unknown as SetPublishingModeRequest;
        const ids = [...(subscriptionIds ?? [])];
        for (const id of ids) await this.#subscriptions.get(id)?.setEnabled(publishingEnabled, timeoutMs);
        return new SetPublishingModeResponse({ results: ids.map((id) => this.#statusOf(id)) });
      }
      case "DeleteSubscriptionsRequest": {
        const ids = [...((given as unknown as DeleteSubscriptionsRequest).subscriptionIds ?? [])];
        const results = ids.map((id) => this.#statusOf(id));
        for (const id of ids) {
          const subscription = this.#subscriptions.get(id);
          this.#subscriptions.delete(id);
          await subscription?.remove(timeoutMs);
        }
        return new DeleteSubscriptionsResponse({ results });
      }
      case "CreateMonitoredItemsRequest": {
        const { subscriptionId, itemsToCreate } = decoded(CreateMonitoredItemsRequest, given);
        const results = await this.#of(subscriptionId).createItems(itemsToCreate ?? [], timeoutMs);
        return new CreateMonitoredItemsResponse({ results });
      }
      case "ModifyMonitoredItemsRequest": {
        const { subscriptionId, itemsToModify } = decoded(ModifyMonitoredItemsRequest, given);
        return new ModifyMonitoredItemsResponse({
          results: this.#of(subscriptionId).modifyItems(itemsToModify ?? []),
        });
      }
      case "DeleteMonitoredItemsRequest": {
        const { subscriptionId, monitoredItemIds } = decoded(DeleteMonitoredItemsRequest, given);
        const results = await this.#of(subscriptionId).deleteItems([...(monitoredItemIds ?? [])], timeoutMs);
        return new DeleteMonitoredItemsResponse({ results: results.map((each) => coerceStatusCode(each)) });
      }
      case "SetMonitoringModeRequest": {
        const { subscriptionId, monitoredItemIds, monitoringMode } = decoded(SetMonitoringModeRequest, given);
        const ids = [...(monitoredItemIds ?? [])];
        const results = await this.#of(subscriptionId).setMode(ids, monitoringMode, timeoutMs);
        return new SetMonitoringModeResponse({ results: results.map((each) => coerceStatusCode(each)) });
      }
      default:
        throw new ServiceError(
          "SERVICE_UNSUPPORTED",
          StatusCodes.BadServiceUnsupported,
          `${name} is not carried`,
        );
    }
  }

  async #create(request: CreateSubscriptionRequest, timeoutMs: number): Promise<ServiceResponse> {
    this.#lastSubscriptionId += 1;
    const id = this.#lastSubscriptionId;
    const created = new DaSubscription(this.#server, id, request.publishingEnabled);
    this.#subscriptions.set(id, created);
    try {
      const rateMs = await created.create(request.requestedPublishingInterval, timeoutMs);
      return new CreateSubscriptionResponse({
        subscriptionId: id,
        revisedPublishingInterval: rateMs,
        revisedLifetimeCount: request.requestedLifetimeCount,
        revisedMaxKeepAliveCount: request.requestedMaxKeepAliveCount,
      });
    } catch (error) {
      this.#subscriptions.delete(id);
      throw error;
    }
  }

  #of(id: number): DaSubscription {
    const subscription = this.#subscriptions.get(id);
    if (subscription) return subscription;
    const text = `there is no subscription ${id}`;
    throw new ServiceError("SUBSCRIPTION_UNKNOWN", StatusCodes.BadSubscriptionIdInvalid, text);
  }

  #statusOf(id: number) {
    return this.#subscriptions.has(id) ? StatusCodes.Good : StatusCodes.BadSubscriptionIdInvalid;
  }

  async #write({ nodesToWrite }: WriteRequest, timeoutMs: number): Promise<ServiceResponse> {
    const asked = nodesToWrite ?? [];
    const results = asked.map(() => StatusCodes.BadNotWritable as ReturnType<typeof coerceStatusCode>);
    const writes = asked.flatMap(({ nodeId, attributeId, value }, index) => {
      const node = daNodeOf(nodeId);
      if (node?.kind !== "item" || attributeId !== valueAttributeId) return [];
      return { index, itemId: node.itemId, value };
    });
    const written = await this.#items.write(writes, timeoutMs);
    writes.forEach(({ index }, place) => {
      results[index] = written[place] ?? StatusCodes.BadUnexpectedError;
    });
    return new WriteResponse({ results });
  }

  async #browse(
    { nodesToBrowse, requestedMaxReferencesPerNode }: BrowseRequest,
    timeoutMs: number,
  ): Promise<ServiceResponse> {
    const results = await Promise.all(
      (nodesToBrowse ?? []).map(async ({ nodeId, browseDirection, nodeClassMask, referenceTypeId }) => {
        const children = await this.#space.children(nodeId, timeoutMs);
        if (!children) return new BrowseResult({ statusCode: StatusCodes.BadNodeIdUnknown });
        const references = children.filter(
          (each) =>
            browseDirection !== inverse &&
            (nodeClassMask === 0 || (nodeClassMask & each.nodeClass) !== 0) &&
            isOfType(referenceTypeId, each.referenceTypeId),
        );
        return this.#rest.begin(references, requestedMaxReferencesPerNode);
      }),
    );
    return new BrowseResponse({ results });
  }

  async #translate({ startingNode, relativePath }: BrowsePath, timeoutMs: number): Promise<BrowsePathResult> {
    let nodeId: NodeId = startingNode;
    for (const { targetName, isInverse } of relativePath.elements ?? []) {
      const children = isInverse ? [] : await this.#space.children(nodeId, timeoutMs);
      const found = children?.find(
        ({ browseName }) =>
          browseName.name === targetName.name && browseName.namespaceIndex === targetName.namespaceIndex,
      );
      if (!found) return new BrowsePathResult({ statusCode: StatusCodes.BadNoMatch });
      nodeId = found.nodeId;
    }
    const targets = [{ targetId: nodeId as never, remainingPathIndex: 0xffff_ffff }];
    return new BrowsePathResult({ statusCode: StatusCodes.Good, targets });
  }
}

const valueAttributeId = 13;
const inverse = 1;
/** References, HierarchicalReferences, HasChild, Aggregates: what a client may ask for to get our references. */
const supertypes: ReadonlySet<unknown> = new Set([0, 31, 33]);
const aggregates: ReadonlySet<unknown> = new Set([34, 44]);
const organizes = 35;

function isOfType(asked: NodeId | null, reference: NodeId): boolean {
  if (asked?.namespace !== 0) return asked === null;
  if (supertypes.has(asked.value) || asked.value === reference.value) return true;
  return aggregates.has(asked.value) && reference.value !== organizes;
}

interface Message {
  decode(stream: BinaryStream): void;
}

const requestHeader = encoded(new RequestHeader());
const responseHeaderSize = encoded(new ResponseHeader()).length;

function encoded(message: { encode(stream: BinaryStream): void; binaryStoreSize(): number }): Buffer {
  const stream = new BinaryStream(message.binaryStoreSize());
  message.encode(stream);
  return Buffer.from(stream.buffer.subarray(0, stream.length));
}

/** A request as node-opcua's class for it, also where only its bytes came. Throws RangeError when malformed. */
function decoded<R extends Message>(Message: new () => R, request: ServiceRequest): R {
  if (!(request instanceof RawRequest)) return request as unknown as R;
  const message = new Message();
  message.decode(new BinaryStream(Buffer.concat([requestHeader, request.body])));
  return message;
}

/** Responses of the raw services are expected as bytes. */
function asRaw(response: ServiceResponse | PublishResponse): ServiceResponse {
  const service = response.schema.name.replace(/Response$/, "");
  if (!rawNames.has(service)) return response as ServiceResponse;
  response.responseHeader = new ResponseHeader() as never;
  const bytes = encoded(response as never);
  return rawResponse(service as RawService, bytes.subarray(responseHeaderSize));
}

function serviceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  return new ServiceError("SERVICE_FAULT", StatusCodes.BadUnexpectedError, detailOf(error), {
    cause: error,
  });
}
