import {
  coerceStatusCode,
  DataValue,
  type NodeId,
  ServerState,
  type ServerStatusDataType,
  StatusCodes,
} from "node-opcua";
import { hresult, hresultText } from "../../da/mapping/hresult.ts";
import { hresultOfStatus } from "../../da/mapping/hresult-status.ts";
import { statusOfQuality } from "../../da/mapping/quality.ts";
import { jsDateOfTicks, ticksOfJsDate } from "../../da/mapping/time.ts";
import { groupChange } from "../../da/relay/leg-group.ts";
import { serverState } from "../../da/relay/server-services.ts";
import {
  type DaServer,
  type DataChange,
  type ServerRequest,
  serverInterfaces,
} from "../../da/upstream/da-server.ts";
import type { Outcome } from "../../da/wire/message-codec.ts";
import type { RequestBody, ResponseBody } from "../../da/wire/requests.ts";
import type { Variant } from "../../da/wire/variant.ts";
import { PublishPump } from "../relay/publish-pump.ts";
import { readValues } from "../upstream/server-object.ts";
import { ServiceError, type UpstreamSession } from "../upstream/upstream-session.ts";
import type { PublishBody } from "../wire/publish.ts";
import { browse, browseAddressSpace, itemIdsOf } from "./browse.ts";
import { anyAgeMs, nodeIdOf, readAttributes, valueAttribute, writeValues } from "./calls.ts";
import { getItemProperties, queryProperties } from "./properties.ts";
import { UaGroup } from "./ua-group.ts";
import { errorOf, type ItemValue, type NodeType, nodeTypeOf, statesOf, writableValue } from "./values.ts";

const serverStatusNode = "i=2256";
const englishLocale = 0x0409;
const closeTimeoutMs = 1000;

const states: Readonly<Partial<Record<ServerState, number>>> = Object.freeze({
  [ServerState.Running]: serverState.running,
  [ServerState.Failed]: serverState.failed,
  [ServerState.NoConfiguration]: serverState.noConfiguration,
  [ServerState.Suspended]: serverState.suspended,
  [ServerState.Shutdown]: serverState.suspended,
  [ServerState.Test]: serverState.test,
});

/** Bits of a Write's `given`. */
const givenQuality = 1;
const givenTimestamp = 2;

type ServerCall = {
  readonly [N in ServerRequest]: { readonly name: N; readonly body: RequestBody<N> };
}[ServerRequest];

/**
 * A session on an OPC UA server that looks like an OPC DA server object (OPC 10000-8, A.4): groups are
 * subscriptions, item ids are NodeIds in text form. Of a group's time bias an OPC UA server knows nothing: it is for the
 * client's own use, which is given it back as it set it (OPC DA 3.0, 4.5.1).
 */
export class UaAsDaServer implements DaServer {
  readonly clsid = "{00000000-0000-0000-0000-000000000000}";
  readonly interfaces =
    serverInterfaces.common |
    serverInterfaces.browseServerAddressSpace |
    serverInterfaces.itemProperties |
    serverInterfaces.browse |
    serverInterfaces.itemIo;
  onDataChange: ((change: DataChange) => void) | null = null;
  onShutdown: ((reason: string | null) => void) | null = null;
  onLost: ((detail: string) => void) | null = null;
  readonly #session: UpstreamSession;
  readonly #groups = new Map<number, UaGroup>();
  readonly #pump: PublishPump;

