import { PassThrough } from "node:stream";
import { hresult } from "../../../src/opc/da/mapping/hresult.ts";
import { filetimeOfUnixMs } from "../../../src/opc/da/mapping/time.ts";
import type { Helper, HelperStarter } from "../../../src/opc/da/upstream/helper.ts";
import { WireConnection } from "../../../src/opc/da/upstream/wire-connection.ts";
import { FrameSplitter } from "../../../src/opc/da/wire/frame.ts";
import {
  type DecodedRequest,
  decodeRequest,
  encodeEvent,
  encodeFailure,
  encodeResponse,
} from "../../../src/opc/da/wire/message-codec.ts";
import { type RequestBody, requests } from "../../../src/opc/da/wire/requests.ts";
import { Values } from "../../../src/opc/da/wire/values.ts";
import { varType } from "../../../src/opc/da/wire/var-type.ts";
import { emptyVariant, scalar, type Variant } from "../../../src/opc/da/wire/variant.ts";

interface PlayedItem {
  readonly itemId: string;
  active: boolean;
}

interface PlayedGroup {
  active: boolean;
  readonly items: Map<number, PlayedItem>;
}

interface Sample {
  readonly value: Variant;
  readonly quality: number;
  readonly filetime: bigint;
}

const startMs = Date.UTC(2026, 0, 1);

/**
 * An OPC DA server as a test plays it: every helper process that the broker starts for it is a connection of
 * the real wire protocol. Items exist by being asked for, unless their id begins with `none`.
 */
export class PlayedServer implements HelperStarter {
  readonly name: string;
  readonly connections = new Set<PlayedConnection>();
  /** Requests of all connections, by name, in order. */
  readonly log: string[] = [];
  readonly samples = new Map<string, Sample>();
  readonly writes: { readonly itemId: string; readonly value: Variant }[] = [];
  state = 1;
  isDown = false;
  /** Requests of these names are never answered. */
  readonly hangs = new Set<string>();
  #started = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Helper processes started so far. */
  get started(): number {
    return this.#started;
  }

  async start(): Promise<Helper> {
    this.#started += 1;
    const toServer = new PassThrough();
    const toBroker = new PassThrough();
    const connection = new PlayedConnection(this, toServer, toBroker);
    this.connections.add(connection);
    const streams = { input: toBroker, output: toServer, end: () => connection.end() };
    return WireConnection.open(streams, { leg: "helper", program: "test", timeoutMs: 1000 });
  }

  /** As a killed server: every call that comes or is open fails, every connection tells of it. */
  kill(): void {
    this.isDown = true;
    for (const connection of [...this.connections]) connection.serverLost();
  }

  revive(): void {
    this.isDown = false;
  }

  shutDown(): void {
    for (const connection of this.connections) connection.shutdown();
  }

  sample(itemId: string): Sample {
    return (
      this.samples.get(itemId) ?? {
        value: scalar(varType.i4, 0),
        quality: 0xc0,
        filetime: filetimeOfUnixMs(startMs),
      }
    );
  }

  /** New values at a time in ms since the test's beginning; groups that watch them are told at once. */
  set(values: Readonly<Record<string, number>>, atMs: number, quality = 0xc0): void {
    const filetime = filetimeOfUnixMs(startMs + atMs);
    for (const [itemId, value] of Object.entries(values)) {
      this.samples.set(itemId, { value: scalar(varType.i4, value), quality, filetime });
    }
    for (const connection of this.connections) connection.tell(new Set(Object.keys(values)));
  }
}

class PlayedConnection {
  readonly #server: PlayedServer;
  readonly #input: PassThrough;
  readonly #output: PassThrough;
  readonly #splitter = new FrameSplitter();
  readonly #servers = new Map<number, Map<number, PlayedGroup>>();

