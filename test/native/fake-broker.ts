import { randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Frame, FrameSplitter, kindOfFrame } from "../../src/opc/da/wire/frame.ts";
import {
  type DecodedRequest,
  decodeRequest,
  encodeEvent,
  encodeFailure,
  encodeResponse,
} from "../../src/opc/da/wire/message-codec.ts";
import type { RequestBody, RequestName, ResponseBody } from "../../src/opc/da/wire/requests.ts";
import { Values } from "../../src/opc/da/wire/values.ts";
import { scalar, type Variant } from "../../src/opc/da/wire/variant.ts";

const accessDenied = 0x80070005 | 0;
const classNotRegistered = 0x80040154 | 0;
const unknownItemId = 0xc0040007 | 0;
const invalidHandle = 0xc0040001 | 0;
const notImplemented = 0x80004001 | 0;
const good = 0xc0;

interface FakeItem {
  readonly itemId: string;
  active: boolean;
}

interface FakeGroup {
  active: boolean;
  updateRateMs: number;
  readonly items: Map<number, FakeItem>;
  timer: NodeJS.Timeout;
}

/** Every request that arrived, for tests to look at. */
export interface Seen {
  readonly name: RequestName;
  readonly body: unknown;
}

/**
 * A broker for tests of the proxy alone, without members: items `RampN` count the broker's ticks, `Text` is a string,
 * `Written.*` keeps what is written to it; other item ids are unknown. Loopback TCP with a token.
 */
export class FakeBroker extends EventEmitter {
  readonly token = randomBytes(16).toString("hex");
  readonly seen: Seen[] = [];
  /** Names of requests that are never answered. */
  readonly ignored = new Set<RequestName>();
  /** Counted by every timer of every group; what the ramps show. */
  ticks = 0;
  interfaces = 63;
  target = "Test.Server.1";
  /** A program whose connections are refused. */
  refusedProgram: string | null = null;
  /** What becomes of each frame on its way to a client; null = nothing happens to it. */
  mangle: ((frame: Buffer) => Buffer) | null = null;
  readonly #written = new Map<string, Variant>();
  readonly #connections = new Set<FakeConnection>();
  #server: Server | undefined;
  #port = 0;

  get port(): number {
    return this.#port;
  }
  get endpoint(): string {
    return `tcp:127.0.0.1:${this.#port}`;
  }
  get connectionCount(): number {
    return this.#connections.size;
  }
  get written(): Map<string, Variant> {
    return this.#written;
  }