  constructor(session: UpstreamSession) {
    this.#session = session;
    session.onLost = (detail) => this.#lost(detail);
    this.#pump = new PublishPump(session, {
      received: (publish) => this.#received(publish),
      broken: (detail) => {
        session.abort();
        this.#lost(detail);
      },
    });
  }

  get isOpen(): boolean {
    return this.#session.isOpen;
  }

  async call<N extends ServerRequest>(
    name: N,
    body: RequestBody<N>,
    deadlineMs: number,
  ): Promise<Outcome<ResponseBody<N>>> {
    try {
      const answer = await this.#answer({ name, body } as unknown as ServerCall, deadlineMs);
      return (
        typeof answer === "number"
          ? { ok: false, result: answer, detail: null }
          : { ok: true, result: hresult.S_OK, body: answer }
      ) as Outcome<ResponseBody<N>>;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const { value } = error.statusCode;
      return { ok: false, result: hresultOfStatus(value, "read"), detail: error.message };
    }
  }

  async close(): Promise<void> {
    this.onLost = null;
    this.onDataChange = null;
    await this.#session.close();
  }

  abort(): void {
    this.onLost = null;
    this.onDataChange = null;
    this.#session.abort();
  }

  /** A failing HRESULT, or the body of the answer. @throws (rejects) ServiceError */
  async #answer({ name, body }: ServerCall, timeoutMs: number): Promise<unknown> {
    const session = this.#session;
    switch (name) {
      case "getStatus":
        return this.#status(timeoutMs);
      case "getErrorString":
        return { text: hresultText(body.error) };
      case "queryLocales":
        return { current: englishLocale, available: Uint32Array.of(englishLocale) };
      case "setLocale":
      case "setClientName":
        return {};
      case "addGroup":
        return this.#addGroup(body, timeoutMs);
      case "removeGroup":
        return this.#removeGroup(body.group, timeoutMs);
      case "setGroupState":
        return this.#inGroup(body.group, (group) => setState(group, body, timeoutMs));
      case "addItems":
        return this.#inGroup(body.group, (group) => group.addItems(body.items, true, timeoutMs));
      case "validateItems":
        return this.#inGroup(body.group, (group) => group.addItems(body.items, false, timeoutMs));
      case "removeItems":
        return this.#inGroup(body.group, async (group) => ({
          errors: await group.removeItems(body.items, timeoutMs),
        }));
      case "setItemsActive":
        return this.#inGroup(body.group, async (group) => ({
          errors: await group.setItemsActive(body.items, body.active, timeoutMs),
        }));
      case "setDatatypes":
        return this.#inGroup(body.group, async (group) => ({
          errors: group.setDatatypes(body.items, body.types),
        }));
      case "read":
        return this.#inGroup(body.group, (group) => {
          const nodes = [...body.items].map((item) => group.items.get(item)?.nodeId ?? null);
          const maxAgeMs = body.source === 1 ? anyAgeMs : body.source === 3 ? body.maxAgeMs : 0;
          const types = group.requestedTypesOf(body.items);
          return this.#read(nodes, hresult.OPC_E_INVALIDHANDLE, maxAgeMs, timeoutMs, types);
        });
      case "readItemIds":
        return this.#read(
          body.itemIds.map(nodeIdOf),
          hresult.OPC_E_INVALIDITEMID,
          Math.min(...body.maxAgesMs, anyAgeMs),
          timeoutMs,
        );
      case "write":
        return this.#inGroup(body.group, (group) => {
          const items = [...body.items].map((item) => group.items.get(item) ?? null);
          return this.#write(items, hresult.OPC_E_INVALIDHANDLE, body, timeoutMs);
        });
      case "writeItemIds":
        return this.#writeItemIds(body, timeoutMs);
      case "refresh":
        return this.#inGroup(body.group, (group) => this.#refresh(group, body, timeoutMs));
      case "browse":
        return browse(session, body, timeoutMs);
      case "browseAddressSpace":
        return browseAddressSpace(session, body, timeoutMs);
      case "queryOrganization":
        return { organization: 1 };
      case "getItemIds":
        return itemIdsOf(session, body, timeoutMs);
      case "browseAccessPaths":
        return { accessPaths: [] };
      case "queryProperties":
        return queryProperties(session, body.itemId, timeoutMs);
      case "getItemProperties":
        return getItemProperties(session, body.itemId, body.ids, timeoutMs);
      case "lookupItemIds":
        return {
          errors: new Int32Array(body.ids.length).fill(hresult.OPC_E_INVALID_PID),
          itemIds: new Array<null>(body.ids.length).fill(null),
        };
      case "getProperties":
        return hresult.E_NOTIMPL;
    }
  }

  async #status(timeoutMs: number): Promise<ResponseBody<"getStatus">> {
    const [value] = await readValues(this.#session, [serverStatusNode], timeoutMs);
    const status = value?.value.value as ServerStatusDataType | null;
    if (!status)
      throw new ServiceError(
        "SERVICE_FAULT",
        StatusCodes.BadUnexpectedError,
        "the server does not tell its status",
      );
    const ticks = (date: Date | null): bigint => (date ? ticksOfJsDate(date) : 0n);
    return {
      startTime: ticks(status.startTime),
      currentTime: ticks(status.currentTime),
      lastUpdateTime: ticks(status.currentTime),
      state: states[status.state] ?? serverState.communicationFault,
      groupCount: this.#groups.size,
      bandwidth: 0xffff_ffff,
      majorVersion: 1,
      minorVersion: 0,
      buildNumber: 0,
      vendorInfo: status.buildInfo.productName,
    };
  }

  async #addGroup(body: RequestBody<"addGroup">, timeoutMs: number): Promise<unknown> {
    if (this.#groups.has(body.group)) return hresult.E_INVALIDARG;
    const group = new UaGroup(this.#session, body.group, body.active, body.deadbandPercent);
    const updateRateMs = await group.create(body.updateRateMs, timeoutMs);
    this.#groups.set(body.group, group);
    this.#pump.setSubscriptionCount(this.#groups.size);
    return { updateRateMs, keepAliveMs: 0 };
  }

  async #removeGroup(handle: number, timeoutMs: number): Promise<unknown> {
    const group = this.#groups.get(handle);
    if (!group) return hresult.OPC_E_INVALIDHANDLE;
    this.#groups.delete(handle);
    this.#pump.setSubscriptionCount(this.#groups.size);
    await group.remove(Math.min(timeoutMs, closeTimeoutMs));
    return {};
  }

  async #inGroup(handle: number, operation: (group: UaGroup) => Promise<unknown>): Promise<unknown> {
    const group = this.#groups.get(handle);
    return group ? operation(group) : hresult.OPC_E_INVALIDHANDLE;
  }

  async #read(
    nodes: readonly (NodeId | null)[],
    unknown: number,
    maxAgeMs: number,
    timeoutMs: number,
    requestedTypes: readonly number[] = [],
  ): Promise<ResponseBody<"read">> {
    const asked = nodes.flatMap((nodeId) => (nodeId ? [valueAttribute(nodeId)] : []));
    const values = await readAttributes(this.#session, asked, maxAgeMs, timeoutMs);
    let next = 0;
    return statesOf(
      nodes.map(
        (nodeId): ItemValue => (nodeId ? (values[next++] ?? { error: hresult.E_FAIL }) : { error: unknown }),
      ),
      requestedTypes,
    );
  }

  async #write(
    items: readonly ({ readonly nodeId: NodeId; readonly type: NodeType } | null)[],
    unknown: number,
    body: Pick<RequestBody<"write">, "values" | "given" | "qualities" | "timestamps">,
    timeoutMs: number,
  ): Promise<ResponseBody<"write">> {
    const variants = body.values.toArray();
    const errors = new Int32Array(items.length).fill(unknown);
    const writes: { readonly index: number; readonly nodeId: NodeId; readonly value: DataValue }[] = [];
    items.forEach((item, index) => {
      const variant = variants[index];
      if (!item || !variant) return;
      const value = dataValueOf(variant, item.type, body, index);
      if (value instanceof DataValue) writes.push({ index, nodeId: item.nodeId, value });
      else errors[index] = value.error;
    });
    const results = await writeValues(this.#session, writes, timeoutMs);
    writes.forEach(({ index }, place) => {
      errors[index] = errorOf(results[place], "write");
    });
    return { errors };
  }

  async #writeItemIds(body: RequestBody<"writeItemIds">, timeoutMs: number): Promise<ResponseBody<"write">> {
    const nodes = body.itemIds.map(nodeIdOf);
    const asked = nodes.flatMap((nodeId) => (nodeId ? [valueAttribute(nodeId)] : []));
    const values = await readAttributes(this.#session, asked, anyAgeMs, timeoutMs);
    let next = 0;
    const items = nodes.map((nodeId) => (nodeId ? { nodeId, type: nodeTypeOf(values[next++]) } : null));
    return this.#write(items, hresult.OPC_E_INVALIDITEMID, body, timeoutMs);
  }

  async #refresh(group: UaGroup, body: RequestBody<"refresh">, timeoutMs: number): Promise<unknown> {
    const active = [...group.items].filter(([, item]) => item.active);
    const nodes = active.map(([, { nodeId }]) => valueAttribute(nodeId));
    const values = await readAttributes(this.#session, nodes, body.source === 1 ? anyAgeMs : 0, timeoutMs);
    // after the answer, as a callback is
    setImmediate(() =>
      this.onDataChange?.(
        group.change(
          active.map(([item]) => item),
          values,
          body.transaction,
        ),
      ),
    );
    return {};
  }

  #received(publish: PublishBody): void {
    if (publish.isKeepAlive) return;
    for (const group of this.#groups.values()) {
      if (group.subscriptionId !== publish.subscriptionId) continue;
      for (const change of group.changesIn(publish.notificationData)) this.onDataChange?.(change);
    }
  }

  #lost(detail: string): void {
    const { onLost } = this;
    this.onLost = null;
    onLost?.(detail);
  }
}