  constructor(server: PlayedServer, input: PassThrough, output: PassThrough) {
    this.#server = server;
    this.#input = input;
    this.#output = output;
    input.on("data", (chunk: Buffer) => {
      for (const frame of this.#splitter.push(chunk)) this.#take(decodeRequest(frame), frame.correlation);
    });
  }

  end(): void {
    this.#server.connections.delete(this);
    this.#input.destroy();
    this.#output.destroy();
  }

  serverLost(): void {
    for (const server of this.#servers.keys()) {
      const error = hresult.RPC_S_SERVER_UNAVAILABLE;
      this.#output.write(encodeEvent("serverLost", { server, error, detail: "the server process ended" }));
    }
    this.#servers.clear();
  }

  shutdown(): void {
    for (const server of this.#servers.keys()) {
      this.#output.write(encodeEvent("shutdown", { server, reason: "going down" }));
    }
  }

  tell(itemIds: ReadonlySet<string>): void {
    for (const [server, groups] of this.#servers) {
      for (const [group, { active, items }] of groups) {
        const changed = [...items].filter(([, item]) => item.active && itemIds.has(item.itemId));
        if (active && changed.length > 0) this.#send(server, group, changed, 0);
      }
    }
  }

  #send(
    server: number,
    group: number,
    items: readonly (readonly [number, PlayedItem])[],
    transaction: number,
  ): void {
    this.#output.write(
      encodeEvent("dataChange", {
        server,
        group,
        transaction,
        masterQuality: 0,
        masterError: 0,
        items: Uint32Array.from(items, ([item]) => item),
        ...this.#states(items.map(([, { itemId }]) => itemId)),
      }),
    );
  }

  #states(itemIds: readonly string[]) {
    const samples = itemIds.map((itemId) => this.#server.sample(itemId));
    return {
      errors: new Int32Array(itemIds.length),
      qualities: Uint16Array.from(samples, ({ quality }) => quality),
      timestamps: BigUint64Array.from(samples, ({ filetime }) => filetime),
      values: Values.of(samples.map(({ value }) => value)),
    };
  }

  #take(request: DecodedRequest, correlation: number): void {
    const { name } = request;
    this.#server.log.push(name);
    if (this.#server.hangs.has(name)) return;
    const isGone = this.#server.isDown && name !== "hello";
    const answer = isGone ? null : this.#answer(request);
    if (answer === null) {
      const error = isGone ? hresult.RPC_S_SERVER_UNAVAILABLE : hresult.E_NOTIMPL;
      this.#output.write(encodeFailure(requests[name].type, correlation, error, null));
      return;
    }
    this.#output.write(encodeResponse(name, correlation, 0, answer.body as never));
    answer.after?.();
  }

  #answer({ name, body }: DecodedRequest): { readonly body: unknown; readonly after?: () => void } | null {
    switch (name) {
      case "hello":
        return { body: { major: 1, minor: 0, processId: 1, program: this.#server.name } };
      case "openServer":
        this.#servers.set((body as RequestBody<"openServer">).server, new Map());
        return { body: { clsid: "{00000000-0000-0000-0000-000000000001}", interfaces: 63 } };
      case "closeServer":
        this.#servers.delete((body as RequestBody<"closeServer">).server);
        return { body: {} };
      case "getStatus":
        return {
          body: {
            startTime: 1n,
            currentTime: 2n,
            lastUpdateTime: 2n,
            state: this.#server.state,
            groupCount: 0,
            bandwidth: 0,
            majorVersion: 1,
            minorVersion: 2,
            buildNumber: 3,
            vendorInfo: this.#server.name,
          },
        };
      case "setClientName":
      case "setLocale":
      case "setDatatypes":
        return { body: {} };
      case "browseAddressSpace": {
        const { path, browseType } = body as RequestBody<"browseAddressSpace">;
        if (path.length > 0) return { body: { names: browseType === 2 ? ["deep"] : [] } };
        return { body: { names: browseType === 2 ? [...this.#server.samples.keys()] : ["Folder/1"] } };
      }
      case "getItemIds": {
        const { path, names } = body as RequestBody<"getItemIds">;
        const itemIds = names.map((each) => [...path, each].join("."));
        return { body: { errors: new Int32Array(names.length), itemIds } };
      }
      case "readItemIds": {
        const { itemIds } = body as RequestBody<"readItemIds">;
        return { body: this.#states(itemIds) };
      }
      case "writeItemIds": {
        const { itemIds, values } = body as RequestBody<"writeItemIds">;
        const variants = values.toArray();
        itemIds.forEach((itemId, index) => {
          this.#server.writes.push({ itemId, value: variants[index] ?? emptyVariant });
        });
        return { body: { errors: new Int32Array(itemIds.length) } };
      }
      default:
        return this.#groupAnswer(name, body);
    }
  }

  #groupAnswer(name: string, body: unknown): { readonly body: unknown; readonly after?: () => void } | null {
    const { server, group } = body as { readonly server: number; readonly group: number };
    const groups = this.#servers.get(server);
    if (!groups) return null;
    if (name === "addGroup") {
      groups.set(group, { active: (body as RequestBody<"addGroup">).active, items: new Map() });
      return { body: { updateRateMs: 100, keepAliveMs: 0 } };
    }
    const known = groups.get(group);
    if (!known) return null;
    const first = (chosen: readonly (readonly [number, PlayedItem])[]) => () => {
      const active = chosen.filter(([, item]) => item.active);
      if (known.active && active.length > 0) this.#send(server, group, active, 0);
    };
    switch (name) {
      case "removeGroup":
        groups.delete(group);
        return { body: {} };
      case "setGroupState": {
        const was = known.active;
        known.active = (body as RequestBody<"setGroupState">).active;
        const after = known.active && !was ? first([...known.items]) : undefined;
        return { body: { updateRateMs: 100, keepAliveMs: 0 }, ...(after && { after }) };
      }
      case "validateItems": {
        const { items } = body as RequestBody<"validateItems">;
        return {
          body: {
            errors: Int32Array.from(items, ({ itemId }) =>
              itemId.startsWith("none") ? hresult.OPC_E_UNKNOWNITEMID : 0,
            ),
            canonicalTypes: new Uint16Array(items.length).fill(varType.i4),
            accessRights: new Uint32Array(items.length).fill(3),
          },
        };
      }
      case "addItems": {
        const { items } = body as RequestBody<"addItems">;
        const errors = items.map(({ itemId }) =>
          itemId.startsWith("none") ? hresult.OPC_E_UNKNOWNITEMID : 0,
        );
        const added: (readonly [number, PlayedItem])[] = [];
        items.forEach(({ item, itemId, active }, index) => {
          if (errors[index] !== 0) return;
          const played = { itemId, active };
          known.items.set(item, played);
          added.push([item, played]);
        });
        return {
          body: {
            errors: Int32Array.from(errors),
            canonicalTypes: new Uint16Array(items.length).fill(varType.i4),
            accessRights: new Uint32Array(items.length).fill(3),
          },
          after: first(added),
        };
      }
      case "removeItems": {
        const { items } = body as RequestBody<"removeItems">;
        for (const item of items) known.items.delete(item);
        return { body: { errors: new Int32Array(items.length) } };
      }
      case "setItemsActive": {
        const { items, active } = body as RequestBody<"setItemsActive">;
        const changed: (readonly [number, PlayedItem])[] = [];
        for (const item of items) {
          const played = known.items.get(item);
          if (!played) continue;
          played.active = active;
          changed.push([item, played]);
        }
        return { body: { errors: new Int32Array(items.length) }, after: first(changed) };
      }
      case "read": {
        const { items } = body as RequestBody<"read">;
        return { body: this.#states([...items].map((item) => known.items.get(item)?.itemId ?? "")) };
      }
      case "write": {
        const { items, values } = body as RequestBody<"write">;
        const variants = values.toArray();
        items.forEach((item, index) => {
          const itemId = known.items.get(item)?.itemId ?? "";
          this.#server.writes.push({ itemId, value: variants[index] ?? emptyVariant });
        });
        return { body: { errors: new Int32Array(items.length) } };
      }
      case "refresh": {
        const { transaction } = body as RequestBody<"refresh">;
        return { body: {}, after: () => this.#send(server, group, [...known.items], transaction) };
      }
      default:
        return null;
    }
  }
}