  /** Listens; on the port it had before, if any. */
  async start(): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => {
      const connection = new FakeConnection(this, socket);
      this.#connections.add(connection);
      socket.once("close", () => {
        this.#connections.delete(connection);
        connection.end();
        this.emit("gone");
      });
    });
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Ends every connection at once, as a killed broker does. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    for (const connection of this.#connections) connection.socket.destroy();
    await closed;
  }

  /** Tells every client that the server goes. */
  shutdown(reason: string): void {
    for (const { socket } of this.#connections) socket.write(encodeEvent("shutdown", { server: 1, reason }));
  }

  /** Sends bytes as they are to every client. */
  sendRaw(bytes: Buffer): void {
    for (const { socket } of this.#connections) socket.write(bytes);
  }

  /** Programs that connected, in order. */
  programs(): string[] {
    const hellos = this.seen.filter(({ name }) => name === "hello");
    return hellos.map(({ body }) => (body as RequestBody<"hello">).program);
  }

  count(name: RequestName): number {
    return this.seen.filter((each) => each.name === name).length;
  }
}

class FakeConnection {
  readonly socket: Socket;
  readonly #broker: FakeBroker;
  readonly #splitter = new FrameSplitter();
  readonly #groups = new Map<number, FakeGroup>();
  #isGreeted = false;

  constructor(broker: FakeBroker, socket: Socket) {
    this.#broker = broker;
    this.socket = socket;
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      for (const frame of this.#splitter.push(chunk))
        if (kindOfFrame(frame.type) === "request") this.#take(frame);
    });
  }

  #send(frame: Buffer): void {
    this.socket.write(this.#broker.mangle?.(frame) ?? frame);
  }

  end(): void {
    for (const { timer } of this.#groups.values()) clearInterval(timer);
    this.#groups.clear();
  }

  #take(frame: Frame): void {
    const request = decodeRequest(frame);
    this.#broker.seen.push({ name: request.name, body: request.body });
    this.#broker.emit("request", request.name);
    if (this.#broker.ignored.has(request.name)) return;
    const failure = this.#refusal(request);
    if (failure !== 0) this.#send(encodeFailure(frame.type, frame.correlation, failure, null));
    else this.#answer(frame, request);
  }

  #refusal({ name, body }: DecodedRequest): number {
    if (name !== "hello") return this.#isGreeted ? 0 : accessDenied;
    const hello = body as RequestBody<"hello">;
    if (hello.token !== this.#broker.token) return accessDenied;
    if (hello.target !== this.#broker.target) return classNotRegistered;
    if (hello.program === this.#broker.refusedProgram) return accessDenied;
    this.#isGreeted = true;
    return 0;
  }

  #answer(frame: Frame, request: DecodedRequest): void {
    const send = <N extends RequestName>(name: N, body: ResponseBody<N>) =>
      this.#send(encodeResponse(name, frame.correlation, 0, body));
    const as = <N extends RequestName>(_name: N) => request.body as RequestBody<N>;
    const states = (ids: readonly (string | undefined)[]) => this.#states(ids);
    switch (request.name) {
      case "hello":
        send("hello", { major: 1, minor: 0, processId: process.pid, program: "fake broker" });
        break;
      case "openServer":
        send("openServer", {
          clsid: "{00000000-0000-0000-0000-000000000001}",
          interfaces: this.#broker.interfaces,
        });
        break;
      case "getStatus":
        send("getStatus", {
          startTime: now(),
          currentTime: now(),
          lastUpdateTime: now(),
          state: 1,
          groupCount: this.#groups.size,
          bandwidth: 0,
          majorVersion: 3,
          minorVersion: 1,
          buildNumber: 4,
          vendorInfo: "fake",
        });
        break;
      case "addGroup": {
        const { group, active, updateRateMs } = as("addGroup");
        const revised = Math.max(updateRateMs, 10);
        const timer = setInterval(() => {
          this.#broker.ticks++;
          this.#tick(group);
        }, revised);
        this.#groups.set(group, { active, updateRateMs: revised, items: new Map(), timer });
        send("addGroup", { updateRateMs: revised, keepAliveMs: 0 });
        break;
      }
      case "removeGroup": {
        const { group } = as("removeGroup");
        clearInterval(this.#groups.get(group)?.timer);
        this.#groups.delete(group);
        send("removeGroup", {});
        break;
      }
      case "setGroupState": {
        const body = as("setGroupState");
        const group = this.#groups.get(body.group);
        if (group && (body.change & 2) !== 0) group.active = body.active;
        send("setGroupState", { updateRateMs: body.updateRateMs, keepAliveMs: body.keepAliveMs });
        break;
      }
      case "addItems":
      case "validateItems": {
        const { group, items } = as("addItems");
        const errors = items.map(({ itemId }) => (this.#value(itemId) ? 0 : unknownItemId));
        if (request.name === "addItems") {
          items.forEach(({ item, itemId, active }, index) => {
            if (errors[index] === 0) this.#groups.get(group)?.items.set(item, { itemId, active });
          });
        }
        send(request.name, {
          errors: Int32Array.from(errors),
          canonicalTypes: Uint16Array.from(items, ({ itemId }) => this.#value(itemId)?.type ?? 0),
          accessRights: Uint32Array.from(items, () => 3),
        });
        this.#tick(group);
        break;
      }
      case "removeItems": {
        const { group, items } = as("removeItems");
        for (const item of items) this.#groups.get(group)?.items.delete(item);
        send("removeItems", { errors: new Int32Array(items.length) });
        break;
      }
      case "setItemsActive": {
        const { group, items, active } = as("setItemsActive");
        for (const item of items) {
          const known = this.#groups.get(group)?.items.get(item);
          if (known) known.active = active;
        }
        send("setItemsActive", { errors: new Int32Array(items.length) });
        break;
      }
      case "setDatatypes":
        send("setDatatypes", { errors: new Int32Array(as("setDatatypes").items.length) });
        break;
      case "read": {
        const { group, items } = as("read");
        send("read", states([...items].map((item) => this.#groups.get(group)?.items.get(item)?.itemId)));
        break;
      }
      case "write": {
        const { group, items, values } = as("write");
        const given = values.toArray();
        const errors = [...items].map((item, index) => {
          const itemId = this.#groups.get(group)?.items.get(item)?.itemId;
          const value = given[index];
          if (itemId === undefined || value === undefined) return invalidHandle;
          this.#broker.written.set(itemId, value);
          return 0;
        });
        send("write", { errors: Int32Array.from(errors) });
        break;
      }
      case "refresh": {
        const { group, transaction } = as("refresh");
        send("refresh", {});
        this.#tick(group, transaction);
        break;
      }
      case "readItemIds":
        send("readItemIds", states(as("readItemIds").itemIds));
        break;
      case "browseAddressSpace": {
        const { path, browseType } = as("browseAddressSpace");
        const isRoot = path.length === 0;
        if (browseType === 1) {
          send("browseAddressSpace", { names: isRoot ? ["Ramp"] : [] });
          break;
        }
        send("browseAddressSpace", { names: isRoot ? ["Text"] : ["Ramp0", "Ramp1", "Ramp2"] });
        break;
      }
      case "getItemIds": {
        const { names } = as("getItemIds");
        send("getItemIds", { errors: new Int32Array(names.length), itemIds: names });
        break;
      }
      case "queryOrganization":
        send("queryOrganization", { organization: 1 });
        break;
      case "ping":
        send("ping", {});
        break;
      case "cancel":
        send("cancel", {});
        break;
      case "setLocale":
        send("setLocale", {});
        break;
      case "setClientName":
        send("setClientName", {});
        break;
      case "closeServer":
        send("closeServer", {});
        break;
      default:
        this.#send(encodeFailure(frame.type, frame.correlation, notImplemented, null));
    }
  }

  #value(itemId: string): Variant | undefined {
    if (/^Ramp\d+$/.test(itemId)) return scalar(5, this.#broker.ticks + Number(itemId.slice(4)));
    if (itemId === "Text") return scalar(8, "some text");
    if (itemId.startsWith("Written.")) return this.#broker.written.get(itemId) ?? scalar(3, 0);
    return undefined;
  }

  #states(itemIds: readonly (string | undefined)[]) {
    const found = itemIds.map((itemId) => (itemId === undefined ? undefined : this.#value(itemId)));
    return {
      errors: Int32Array.from(found, (value) => (value ? 0 : invalidHandle)),
      qualities: Uint16Array.from(found, (value) => (value ? good : 0)),
      timestamps: BigUint64Array.from(found, (value) => (value ? now() : 0n)),
      values: Values.of(found.map((value) => value ?? scalar(0, null))),
    };
  }

  #tick(handle: number, transaction = 0): void {
    const group = this.#groups.get(handle);
    if (!group?.active) return;
    const active = [...group.items].filter(([, { active }]) => active);
    if (active.length === 0) return;
    this.#send(
      encodeEvent("dataChange", {
        server: 1,
        group: handle,
        transaction,
        masterQuality: 0,
        masterError: 0,
        items: Uint32Array.from(active, ([item]) => item),
        ...this.#states(active.map(([, { itemId }]) => itemId)),
      }),
    );
  }
}

/** 100 ns intervals since 1601. */
function now(): bigint {
  return BigInt(Date.now()) * 10000n + 116444736000000000n;
}