async function setState(
  group: UaGroup,
  body: RequestBody<"setGroupState">,
  timeoutMs: number,
): Promise<ResponseBody<"setGroupState">> {
  const isRate = (body.change & groupChange.rate) !== 0;
  const updateRateMs = isRate ? await group.setRate(body.updateRateMs, timeoutMs) : body.updateRateMs;
  if ((body.change & groupChange.deadband) !== 0) await group.setDeadband(body.deadbandPercent, timeoutMs);
  if ((body.change & groupChange.active) !== 0) await group.setActive(body.active, timeoutMs);
  return { updateRateMs, keepAliveMs: 0 };
}

function dataValueOf(
  variant: Variant,
  type: NodeType,
  { given, qualities, timestamps }: Pick<RequestBody<"write">, "given" | "qualities" | "timestamps">,
  index: number,
): DataValue | { readonly error: number } {
  const value = writableValue(variant, type);
  if ("error" in value) return value;
  const written = new DataValue({ value });
  const bits = given[index] ?? 0;
  if ((bits & givenQuality) !== 0) {
    written.statusCode = coerceStatusCode(statusOfQuality(qualities[index] ?? 0));
  }
  if ((bits & givenTimestamp) !== 0) written.sourceTimestamp = jsDateOfTicks(timestamps[index] ?? 0n);
  return written;
}
